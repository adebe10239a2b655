"""Two runs side by side: one more row, another figure, another version, another place."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.actions import comparisons
from monitoring.actions.comparisons import (
    perform_comparison,
    request_comparison,
    retry_comparison,
    sweep_comparisons,
)
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import (
    perform_screening,
    repeat_screening,
    request_screening,
)
from monitoring.models import Alert, RuleVersion, RunComparison, ScreeningRun, Threshold
from monitoring.runs_compared import Compared, compared_rules, comparison_of, examples_of
from tests.monitoring.records import add_settlement
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Refusal

pytestmark = pytest.mark.django_db
LINE = "medical_self_paid_ordinary"


@pytest.fixture(autouse=True)
def rules(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)


def carried_out(run: ScreeningRun) -> ScreeningRun:
    perform_screening(run.pk)
    run.refresh_from_db()
    assert run.job_state == "done", run.job_error
    return run


def screened(**asked: Any) -> ScreeningRun:
    return carried_out(request_screening(acting=SYSTEM, trigger="schedule", **asked))


def pay(world: World, name: str, yuan: str = "30000", days: int = 40) -> Any:
    return add_settlement(world.people[name], timezone.localdate() - timedelta(days=days), yuan)


def compared(world: World, first: ScreeningRun, second: ScreeningRun) -> dict[str, Compared]:
    asked = request_comparison(acting=world.county_officer, first_id=first.pk, second_id=second.pk)
    assert perform_comparison(asked.pk)
    done = comparison_of(asked.pk)
    assert done.job_state == "done", done.job_error
    assert done.results["recomputed"] == [first.hits, second.hits]
    return {rule.code: rule for rule in compared_rules(done)}


def counts(rule: Compared) -> tuple[int, int, int, int]:
    return rule.only_first, rule.only_second, rule.changed, rule.same


def test_runs_over_the_same_data_differ_in_nothing(world: World) -> None:
    pay(world, "韦甲")
    told = compared(world, screened(), screened())
    assert sum(rule.differ for rule in told.values()) == 0
    assert counts(told["MED-01"]) == (0, 0, 0, 1)
    assert told["MED-01"].causes == []


def test_one_more_row_is_one_more_hit_because_the_data_changed(world: World) -> None:
    pay(world, "韦甲")
    first = screened()
    pay(world, "蓝甲")
    told = compared(world, first, screened())["MED-01"]
    assert counts(told) == (0, 1, 0, 1)
    assert told.examples[0][:2] == ["only_second", world.people["蓝甲"].household_id]
    assert told.causes == ["数据有变化：“医疗费用结算”期间入库 1 批。"]


def test_a_larger_amount_is_told_with_both_values(world: World) -> None:
    pay(world, "韦甲")
    first = screened()
    pay(world, "韦甲", "90000", days=20)
    told = compared(world, first, screened())["MED-01"]
    assert counts(told) == (0, 0, 1, 0)
    [example] = told.examples
    assert [example[0], *example[3:5]] == ["changed", "30000.00", "120000.00"]


def test_another_figure_is_named_with_both_values(world: World) -> None:
    pay(world, "蓝甲", "30000")
    first = screened()
    Threshold.objects.filter(key=LINE).update(value=50000)
    told = compared(world, first, screened())["MED-01"]
    assert counts(told)[:2] == (1, 0)
    label = Threshold.objects.get(key=LINE).label
    old = Threshold(value=first.frozen["thresholds"][LINE]).value
    assert told.causes == [f"标准线“{label}”由 {int(float(old)):,} 元改为 50,000 元。"]


def test_another_version_is_named_with_both_numbers(world: World) -> None:
    pay(world, "韦甲", days=200)
    first = screened()
    old = RuleVersion.objects.published().get(rule="MED-01")
    definition = old.definition | {
        "measures": {
            name: measure | {"window": measure["window"] | {"months": 3}}
            for name, measure in old.definition["measures"].items()
        }
    }
    today = timezone.localdate()
    RuleVersion.objects.filter(pk=old.pk).update(until_on=today)
    RuleVersion.objects.create(
        rule_id="MED-01",
        number=2,
        state="published",
        definition=definition,
        source="试行",
        review_on=today + timedelta(days=300),
        from_on=today,
    )
    told = compared(world, first, screened())["MED-01"]
    assert (counts(told), told.versions) == ((1, 0, 0, 0), [1, 2])
    assert told.causes == ["规则由第 1 版改为第 2 版。"]


def test_a_rule_that_one_run_did_not_use_is_told_apart(world: World) -> None:
    pay(world, "韦甲")
    first = screened()
    RuleVersion.objects.filter(rule="MED-01").update(until_on=timezone.localdate())
    told = compared(world, first, screened())["MED-01"]
    assert (told.ran, told.hits_of_one) == ("first", 1)
    assert "已经停用" in told.causes[0]


def test_a_missing_figure_is_the_reason_in_the_words_of_the_run(world: World) -> None:
    first = screened()
    Threshold.objects.filter(key=LINE).delete()
    told = compared(world, first, screened())["MED-01"]
    assert told.causes[0].startswith("后一次没能运行：")
    assert LINE in told.causes[0]


def test_with_a_run_after_an_upload_only_its_households_count(world: World) -> None:
    row = pay(world, "韦甲")
    touched = screened(upload=row.upload)
    pay(world, "蓝甲")
    told = compared(world, touched, screened())
    assert counts(told["MED-01"]) == (0, 0, 0, 1)
    assert (told["EDU-01"].ran, told["EDU-01"].causes) == (
        "second",
        ["前一次只用读“医疗费用结算”的规则。"],
    )


def test_repeat_of_a_run_after_an_upload_finds_the_same(world: World) -> None:
    pay(world, "蓝甲")
    touched = screened(upload=pay(world, "韦甲").upload)
    again = carried_out(repeat_screening(acting=world.county_officer, run_id=touched.pk))
    assert again.by_rule == touched.by_rule
    assert (again.hits, again.households) == (touched.hits, 1)


def test_repeat_of_a_run_after_an_upload_follows_nobody_who_moved(world: World) -> None:
    touched = screened(upload=pay(world, "韦甲").upload)
    person = world.people["韦甲"]
    type(person).objects.filter(pk=person.pk).update(household=world.people["蓝甲"].household_id)
    again = carried_out(repeat_screening(acting=world.county_officer, run_id=touched.pk))
    assert again.households == 1
    assert ScreeningRun.objects.get(pk=again.pk).frozen["households"] == [world.household.pk]


def test_nothing_is_left_of_the_recomputing(world: World) -> None:
    pay(world, "韦甲")
    first = screened()
    pay(world, "蓝甲")
    second = screened()
    before = list(Alert.objects.order_by("pk").values_list("pk", "version", "state"))
    runs = ScreeningRun.objects.count()
    compared(world, first, second)
    assert list(Alert.objects.order_by("pk").values_list("pk", "version", "state")) == before
    assert ScreeningRun.objects.count() == runs


def test_shards_are_recomputed_as_they_were(world: World, settings: Any) -> None:
    pay(world, "韦甲"), pay(world, "黄甲")
    settings.SCREENING_SHARDS, settings.SCREENING_SHARD_LEAST = 2, 0
    in_two = screened()
    settings.SCREENING_SHARDS = 1
    told = compared(world, in_two, screened())
    assert (in_two.shards.count(), sum(rule.differ for rule in told.values())) == (2, 0)


def test_examples_are_capped_and_of_every_kind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "MOST_EXAMPLES", 2)
    pay(world, "韦甲"), pay(world, "黄甲")
    first = screened()
    pay(world, "韦甲", "90000"), pay(world, "蓝甲"), pay(world, "黄甲", "-30000")
    told = compared(world, first, screened())["MED-01"]
    assert counts(told) == (1, 1, 1, 0)
    assert len({example[0] for example in told.examples}) == 2


def test_names_are_of_those_in_sight_only(world: World) -> None:
    first = screened()
    pay(world, "韦甲"), pay(world, "蓝甲")
    told = compared(world, first, screened())["MED-01"]
    assert "韦甲" not in str(RunComparison.objects.get().results)
    seen, elsewhere = examples_of(world.county_officer, told)
    assert ({e.home.head.name for e in seen}, elsewhere) == ({"韦甲", "蓝甲"}, 0)
    seen, elsewhere = examples_of(world.other_township_officer, told)
    assert len(seen) + elsewhere == 2
    assert "韦甲" not in {e.home.head.name for e in seen}
    assert examples_of(world.stranger, told) == ([], 2)


def test_asking_twice_gives_the_same_comparison(world: World) -> None:
    first, second = screened(), screened()
    asked = [
        request_comparison(acting=world.county_officer, first_id=a.pk, second_id=b.pk)
        for a, b in ((first, second), (second, first))
    ]
    assert asked[0] == asked[1]
    assert AuditEntry.objects.filter(verb="requested_comparison").count() == 1


@pytest.mark.parametrize("place", [0, 1])
def test_an_unfinished_run_is_refused(world: World, place: int) -> None:
    pks = [screened().pk, screened().pk]
    ScreeningRun.objects.filter(pk=pks[place]).update(job_state="stopped")
    with pytest.raises(Refusal, match=f"第 {pks[place]} 次研判没有完成"):
        request_comparison(acting=world.county_officer, first_id=pks[0], second_id=pks[1])


def test_a_run_beside_itself_is_refused(world: World) -> None:
    pk = screened().pk
    with pytest.raises(Refusal, match="另一次"):
        request_comparison(acting=world.county_officer, first_id=pk, second_id=pk)


def test_a_run_that_does_not_exist_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        request_comparison(acting=world.county_officer, first_id=screened().pk, second_id=10**9)


def test_runs_without_a_common_household_are_refused(world: World) -> None:
    runs = [screened(upload=pay(world, name).upload) for name in ("韦甲", "蓝甲")]
    with pytest.raises(Refusal, match="没有重合"):
        request_comparison(acting=world.county_officer, first_id=runs[0].pk, second_id=runs[1].pk)


@pytest.mark.parametrize("who", ["township_officer", "leader", "worker_1", "stranger"])
def test_only_who_may_screen_may_compare(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        request_comparison(
            acting=getattr(world, who), first_id=screened().pk, second_id=screened().pk
        )


def test_the_sweep_carries_out_what_the_bell_lost_and_gives_up_in_the_end(world: World) -> None:
    first, second, third = screened(), screened(), screened()
    officer = world.county_officer
    lost = request_comparison(acting=officer, first_id=first.pk, second_id=second.pk)
    dead = request_comparison(acting=officer, first_id=first.pk, second_id=third.pk)
    RunComparison.objects.filter(pk=dead.pk).update(attempt=5)
    sweep_comparisons()
    states = dict(RunComparison.objects.values_list("pk", "job_state"))
    assert states == {lost.pk: "done", dead.pk: "failed"}
    with pytest.raises(Refusal, match="没有失败"):
        retry_comparison(acting=officer, comparison_id=lost.pk)
    retry_comparison(acting=officer, comparison_id=dead.pk)
    assert perform_comparison(dead.pk)


def test_a_comparison_that_breaks_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_comparison(
        acting=world.county_officer, first_id=screened().pk, second_id=screened().pk
    )

    def dies(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(comparisons, "screen", dies)
        perform_comparison(asked.pk)
    asked.refresh_from_db()
    assert (asked.job_state, asked.job_error) == ("waiting", comparisons.INTERRUPTED)
    RunComparison.objects.update(not_before=None)
    assert perform_comparison(asked.pk)
