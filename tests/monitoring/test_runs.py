"""Runs: shards, order, stopping, repeating, what was frozen, runs over the touched households."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.actions import screenings, shards
from monitoring.actions.freezing import frozen_of
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import (
    perform_screening,
    repeat_screening,
    request_screening,
    retry_screening,
    stop_screening,
)
from monitoring.actions.shards import perform_shard
from monitoring.models import Alert, Hit, ScreeningRun, ScreeningShard, Threshold, Upload
from tests.monitoring.records import add_settlement
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.deferred import LeaseLost
from yizhou.refusals import NotAllowed, Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)


@pytest.fixture
def two_shards(settings: Any) -> None:
    settings.SCREENING_SHARDS, settings.SCREENING_SHARD_LEAST = 2, 0


def ask(**asked: Any) -> ScreeningRun:
    return request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE, **asked)


def carried_out(run: ScreeningRun) -> ScreeningRun:
    perform_screening(run.pk)
    run.refresh_from_db()
    return run


def pay(world: World, name: str, yuan: str = "30000", days: int = 40) -> Any:
    return add_settlement(world.people[name], timezone.localdate() - timedelta(days=days), yuan)


def test_shards_together_find_what_one_finds(world: World, settings: Any, two_shards: None) -> None:
    pay(world, "韦甲"), pay(world, "蓝甲"), pay(world, "黄甲")
    in_two = carried_out(ask())
    settings.SCREENING_SHARDS = 1
    in_one = carried_out(ask())
    assert in_two.shards.count() == 2
    assert in_two.by_rule == in_one.by_rule
    assert (in_one.alerts_opened, in_one.alerts_withdrawn) == (0, 0)


def test_every_household_is_in_exactly_one_shard(world: World, two_shards: None) -> None:
    run = carried_out(ask())
    assert [s.job_state for s in run.shards.all()] == ["done", "done"]
    assert run.households == sum(s.households for s in run.shards.all()) > 0


def test_another_worker_may_take_a_shard(world: World, two_shards: None) -> None:
    pay(world, "韦甲")
    run = ask()
    token = ScreeningRun.claim(run.pk)
    assert token is not None
    screenings._plan(run, token)
    for shard in run.shards.all():
        assert perform_shard(shard.pk)
    screenings._screen(run, token)
    run.refresh_from_db()
    assert (run.job_state, run.alerts_opened > 0) == ("done", True)


def test_later_run_waits_for_the_one_ahead(world: World) -> None:
    first, second = ask(), ask()
    assert perform_screening(second.pk) is False
    assert perform_screening(first.pk) is True
    assert perform_screening(second.pk) is True


def test_shard_killed_in_the_middle_leaves_nothing_and_is_done_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(world, "韦甲")
    run = ask()

    def dies(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(ScreeningShard, "save", dies)
        token = ScreeningRun.claim(run.pk)
        assert token is not None
        screenings._plan(run, token)
        [shard] = run.shards.all()
        perform_shard(shard.pk)
    assert (Alert.objects.count(), Hit.objects.count()) == (0, 0)
    ScreeningShard.objects.update(not_before=None)
    ScreeningRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert carried_out(run).job_state == "done"
    assert Alert.objects.filter(rule="MED-01").count() == 1


def test_stopped_run_says_who_stopped_it_and_goes_on_when_asked(world: World) -> None:
    pay(world, "韦甲")
    run = ask()
    stop_screening(acting=world.county_officer, run_id=run.pk)
    assert carried_out(run).job_state == "stopped"
    assert (run.stopped_by, Alert.objects.count()) == (world.county_officer, 0)
    retry_screening(acting=world.county_officer, run_id=run.pk)
    assert carried_out(run).job_state == "done"


def test_shard_under_way_is_rolled_back_when_the_run_is_stopped(world: World) -> None:
    pay(world, "韦甲")
    run = ask()
    token = ScreeningRun.claim(run.pk)
    assert token is not None
    screenings._plan(run, token)
    [shard] = run.shards.all()
    token = ScreeningShard.claim(shard.pk)
    assert token is not None
    stop_screening(acting=world.county_officer, run_id=run.pk)
    with pytest.raises(LeaseLost):
        shards._screen_shard(shard, token)
    assert Alert.objects.count() == 0


def test_stopping_needs_the_right(world: World) -> None:
    with pytest.raises(NotAllowed):
        stop_screening(acting=world.worker_1, run_id=ask().pk)


def test_stopping_what_is_over_is_refused(world: World) -> None:
    run = carried_out(ask())
    with pytest.raises(Refusal, match="已经结束"):
        stop_screening(acting=world.county_officer, run_id=run.pk)


def test_repeat_gives_the_same_fingerprints_after_the_data_changed(world: World) -> None:
    pay(world, "韦甲")
    run = carried_out(ask())
    later = pay(world, "韦甲", "9000", days=10)
    assert later.received_at > run.known_at
    Threshold.objects.filter(key="medical_self_paid_ordinary").update(value=1)
    again = carried_out(repeat_screening(acting=world.county_officer, run_id=run.pk))
    assert again.by_rule == run.by_rule
    assert Alert.objects.get(rule="MED-01").value == 30000


def test_repeat_reads_the_registry_as_it_was(world: World) -> None:
    pay(world, "韦甲")
    run = carried_out(ask())
    world.household.kind = "ordinary"
    world.household.save()
    again = carried_out(repeat_screening(acting=world.county_officer, run_id=run.pk))
    assert again.by_rule == run.by_rule


def test_batch_still_being_merged_does_not_count(world: World) -> None:
    row = pay(world, "韦甲")
    Upload.objects.filter(pk=row.upload_id).update(stage=Upload.Stage.MERGING)
    run = carried_out(ask())
    assert (run.hits, run.frozen["not_yet"]) == (0, [str(row.upload_id)])


def test_run_after_an_upload_looks_only_at_the_households_it_tells_of(world: World) -> None:
    elsewhere = pay(world, "蓝甲")
    row = pay(world, "韦甲")
    assert row.upload_id != elsewhere.upload_id
    run = carried_out(ask(upload=row.upload))
    assert (run.kind, run.households) == ("touched", 1)
    assert Alert.objects.get(rule="MED-01").household == world.household
    assert "EDU-01" not in run.frozen["rules"]


def test_touched_run_takes_nothing_back_elsewhere(world: World) -> None:
    pay(world, "蓝甲", "90000")
    carried_out(ask())
    row = pay(world, "韦甲")
    run = carried_out(ask(upload=row.upload))
    assert run.alerts_withdrawn == 0
    assert Alert.objects.open().filter(rule="MED-01").count() == 2


def test_frozen_inputs_come_back_as_they_were(world: World) -> None:
    run = carried_out(ask())
    frozen = frozen_of(run)
    assert (frozen.as_of, frozen.known_at) == (run.as_of, run.known_at)
    assert {rule.rule_id: rule.version_id for rule in frozen.rules} == run.frozen["rules"]
