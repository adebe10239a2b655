"""Named dated exceptions: this account, this household, until this day, for a reason."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid.actions.exceptions import grant_exception, revoke_exception
from grid.models import Household, HouseholdEvent, HouseholdException, Membership, Person
from grid.scope import forget_sight
from tests.world import World
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

TODAY = timezone.localdate()


def grant(world: World, **changes: object) -> HouseholdException:
    values = {
        "acting": world.county_officer,
        "account": world.other_township_officer,
        "household": world.household,
        "until_on": TODAY + timedelta(days=30),
        "reason": "跨乡镇联合核查",
    }
    return grant_exception(**values | changes)


def test_exception_adds_one_household_to_sight(world: World) -> None:
    before = world.other_township_officer.sees(Household).count()
    grant(world)
    seen = world.other_township_officer.sees(Household)
    assert seen.count() == before + 1
    assert world.household in seen
    assert world.next_household not in seen


@pytest.mark.parametrize(("model", "count"), [(Person, 5), (Membership, 5)])
def test_exception_covers_what_belongs_to_the_household(
    world: World, model: type, count: int
) -> None:
    grant(world, account=world.stranger)
    assert world.stranger.sees(model).count() == count


def test_exception_covers_the_history_of_the_household(world: World) -> None:
    HouseholdEvent.objects.create(household=world.household, kind="moved", on=TODAY)
    HouseholdEvent.objects.create(household=world.next_household, kind="moved", on=TODAY)
    grant(world, account=world.stranger)
    assert world.stranger.sees(HouseholdEvent).count() == 1


def test_exception_lasts_through_its_last_day(world: World) -> None:
    grant(world, until_on=TODAY)
    assert world.household in world.other_township_officer.sees(Household)


def test_expired_exception_shows_nothing(world: World) -> None:
    exception = grant(world)
    HouseholdException.objects.filter(pk=exception.pk).update(until_on=TODAY - timedelta(days=1))
    forget_sight(world.other_township_officer)
    assert world.household not in world.other_township_officer.sees(Household)


def test_revoked_exception_shows_nothing(world: World) -> None:
    exception = grant(world)
    revoke_exception(acting=world.county_officer, exception=exception)
    forget_sight(world.other_township_officer)
    assert world.household not in world.other_township_officer.sees(Household)


def test_exception_is_revoked_once(world: World) -> None:
    exception = grant(world)
    kept = HouseholdException.objects.get(pk=exception.pk)
    revoke_exception(acting=world.county_officer, exception=exception)
    with pytest.raises(Overtaken):
        revoke_exception(acting=world.county_officer, exception=kept)


def test_second_grant_replaces_the_first(world: World) -> None:
    grant(world)
    grant(world, until_on=TODAY)
    assert HouseholdException.objects.get().until_on == TODAY


def test_grant_and_revoke_are_audited_with_the_reason(world: World) -> None:
    revoke_exception(acting=world.county_officer, exception=grant(world))
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", "reason"))
    assert verbs == [("granted_exception", "跨乡镇联合核查"), ("revoked_exception", "")]


def test_longer_than_90_days_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="90 天之内"):
        grant(world, until_on=TODAY + timedelta(days=91))


def test_without_a_reason_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="请写明授权事由"):
        grant(world, reason="查")


def test_nobody_grants_to_themselves(world: World) -> None:
    with pytest.raises(NotAllowed, match="不能给自己授权"):
        grant(world, account=world.county_officer)


def test_township_grants_nothing(world: World) -> None:
    with pytest.raises(NotAllowed):
        grant(world, acting=world.township_officer)
