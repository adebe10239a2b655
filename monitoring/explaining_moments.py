"""Which moment is explained: a run's frozen inputs, a past day, or now; and what differs."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from django.db.models import Min
from django.utils import timezone

from grid.models import Household, HouseholdPast
from monitoring.actions.freezing import freeze, frozen_of
from monitoring.engine.frozen import Frozen, FrozenRule
from monitoring.explaining import Explanation, explain
from monitoring.models import Alert, AlertState, Rule, RuleVersion, ScreeningRun, Upload
from yizhou.refusals import Refusal

OPEN_LINE = "如果想用后来收到的数据看那一天，请在“数据截至”里填一个更晚的时刻。"


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule at one moment. `run`: the screening of that day whose inputs these are."""

    frozen: Frozen
    rule: FrozenRule
    run: ScreeningRun | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is no longer as it was: a measure, a figure, the rule, the result."""

    what: str
    then: str
    now: str


def rules_to_choose() -> list[tuple[str, str]]:
    """Every rule that was ever published."""
    rules = Rule.objects.filter(versions__state=RuleVersion.State.PUBLISHED).distinct()
    return [(rule.pk, f"{rule.pk} {rule.title}") for rule in rules.order_by("code")]


def explained_alert(alert: Alert) -> tuple[Explanation, list[Difference]]:
    """The alert as its run saw it, and what is different now. Raises Refusal."""
    withdrawn = alert.state == AlertState.WITHDRAWN
    runs = [alert.opened_in, alert.changed_in]
    for run in runs if withdrawn else reversed(runs):
        if alert.rule_id in run.frozen.get("rules", {}):
            frozen = frozen_of(run, rules=[alert.rule_id])
            then = explain(frozen, frozen.rules[0], alert.household)
            return then, _differs_now(then, alert.household)
    raise Refusal("产生这条预警的研判批次没有留下输入，不能重算。请看农户档案里的依据记录。")


def _differs_now(then: Explanation, household: Household) -> list[Difference]:
    code = then.version.rule_id
    frozen = freeze(as_of=timezone.localdate())
    rule = next((r for r in frozen.rules if r.rule_id == code), None)
    if rule is None:
        return [Difference("规则", f"第 {then.version.number} 版", "已停用")]
    return differences(then, explain(frozen, rule, household))


def differences(then: Explanation, now: Explanation) -> list[Difference]:
    """What changed between two explanations of one rule and household."""
    found = []
    if then.version.pk != now.version.pk:
        versions = (f"第 {e.version.number} 版" for e in (then, now))
        found.append(Difference("规则版本", *versions))
    figures = {f.key: f.value for f in now.figures}
    found += [
        Difference(f.label or f.key, f.value, figures[f.key])
        for f in then.figures
        if f.key in figures and figures[f.key] != f.value
    ]
    after = {s.person_id: s for s in now.subjects}
    for subject in then.subjects:
        found += _subject_differs(subject, after.get(subject.person_id))
    return found


def _subject_differs(then: Any, now: Any) -> list[Difference]:
    who = f"{then.who}：" if then.person_id else ""
    if now is None:
        return [Difference(f"{who}是否在研判范围", "在", "不在（已去世、迁出或销户）")]
    values = {what: shown for what, shown, _ in now.measures}
    pairs = [(what, shown, values[what]) for what, shown, _ in then.measures if what in values]
    pairs += [("标准线", then.line, now.line), ("结果", _result(then), _result(now))]
    return [Difference(f"{who}{what}", was, is_) for what, was, is_ in pairs if was != is_]


def _result(subject: Any) -> str:
    return f"符合，{subject.severity_label}色" if subject.fires else "不符合"


def asked(household: Household, code: str, day: date, known_by: datetime | None) -> Asked:
    """The rule as it was in force on a day, over what was known then or by `known_by`.

    Where that day was screened, its last run's own inputs. Raises Refusal with what to do.
    """
    now = timezone.now()
    if day > timezone.localdate():
        raise Refusal(f"研判日不能晚于今天（{timezone.localdate()}）。", code="future")
    if known_by is not None and known_by > now:
        raise Refusal("“数据截至”不能晚于现在。", code="future")
    run = None if known_by else _run_of(day, code)
    if run is not None:
        frozen = frozen_of(run, rules=[code])
    elif known_by is None and day == timezone.localdate():
        frozen = freeze(as_of=day)
    else:
        frozen = freeze(as_of=day, known_at=known_by or min(now, _end_of(day)))
    rule = next((r for r in frozen.rules if r.rule_id == code), None)
    if rule is None:
        raise Refusal(_not_in_force(code, day), code="not_in_force")
    _check_known(household, frozen.known_at)
    return Asked(replace(frozen, rules=[rule]), rule, run)


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.max))


def _run_of(day: date, code: str) -> ScreeningRun | None:
    return (
        ScreeningRun.objects.filter(
            as_of=day, job_state="done", known_at__isnull=False, frozen__rules__has_key=code
        )
        .exclude(kind=ScreeningRun.Kind.REPEAT)
        .order_by("-known_at")
        .first()
    )


def _not_in_force(code: str, day: date) -> str:
    versions = RuleVersion.objects.published().filter(rule=code)
    first = versions.aggregate(first=Min("from_on"))["first"]
    rule = Rule.objects.filter(pk=code).first()
    if rule is None or first is None:
        return "没有这条规则，或它还没有发布。请另选一条。"
    if day < first:
        return f"规则“{rule.title}”{first} 起用，{day} 还没有生效。请选 {first} 以后的日期。"
    return f"规则“{rule.title}”{day} 已停用。请选它生效期间的日期。"


def _check_known(household: Household, moment: datetime) -> None:
    """Whether there was anything to screen: data of any department, and the household itself."""
    first = Upload.objects.aggregate(first=Min("merged_at"))["first"]
    if first is None:
        raise Refusal("还没有任何部门数据入库，无从研判。", code="no_data")
    if moment < first:
        raise Refusal(
            f"{_said(moment)} 还没有部门数据入库，最早的一批是 {_said(first)} 入库的。{OPEN_LINE}",
            code="no_data",
        )
    past = HouseholdPast.objects.filter(household=household).aggregate(first=Min("entered_at"))
    entered = min(filter(None, (past["first"], household.entered_at)), default=moment)
    if moment < entered:
        raise Refusal(
            f"这一户 {_said(entered)} 才登记，{_said(moment)} 系统里还没有。{OPEN_LINE}",
            code="not_registered",
        )


def _said(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def answer(told: Explanation, question: Asked, household: Household) -> str:
    """One sentence: whether the rule fired on that day, and what decided it."""
    day, title = question.frozen.as_of, told.version.rule.title
    if not told.subjects:
        return f"{day} 这一户已销户，或没有在世的成员，不参加研判。"
    if told.fires:
        label = told.shown[0].severity_label
        return f"{day} 符合“{title}”，为{label}色：{told.sentence}。" + _followed(
            told, question, household
        )
    changes = told.shown[0].changes
    who = f"{told.shown[0].who}最接近：" if told.shown[0].person_id else ""
    return f"{day} 没有达到“{title}”的条件。" + (f"{who}{changes[0]}" if changes else "")


def _followed(told: Explanation, question: Asked, household: Household) -> str:
    """Why there was an alert or none although the rule fired."""
    if told.effect != "预警":
        return f"这条规则只{told.effect}，自己不产生预警。"
    moment, run = question.frozen.known_at, question.run
    # The run that froze at this moment wrote its alerts a little later.
    written = (run.finished_at if run else None) or moment
    alerts = Alert.objects.filter(
        household=household, rule=told.version.rule_id, opened_at__lte=written
    ).order_by("-opened_at")
    last = alerts.first()
    if last is not None and (last.closed_at is None or last.closed_at > moment):
        return f"当时已有这条预警（{_said(last.opened_at)} 产生）。"
    if run is None:
        return "但当时没有按这些数据研判，所以没有产生预警。"
    if "overfull" in run.by_rule.get(told.version.rule_id, {}):
        return "但那次研判这条规则命中过多，整条没有采用。"
    if last is not None and last.closed_at is not None:
        days = told.cool_down_days
        return f"上一次已于 {_said(last.closed_at)} 办结，{days} 天内没有新情况不重复预警。"
    return "但那次研判没有看这一户（只看数据有变化的户）。"
