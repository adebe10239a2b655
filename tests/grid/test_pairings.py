"""Second-level workers: households of their own, and nothing else of the grid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.moves import move_household
from grid.actions.pairings import end_pairing, move_pairings, pair_households
from grid.actions.work_items import VisitRequest, assign_work_item, open_work_items
from grid.models import Account, Household, HouseholdKind, Pairing, Person, WorkItem
from grid.pairings import helpers_in, unpaired
from grid.roles import Role
from grid.scope import STILL_OWN, forget_sight
from tests.grid.test_wall import behind_wall, raw_count
from tests.world import World, add_account, add_household, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()


@pytest.fixture
def mate(world: World) -> Account:
    """Another second-level worker of the same grid."""
    account = add_account("mate", "二级网格员乙")
    add_post(account, Role.GRID_WORKER_2, region=world.grid, seat=2)
    return account


def pair(world: World, *households: Household, worker: Account | None = None) -> int:
    return pair_households(
        acting=world.township_officer,
        worker=worker or world.worker_2,
        households=list(households) or [world.household],
    )


def item_for(household: Household) -> WorkItem:
    request = VisitRequest(
        household.pk, household.cell_id, "verify_alert", household.pk, "核实", "核实", 2, TODAY
    )
    open_work_items(acting=SYSTEM, requests=[request])
    return household.work_items.open().get()


def give(world: World, worker: Account) -> WorkItem:
    item = item_for(world.household)
    assign_work_item(
        acting=world.township_officer, item=item, assignee=worker, version_seen=item.version
    )
    forget_sight(worker)
    return WorkItem.objects.get(pk=item.pk)


# Sight


def test_grid_is_closed_to_its_second_level_worker(world: World) -> None:
    assert [world.worker_2.sees(m).count() for m in (Household, Person)] == [0, 0]


def test_paired_household_is_seen_with_its_people_and_no_other(world: World) -> None:
    add_household(
        world.grid, "104-207-0009", [("莫甲", "M", TODAY.replace(year=1970), "head")], serial=90
    )
    pair(world)
    assert list(world.worker_2.sees(Household)) == [world.household]
    assert world.worker_2.sees(Person).count() == 5


def test_household_of_a_given_visit_is_seen_until_a_week_after_it_is_closed(world: World) -> None:
    item = give(world, world.worker_2)
    assert list(world.worker_2.sees(WorkItem)) == [item]
    WorkItem.objects.filter(pk=item.pk).update(state="closed", closed_at=timezone.now())
    forget_sight(world.worker_2)
    assert world.worker_2.sees(Household).count() == 1
    long_ago = timezone.now() - STILL_OWN - timedelta(minutes=1)
    WorkItem.objects.filter(pk=item.pk).update(closed_at=long_ago)
    forget_sight(world.worker_2)
    assert world.worker_2.sees(Household).count() == 0


def test_wall_opens_the_same_households_as_the_door(world: World) -> None:
    pair(world)
    with behind_wall(world.worker_2):
        assert (raw_count("grid_household"), raw_count("grid_person")) == (1, 5)
        assert (raw_count("grid_pairing"), raw_count("grid_promise")) == (1, 0)
    with behind_wall(world.other_worker):
        assert raw_count("grid_pairing") == 0


def test_sight_is_read_on_a_connection_that_sees_nothing(
    world: World, signed_in: SignIn, settings: Any
) -> None:
    pair(world)
    settings.WALL_UP = True
    client = signed_in(world.worker_2)
    client.get("/households/")  # leaves the connection at rest, seeing nothing
    response = client.get(f"/households/{world.household.pk}/")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('yizhou.low', '', false), set_config('yizhou.high', '~', false)"
        )
    assert response.status_code == 200


def test_reading_own_households_leaves_the_wall_as_it_was(world: World) -> None:
    pair(world)
    with behind_wall(world.other_worker):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM grid_own_households(%s, %s, now())",
                [world.worker_2.pk, TODAY],
            )
            assert cursor.fetchone() == (1,)
        assert raw_count("grid_household") == 1


def test_household_that_moved_away_is_lost_from_sight(world: World) -> None:
    pair(world)
    move_household(
        acting=world.township_officer,
        household=world.household,
        version_seen=1,
        cell=world.far_grid,
        address="下里屯 4 号",
        on=TODAY,
    )
    forget_sight(world.worker_2)
    assert world.worker_2.sees(Household).count() == 0


def test_ended_post_closes_paired_households(world: World) -> None:
    pair(world)
    world.worker_2.posts.update(until_on=TODAY)
    forget_sight(world.worker_2)
    assert world.worker_2.sees(Household).count() == 0


def test_setting_gives_back_the_whole_grid(world: World, settings: Any) -> None:
    settings.SECOND_LEVEL_SEES_GRID = True
    assert world.worker_2.sees(Household).count() == 1


def test_first_level_worker_keeps_the_grid(world: World) -> None:
    pair(world)
    assert world.worker_1.sees(Household).count() == 1


def test_pages_of_a_worker_without_households_are_empty_not_closed(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.worker_2)
    assert [client.get(path).status_code for path in ("/households/", "/my-work/")] == [200, 200]
    assert client.get(f"/households/{world.household.pk}/").status_code == 404


def test_receipt_of_a_closed_visit_is_still_shown(world: World, signed_in: SignIn) -> None:
    item = give(world, world.worker_2)
    WorkItem.objects.filter(pk=item.pk).update(state="closed", closed_at=timezone.now())
    page = signed_in(world.worker_2).get("/my-work/?tab=done").content.decode()
    assert "韦甲" in page


def test_sight_costs_one_query_more(world: World) -> None:
    def reading(account: Account) -> int:
        forget_sight(account)
        with CaptureQueriesContext(connection) as asked:
            account.sees(Household)
        return len(asked)

    assert reading(world.worker_2) - reading(world.worker_1) == 1


# Pairing


def test_database_refuses_a_second_helper(world: World, mate: Account) -> None:
    pair(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Pairing.objects.create(worker=mate, household=world.household, from_on=TODAY)


def test_second_helper_is_refused_in_a_sentence(world: World, mate: Account) -> None:
    pair(world)
    with pytest.raises(Refusal, match="已由二级网格员甲结对"):
        pair(world, worker=mate)


def test_one_wrong_household_pairs_none(world: World) -> None:
    with pytest.raises(Refusal, match="不是 104-207-0002 户所在网格的二级网格员"):
        pair(world, world.household, world.next_household)
    assert not Pairing.objects.exists()


def test_worker_does_not_pair(world: World) -> None:
    with pytest.raises(NotAllowed):
        pair_households(acting=world.worker_1, worker=world.worker_2, households=[world.household])


def test_pairing_of_somebody_who_left_gives_way(world: World, mate: Account) -> None:
    pair(world)
    world.worker_2.posts.update(until_on=TODAY)
    pair(world, worker=mate)
    assert Pairing.objects.current(TODAY).get().worker == mate


def test_ended_on_its_first_day_and_paired_again(world: World) -> None:
    pair(world)
    pairing = Pairing.objects.get()
    end_pairing(acting=world.township_officer, pairing=pairing, reason="选错了人")
    pair(world)
    assert Pairing.objects.current(TODAY).count() == 1
    with pytest.raises(Overtaken):
        end_pairing(acting=world.township_officer, pairing=pairing, reason="选错了人")


def test_all_move_in_one_act(world: World, mate: Account) -> None:
    other = add_household(
        world.grid, "104-207-0009", [("莫甲", "M", TODAY.replace(year=1970), "head")], serial=90
    )
    pair(world, world.household, other)
    moved = move_pairings(
        acting=world.township_officer,
        from_worker=world.worker_2,
        to_worker=mate,
        region=world.village,
        reason="调离",
    )
    assert moved == 2
    assert set(Pairing.objects.current(TODAY).values_list("worker", flat=True)) == {mate.pk}
    assert AuditEntry.objects.filter(verb="moved_pairings").count() == 1


def test_one_that_cannot_move_stops_all(world: World, mate: Account) -> None:
    add_post(world.worker_2, Role.GRID_WORKER_2, region=world.next_grid)
    pair(world, world.household, world.next_household)
    with pytest.raises(Refusal, match="其中 1 户"):
        move_pairings(
            acting=world.township_officer,
            from_worker=world.worker_2,
            to_worker=mate,
            region=world.village,
            reason="调离",
        )
    assert Pairing.objects.current(TODAY).filter(worker=world.worker_2).count() == 2


def test_monitored_household_without_helper_is_listed(world: World) -> None:
    Household.objects.filter(pk=world.household.pk).update(kind=HouseholdKind.MARGINAL_PRONE)
    free = unpaired(world.township_officer, world.township, on=TODAY)
    assert list(free) == [world.household]
    pair(world)
    assert not unpaired(world.township_officer, world.township, on=TODAY).exists()
    world.worker_2.posts.update(until_on=TODAY)
    assert unpaired(world.township_officer, world.township, on=TODAY).exists()


def test_helpers_say_how_many_they_have(world: World) -> None:
    pair(world)
    (helper,) = helpers_in(world.village, on=TODAY)
    assert (helper.account, helper.paired) == (world.worker_2, 1)


# The page


def test_ticked_households_are_paired(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.village_head)
    response = client.post(
        f"/pairings/pair/?region={world.village.pk}",
        {"ticked": [world.household.pk, "x", "9" * 30], "worker": world.worker_2.pk},
        follow=True,
    )
    assert "二级网格员甲新结对 1 户" in response.content.decode()


@pytest.mark.parametrize(
    ("posted", "sentence"),
    [({"worker": ""}, "请选择帮扶人"), ({"worker": "worker_2"}, "请先勾选要结对的农户")],
)
def test_page_says_what_is_missing(
    world: World, signed_in: SignIn, posted: dict[str, str], sentence: str
) -> None:
    if posted["worker"]:
        posted = {"worker": str(world.worker_2.pk)}
    response = signed_in(world.village_head).post(
        f"/pairings/pair/?region={world.village.pk}", posted, follow=True
    )
    assert sentence in response.content.decode()


def test_household_out_of_sight_is_not_paired(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.village_head).post(
        f"/pairings/pair/?region={world.village.pk}",
        {"ticked": [world.other_household.pk], "worker": world.worker_2.pk},
        follow=True,
    )
    assert "请先勾选" in response.content.decode()


def test_page_moves_and_ends(world: World, mate: Account, signed_in: SignIn) -> None:
    pair(world)
    client = signed_in(world.village_head)
    address = f"/pairings/move/?region={world.village.pk}"
    wrong = client.post(address, {"from_worker": mate.pk, "to_worker": mate.pk, "reason": "调离"})
    assert "同一个人" in wrong.content.decode()
    client.post(address, {"from_worker": world.worker_2.pk, "to_worker": mate.pk, "reason": "调离"})
    pairing = Pairing.objects.current(TODAY).get()
    assert pairing.worker == mate
    assert client.post(f"/pairings/{pairing.pk}/end/", {"reason": ""}).status_code == 422
    client.post(f"/pairings/{pairing.pk}/end/", {"reason": "风险已消除"})
    assert not Pairing.objects.current(TODAY).exists()


def test_other_township_neither_sees_nor_ends(world: World, signed_in: SignIn) -> None:
    pair(world)
    client = signed_in(world.other_township_officer)
    pairing = Pairing.objects.get()
    assert client.post(f"/pairings/{pairing.pk}/end/", {"reason": "风险已消除"}).status_code == 404
    assert client.get(f"/pairings/?region={world.village.pk}").status_code == 404


def test_dossier_names_the_helper(world: World, signed_in: SignIn) -> None:
    pair(world)
    page = signed_in(world.township_officer).get(f"/households/{world.household.pk}/")
    assert page.context["workers"]["helper"].worker == world.worker_2


@pytest.mark.parametrize("tab", ["paired", "unpaired"])
def test_list_asks_the_same_however_long(world: World, signed_in: SignIn, tab: str) -> None:
    client = signed_in(world.village_head)
    address = f"/pairings/?region={world.village.pk}&tab={tab}&kind=all"

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def household(number: int) -> Household:
        born = TODAY.replace(year=1970)
        return add_household(
            world.grid, f"104-207-1{number:03d}", [("莫甲", "M", born, "head")], serial=90 + number
        )

    pair(world, household(0), household(1))
    client.get(address)
    few = queries()
    more = [household(number) for number in range(2, 14)]
    pair(world, *more[:6])
    assert queries() == few
