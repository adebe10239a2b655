"""The one door: what every role sees, and that a stranger sees nothing anywhere."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import EmptyResultSet
from django.db.models import Model
from django.utils import timezone

from grid.actions.exceptions import grant_exception
from grid.models import Account, Household, Membership, Person, Post, Region
from grid.roles import Act, Role
from grid.scope import forget_sight, has_role, highest_place, in_subtrees, sight_of
from grid.signing import KeyUser
from tests.world import World, add_account, add_post
from yizhou.audit import AuditEntry

SCOPED = [model for model in apps.get_models() if getattr(model, "SCOPE", None)]
NAMES = [model._meta.label for model in SCOPED]

# account: (households, people, regions, posts)
SIGHT = {
    "county_officer": (5, 11, 15, 16),
    "leader": (5, 11, 15, 16),
    "township_officer": (4, 9, 10, 6),
    "village_head": (3, 8, 6, 5),
    "info_officer": (3, 8, 6, 5),
    "tun_head": (2, 7, 3, 3),
    "worker_1": (1, 5, 1, 2),
    "worker_2": (0, 0, 1, 2),
    "other_township_officer": (1, 2, 4, 2),
    "other_worker": (1, 2, 1, 1),
    "clerk_medical": (0, 0, 0, 0),
    "clerk_disabled": (0, 0, 0, 0),
    "clerk_education": (0, 0, 0, 0),
    "clerk_civil": (0, 0, 0, 0),
    "auditor": (0, 0, 15, 16),
    "administrator": (0, 0, 15, 16),
    "stranger": (0, 0, 0, 0),
}


def test_table_covers_every_account_of_the_world(world: World) -> None:
    assert set(SIGHT) == set(world.accounts())


@pytest.mark.parametrize("name", SIGHT)
def test_role_sees_its_part_and_no_more(world: World, name: str) -> None:
    account = world.accounts()[name]
    seen = tuple(account.sees(m).count() for m in (Household, Person, Region, Post))
    assert seen == SIGHT[name]


def test_memberships_follow_their_household(world: World) -> None:
    assert world.worker_1.sees(Membership).count() == 5


@pytest.mark.parametrize("model", SCOPED, ids=NAMES)
def test_stranger_sees_nothing_whatever_the_table_holds(world: World, model: type[Model]) -> None:
    with pytest.raises(EmptyResultSet):  # the database is not even asked
        str(world.stranger.sees(model).query)


@pytest.mark.parametrize("model", SCOPED, ids=NAMES)
def test_every_scope_names_a_real_path(world: World, model: type[Model]) -> None:
    grant_exception(
        acting=world.county_officer,
        account=world.worker_1,
        household=world.other_household,
        until_on=timezone.localdate(),
        reason="跨乡镇核查",
    )
    for account in (world.county_officer, world.worker_1, world.clerk_medical, world.auditor):
        assert account.sees(model).count() >= 0


def test_anonymous_visitor_has_no_sight(db: None) -> None:
    assert sight_of(AnonymousUser()).codes == ()


def test_model_without_a_scope_cannot_be_shown(world: World) -> None:
    with pytest.raises(TypeError, match="declares no SCOPE"):
        world.county_officer.sees(Account)


def test_only_the_auditor_reads_the_trail(world: World) -> None:
    AuditEntry.objects.create(actor_name="甲", verb="read", subject_type="grid.household")
    readers = {n for n, a in world.accounts().items() if a.sees(AuditEntry).exists()}
    assert readers == {"auditor"}


def test_ended_post_is_sight_lost(world: World) -> None:
    world.worker_1.posts.update(until_on=timezone.localdate())
    assert world.worker_1.sees(Household).count() == 0


def test_post_of_tomorrow_is_no_sight_today(world: World) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    add_post(world.stranger, Role.COUNTY_OFFICER, region=world.county, seat=2, from_on=tomorrow)
    assert world.stranger.sees(Household).count() == 0


def test_two_posts_see_both_places_and_nothing_between(world: World) -> None:
    add_post(world.stranger, Role.GRID_WORKER_1, region=world.grid, seat=2)
    add_post(world.stranger, Role.GRID_WORKER_1, region=world.other_grid, seat=2)
    seen = set(world.stranger.sees(Household).values_list("pk", flat=True))
    assert seen == {world.household.pk, world.other_household.pk}


def test_post_above_another_makes_one_range(world: World) -> None:
    add_post(world.worker_1, Role.VILLAGE_HEAD, region=world.bare_village)
    add_post(world.worker_1, Role.TOWNSHIP_HEAD, region=world.township)
    assert sight_of(world.worker_1).codes == (world.township.code,)


def test_subtree_of_nothing_is_nothing(world: World) -> None:
    assert not Household.objects.filter(in_subtrees("cell", ())).exists()


def test_neighbour_code_that_only_looks_alike_is_not_below(world: World) -> None:
    longer = Region.objects.create(
        code="451203105", name="洛西镇", level="township", parent=world.county
    )
    assert longer not in world.township_officer.sees(Region)


# Acts


def test_act_is_bound_to_the_place_of_the_post(world: World) -> None:
    officer = world.township_officer
    assert officer.may(Act.SETTLE_ALERT, code=world.grid.code)
    assert not officer.may(Act.SETTLE_ALERT, code=world.other_grid.code)
    assert not officer.may(Act.SETTLE_ALERT, code=world.county.code)


@pytest.mark.parametrize(
    ("act", "names"),
    [
        (Act.READ_AUDIT, {"auditor"}),
        (Act.GRANT_EXCEPTION, {"county_officer"}),
        (Act.MANAGE_KEYS, {"county_officer", "administrator"}),
        (
            Act.REVEAL_IDENTITY,
            {"county_officer", "township_officer", "other_township_officer"},
        ),
        (
            Act.UPLOAD_DATA,
            {
                "county_officer",
                "clerk_medical",
                "clerk_disabled",
                "clerk_education",
                "clerk_civil",
            },
        ),
    ],
)
def test_act_is_held_by_exactly_these(world: World, act: Act, names: set[str]) -> None:
    assert {n for n, account in world.accounts().items() if account.may(act)} == names


def test_django_superuser_flag_gives_nothing(world: World) -> None:
    account = add_account("flagged", "特权甲")
    account.is_superuser = account.is_staff = True
    account.save(update_fields=["is_superuser", "is_staff"])
    assert account.sees(Household).count() == 0
    assert not any(account.may(act) for act in Act)


def test_machine_of_a_department_sees_no_people(world: World) -> None:
    key = world.medical.keys.get()
    assert KeyUser(key).sees(Person).count() == 0


def test_machine_of_a_department_uploads_and_nothing_else(world: World) -> None:
    user = KeyUser(world.medical.keys.get())
    assert [act for act in Act if user.may(act)] == [Act.UPLOAD_DATA]


def test_sight_is_kept_for_one_request_and_read_again_when_told(world: World) -> None:
    assert world.stranger.sees(Household).count() == 0
    add_post(world.stranger, Role.COUNTY_OFFICER, region=world.county, seat=2)
    assert world.stranger.sees(Household).count() == 0
    forget_sight(world.stranger)
    assert world.stranger.sees(Household).count() == 5


def test_heading_names_the_widest_place(world: World) -> None:
    add_post(world.worker_1, Role.VILLAGE_HEAD, region=world.bare_village)
    assert highest_place(world.worker_1) == world.bare_village.code


def test_role_is_asked_by_name(world: World) -> None:
    assert has_role(world.worker_1, Role.GRID_WORKER_1)
    assert not has_role(world.worker_1, Role.GRID_WORKER_2)


def test_post_that_ended_long_ago_is_not_counted(world: World) -> None:
    add_post(
        world.stranger,
        Role.COUNTY_OFFICER,
        region=world.county,
        from_on=date(2018, 1, 1),
        until_on=date(2019, 1, 1),
    )
    assert world.stranger.sees(Household).count() == 0
