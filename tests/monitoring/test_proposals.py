"""What records propose to the registry: proposed once, confirmed by a person, closed by itself."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from grid.actions.households import add_member, record_death
from grid.actions.people import NewMember
from grid.models import Household, Person
from monitoring.actions.conflicts import decide_source_of_truth
from monitoring.actions.proposals import (
    apply_authoritative,
    confirm_proposal,
    confirm_proposals,
    find_proposals,
    match_records,
    refuse_proposal,
)
from monitoring.feeds import FEEDS
from monitoring.models import RegistryProposal, ScreeningRun
from tests.monitoring.records import _shared
from tests.monitoring.test_conflicts import acted_on, add, funeral
from tests.world import World, id_number
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.sealed import digest

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate
CHILD = id_number(date(2024, 5, 6), "F", 77)


def change(person: Person, kind: str, on: date, **more: Any) -> Any:
    return add(
        "household_register_change",
        person,
        kind=kind,
        happened_on=on,
        registered_on=on,
        **more,
    )


def birth(world: World, **more: Any) -> Any:
    """A record of somebody the registry does not know."""
    values = _shared(world.people["韦甲"], "household_register_change", "education")
    values |= {
        "person": None,
        "person_name": "韦己",
        "id_digest": digest(CHILD, kind="id"),
        "id_tail": CHILD[-4:],
        "kind": "birth",
        "happened_on": TODAY() - timedelta(days=9),
        "registered_on": TODAY() - timedelta(days=8),
    }
    return FEEDS["household_register_change"].model.objects.create(**(values | more))


def last_week() -> date:
    return TODAY() - timedelta(days=7)


def proposed(world: World, name: str = "莫戊") -> RegistryProposal:
    funeral(world.people[name], last_week())
    find_proposals(acting=SYSTEM)
    return RegistryProposal.objects.get(person=world.people[name])


def test_a_death_is_proposed_once(world: World) -> None:
    proposal = proposed(world)
    assert (proposal.happening, proposal.state) == ("death", "open")
    assert proposal.code == world.household.cell_id
    assert find_proposals(acting=SYSTEM) == 0
    assert Person.objects.get(name="莫戊").died_on is None


def test_a_row_sent_again_follows_and_does_not_repeat(world: World) -> None:
    proposal = proposed(world)
    old = FEEDS["funeral_record"].model.objects.get()
    old.superseded_at = timezone.now()
    old.save()
    new = funeral(world.people["莫戊"], last_week())
    assert find_proposals(acting=SYSTEM) == 0
    proposal.refresh_from_db()
    assert (proposal.state, proposal.record) == ("open", new.pk)


def test_a_withdrawn_row_closes_it_and_its_return_opens_it(world: World) -> None:
    proposal = proposed(world)
    row = FEEDS["funeral_record"].model.objects.get()
    row.superseded_at = timezone.now()
    row.save()
    find_proposals(acting=SYSTEM)
    proposal.refresh_from_db()
    assert proposal.state == "gone"
    row.superseded_at = None
    row.save()
    find_proposals(acting=SYSTEM)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_confirming_changes_the_registry(world: World) -> None:
    proposal = proposed(world)
    assert acted_on("funeral_record") == []
    confirm_proposal(acting=world.info_officer, proposal=proposal)
    died = Person.objects.get(name="莫戊")
    assert (died.died_on, died.household) == (last_week(), None)
    assert acted_on("funeral_record") == [proposal.record]
    assert AuditEntry.objects.filter(verb="recorded_death", actor=world.info_officer).exists()
    with pytest.raises(Overtaken):
        confirm_proposal(acting=world.info_officer, proposal=proposal)


@pytest.mark.parametrize("name", ["worker_1", "other_township_officer", "clerk_civil", "leader"])
def test_others_do_not_decide(world: World, name: str) -> None:
    proposal = proposed(world)
    with pytest.raises(NotAllowed):
        confirm_proposal(acting=getattr(world, name), proposal=proposal)
    with pytest.raises(NotAllowed):
        refuse_proposal(acting=getattr(world, name), proposal=proposal, reason="本人健在")


def test_a_head_s_death_needs_a_successor_and_changes_nothing(world: World) -> None:
    proposal = proposed(world, "韦甲")
    with pytest.raises(Refusal, match="新户主"):
        confirm_proposal(acting=world.info_officer, proposal=proposal)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_refused_stays_refused(world: World) -> None:
    proposal = proposed(world)
    with pytest.raises(Refusal):
        refuse_proposal(acting=world.info_officer, proposal=proposal, reason="")
    refuse_proposal(acting=world.info_officer, proposal=proposal, reason="已入户，本人健在")
    assert find_proposals(acting=SYSTEM) == 0
    proposal.refresh_from_db()
    assert (proposal.state, proposal.reason) == ("refused", "已入户，本人健在")


def test_a_death_recorded_by_hand_closes_it(world: World) -> None:
    proposal = proposed(world)
    record_death(
        acting=world.info_officer,
        household=world.household,
        version_seen=world.household.version,
        person=world.people["莫戊"],
        died_on=last_week(),
    )
    find_proposals(acting=SYSTEM)
    proposal.refresh_from_db()
    assert proposal.state == "confirmed"


def test_moving_out(world: World) -> None:
    change(world.people["韦丙"], "move_out", last_week(), to_place="柳州市")
    find_proposals(acting=SYSTEM)
    proposal = RegistryProposal.objects.get()
    assert (proposal.happening, proposal.detail) == ("move_out", "迁入地：柳州市")
    confirm_proposal(acting=world.township_officer, proposal=proposal)
    assert Person.objects.get(name="韦丙").household is None


def test_a_move_before_the_person_came_is_old_news(world: World) -> None:
    change(world.people["韦丙"], "move_out", date(2019, 1, 1))
    assert find_proposals(acting=SYSTEM) == 0


def test_several_deaths_at_once(world: World) -> None:
    proposals = [proposed(world, name) for name in ("莫戊", "韦丙", "韦甲")]
    said = confirm_proposals(acting=world.township_officer, proposals=proposals)
    assert said.done == 2
    assert [name for name, _ in said.refused] == ["韦甲"]
    assert Person.objects.filter(died_on__isnull=False).count() == 2


def test_several_at_once_has_limits(world: World) -> None:
    proposal = proposed(world)
    for wrong in ([], [proposal] * 51):
        with pytest.raises(Refusal):
            confirm_proposals(acting=world.township_officer, proposals=wrong)


def test_a_birth_waits_for_the_form_and_closes_by_itself(world: World) -> None:
    birth(world, to_place="河池市宜州区德胜镇")
    find_proposals(acting=SYSTEM)
    proposal = RegistryProposal.objects.get()
    assert (proposal.happening, proposal.person) == ("birth", None)
    assert proposal.code == world.township.code
    with pytest.raises(Refusal):
        confirm_proposal(acting=world.township_officer, proposal=proposal)
    admit(world)
    assert match_records(acting=SYSTEM) == 1
    find_proposals(acting=SYSTEM)
    proposal.refresh_from_db()
    assert proposal.state == "confirmed"


def test_a_birth_somewhere_is_the_county_s(world: World) -> None:
    birth(world)
    find_proposals(acting=SYSTEM)
    assert RegistryProposal.objects.get().code == world.county.code


def admit(world: World) -> Person:
    return add_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=Household.objects.get(pk=world.household.pk).version,
        member=NewMember(name="韦己", relation="daughter", id_number=CHILD),
        on=TODAY(),
    )


def test_rows_find_their_person_later(world: World) -> None:
    row = birth(world)
    assert match_records(acting=SYSTEM) == 0
    assert not ScreeningRun.objects.exists()
    person = admit(world)
    assert match_records(acting=SYSTEM) == 1
    row.refresh_from_db()
    assert row.person == person
    assert ScreeningRun.objects.count() == 1
    entry = AuditEntry.objects.get(verb="matched_records")
    assert entry.detail == {"household_register_change": 1}
    assert match_records(acting=SYSTEM) == 0


def test_an_authoritative_source_applies_itself(world: World) -> None:
    proposed(world)
    proposed(world, "韦甲")
    assert apply_authoritative(acting=SYSTEM) == 0
    decide_source_of_truth(
        acting=world.county_officer,
        fact="death",
        feed="funeral_record",
        applies_itself=True,
        document="",
        reason="殡葬数据已连续核对半年",
    )
    assert apply_authoritative(acting=SYSTEM) == 1
    assert Person.objects.get(name="莫戊").died_on == last_week()
    assert Person.objects.get(name="韦甲").died_on is None
    assert AuditEntry.objects.get(verb="recorded_death").actor_name == "系统"


# ---- pages ----


def body(response: Any) -> str:
    return response.content.decode()


def test_list_and_confirm(world: World, signed_in: Any) -> None:
    proposal = proposed(world)
    client = signed_in(world.info_officer)
    page = body(client.get("/registry-proposals/"))
    assert "莫戊" in page
    assert "殡葬登记" in page
    address = f"/registry-proposals/{proposal.pk}/"
    assert "登记死亡" in body(client.get(address))
    assert client.post(address, {"decision": "confirm"}).status_code == 302
    assert Person.objects.get(name="莫戊").died_on == last_week()
    assert "莫戊" in body(client.get("/registry-proposals/?state=confirmed"))


def test_refusing_without_a_reason_says_so(world: World, signed_in: Any) -> None:
    address = f"/registry-proposals/{proposed(world).pk}/"
    answer = signed_in(world.info_officer).post(address, {"decision": "refuse", "reason": ""})
    assert answer.status_code == 409
    assert '<a href="#id_reason">不予登记的理由：请写明为什么不登记' in body(answer)
    assert "<title>错误：" in body(answer)


def test_a_heads_death_links_to_the_household_form_with_its_day(
    world: World, signed_in: Any
) -> None:
    proposal = proposed(world, "韦甲")
    client = signed_in(world.township_officer)
    address = f"/registry-proposals/{proposal.pk}/"
    assert "请同时指定新户主" in body(client.post(address, {"decision": "confirm"}))
    form = f"/households/{world.household.pk}/change/death/?on={last_week()}"
    assert form in body(client.get(address))
    assert f'value="{last_week()}"' in body(client.get(form))


def test_several_on_the_page(world: World, signed_in: Any) -> None:
    ticked = [proposed(world, name).pk for name in ("莫戊", "韦甲")]
    client = signed_in(world.township_officer)
    page = body(client.get("/registry-proposals/?happening=death&feed=funeral_record"))
    assert page.count('name="ticked"') == 2
    done = body(client.post("/registry-proposals/confirm/", {"ticked": ticked}, follow=True))
    assert "已登记 1 人死亡" in done
    assert "韦甲 没有登记" in done


def test_a_birth_links_to_the_form(world: World, signed_in: Any) -> None:
    birth(world, to_place="德胜镇")
    find_proposals(acting=SYSTEM)
    client = signed_in(world.township_officer)
    page = body(client.get(f"/registry-proposals/{RegistryProposal.objects.get().pk}/"))
    day = TODAY() - timedelta(days=9)
    assert f"/households/new/?on={day}" in page
    assert f'value="{day}"' in body(client.get(f"/households/new/?on={day}"))


@pytest.mark.parametrize(
    ("name", "status", "sees"),
    [
        ("leader", 200, True),
        ("other_township_officer", 200, False),
        ("clerk_civil", 403, False),
        ("worker_1", 403, False),
        ("auditor", 403, False),
    ],
)
def test_who_sees_the_list(
    world: World, signed_in: Any, name: str, status: int, sees: bool
) -> None:
    pk = proposed(world).pk
    client = signed_in(getattr(world, name))
    answer = client.get("/registry-proposals/")
    assert answer.status_code == status
    assert ("莫戊" in body(answer)) == sees
    one = client.post(f"/registry-proposals/{pk}/", {"decision": "confirm"})
    assert one.status_code in (403, 404)
    assert Person.objects.get(name="莫戊").died_on is None
