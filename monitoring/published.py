"""Rules as people read them: what is in force, with its figures, its versions and its record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Q, QuerySet

from grid.roles import Level
from monitoring.actions.figures import also_used_by, figures_in_force
from monitoring.models import BackTest, Rule, RuleVersion, Threshold
from monitoring.rules.definition import BadRule, threshold_keys
from monitoring.rules.wording import Change, Phrase, diff, figure_words, phrases, summary
from monitoring.verdicts import Rate, rates, rates_by_month
from yizhou.audit import AuditEntry
from yizhou.audit_words import VERBS
from yizhou.refusals import NotFound

RECORD_MONTHS = 12
SOON = timedelta(days=30)
State = RuleVersion.State


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in the list: its version in force, its draft, its record of twelve months."""

    rule: Rule
    version: RuleVersion | None
    draft: RuleVersion | None
    rate: Rate
    unconfirmed: int
    summary: str
    standing: str
    review: str  # "", soon or late


def rule_rows(alerts: "QuerySet[Any]", *, today: date) -> list[RuleRow]:
    """Every rule; `alerts` narrowed by sight. The number of queries does not grow with rules."""
    in_force: dict[str, RuleVersion] = {}
    later: dict[str, RuleVersion] = {}
    drafts: dict[str, RuleVersion] = {}
    current = Q(state__in=[State.DRAFT, State.SUBMITTED]) | (
        Q(state=State.PUBLISHED) & (Q(until_on=None) | Q(until_on__gt=today))
    )
    for version in RuleVersion.objects.filter(current).select_related("written_by"):
        if version.state != State.PUBLISHED:
            drafts[version.rule_id] = version
        elif version.from_on and version.from_on > today:
            later[version.rule_id] = version
        else:
            in_force[version.rule_id] = version
    open_lines = set(
        Threshold.objects.on(today)
        .filter(area__level=Level.COUNTY, is_confirmed=False)
        .values_list("key", flat=True)
    )
    record = rates(alerts.filter(opened_at__date__gt=_since(today)), today=today)
    return [
        _row(rule, in_force, later, drafts, open_lines, record, today)
        for rule in Rule.objects.order_by("code")
    ]


def _row(
    rule: Rule,
    in_force: Mapping[str, RuleVersion],
    later: Mapping[str, RuleVersion],
    drafts: Mapping[str, RuleVersion],
    open_lines: set[str],
    record: Mapping[str, Rate],
    today: date,
) -> RuleRow:
    version = in_force.get(rule.code)
    coming, draft = later.get(rule.code), drafts.get(rule.code)
    if coming:
        standing = f"第 {coming.number} 版 {coming.from_on} 起用"
    else:
        standing = "" if version or draft else "已停用"
    return RuleRow(
        rule=rule,
        version=version,
        draft=draft,
        rate=record.get(rule.code, Rate(rule.code, None)),
        unconfirmed=len(_keys(version) & open_lines),
        summary=_summary(version or coming or draft),
        standing=standing,
        review=_review(version, today),
    )


def _since(today: date) -> date:
    return today - relativedelta(months=RECORD_MONTHS)


def _keys(version: RuleVersion | None) -> set[str]:
    try:
        return threshold_keys(version.definition) if version else set()
    except BadRule:
        return set()


def _summary(version: RuleVersion | None) -> str:
    """Empty for a wording of an older language, which the check no longer accepts."""
    try:
        return summary(version.definition) if version and _readable(version) else ""
    except BadRule:
        return ""


def _readable(version: RuleVersion) -> bool:
    try:
        threshold_keys(version.definition)
    except BadRule:
        return False
    return True


def _review(version: RuleVersion | None, today: date) -> str:
    if version is None or version.review_on > today + SOON:
        return ""
    return "late" if version.review_on < today else "soon"


# ---- one rule ----


@dataclass(slots=True)
class RulePage:
    """Everything the page of a rule says."""

    rule: Rule
    version: RuleVersion | None  # in force today, else the one that comes or was last
    in_force: bool
    standing: RuleVersion | None  # published without an end: what may be retired
    draft: RuleVersion | None
    phrases: list[Phrase]
    lines: list[dict[str, Any]]
    months: list[Rate]
    total: Rate
    versions: list[RuleVersion]
    back_tests: list[BackTest]
    events: list[dict[str, Any]] = field(default_factory=list)


def rule_page(code: str, alerts: "QuerySet[Any]", *, today: date) -> RulePage:
    """Raises NotFound."""
    rule = Rule.objects.filter(pk=code).first()
    if rule is None:
        raise NotFound("没有这条规则。")
    versions = list(rule.versions.select_related("written_by", "published_by").order_by("-number"))
    published = [v for v in versions if v.state == State.PUBLISHED]
    now = next((v for v in published if _holds(v, today)), None)
    version = now or next(iter(published), None)
    own = alerts.filter(rule=rule, opened_at__date__gt=_since(today))
    return RulePage(
        rule=rule,
        version=version,
        in_force=now is not None,
        standing=next((v for v in published if v.until_on is None), None),
        draft=next((v for v in versions if v.state in (State.DRAFT, State.SUBMITTED)), None),
        phrases=words_of(version, today) if version else [],
        lines=lines_of(version, today) if version else [],
        months=rates_by_month(own, today=today),
        total=rates(own, today=today).get(code, Rate(code, None)),
        versions=versions,
        back_tests=back_tests_of(code)[:5],
        events=events_of(versions),
    )


def _holds(version: RuleVersion, day: date) -> bool:
    begun = version.from_on is not None and version.from_on <= day
    return begun and (version.until_on is None or version.until_on > day)


def day_of(version: RuleVersion, today: date) -> date:
    """The day whose figures explain a version: today, or its last day, or its first one."""
    if version.state != State.PUBLISHED or version.from_on is None:
        return today
    if version.until_on and version.until_on <= today:
        return max(version.from_on, version.until_on - timedelta(days=1))
    return max(version.from_on, today)


def figures_of(version: RuleVersion, today: date) -> dict[str, dict[str, Any]]:
    """The figures of a version's day by key; a draft's proposals in place of what is in force."""
    proposed = {} if version.state == State.PUBLISHED else version.figures
    return figures_in_force(day_of(version, today), proposed)


def words_of(version: RuleVersion, today: date) -> list[Phrase]:
    """Nothing for a wording of an older language."""
    if not _readable(version):
        return []
    return phrases(version.definition, figure_words(figures_of(version, today)))


def lines_of(version: RuleVersion, today: date) -> list[dict[str, Any]]:
    """The figures a version compares with, proposals marked, and who else uses them."""
    keys = _keys(version)
    figures = figures_of(version, today)
    others = also_used_by(keys, but=version.rule_id)
    proposed = version.figures if version.state != State.PUBLISHED else {}
    return [
        {
            "key": key,
            "proposed": key in proposed,
            "others": others.get(key, []),
            **figures.get(key, {"label": key, "value": "", "unit": "", "source": ""}),
        }
        for key in sorted(keys)
    ]


def changes_of(old: RuleVersion, new: RuleVersion, today: date) -> list[Change]:
    """What the new version says otherwise, figures included."""
    if not (_readable(old) and _readable(new)):
        return []
    return diff(
        old.definition,
        new.definition,
        old_figures=figure_words(figures_of(old, today)),
        new_figures=figure_words(figures_of(new, today)),
    )


def events_of(versions: Iterable[RuleVersion]) -> list[dict[str, Any]]:
    """What was done to the versions and by whom, latest first. Rules are no secret."""
    numbers = {str(v.pk): v.number for v in versions}
    entries = AuditEntry.objects.filter(
        subject_type=RuleVersion._meta.label_lower, subject_id__in=list(numbers)
    ).exclude(verb__in=["exported_rule"])[:60]
    return [
        {
            "at": entry.at,
            "by": entry.actor_name,
            "what": VERBS.get(entry.verb, entry.verb),
            "reason": entry.reason,
            "number": numbers[entry.subject_id],
        }
        for entry in entries
    ]


def titles_of(codes: Iterable[str]) -> dict[str, str]:
    return dict(Rule.objects.filter(pk__in=list(codes)).values_list("code", "title"))


# ---- single rows ----


def draft_of(code: str) -> RuleVersion:
    """The rule's draft or submitted version. Raises NotFound."""
    found = (
        RuleVersion.objects.filter(rule=code, state__in=[State.DRAFT, State.SUBMITTED])
        .select_related("rule", "based_on", "written_by")
        .first()
    )
    if found is None:
        raise NotFound("这条规则没有草稿。可在规则页起草新版。")
    return found


def version_of(code: str, number: int) -> RuleVersion:
    """Raises NotFound."""
    found = RuleVersion.objects.filter(rule=code, number=number)
    version = found.select_related("rule", "based_on", "written_by", "published_by").first()
    if version is None:
        raise NotFound("没有这个版本。")
    return version


def versions_of(code: str) -> list[RuleVersion]:
    """All versions whose content can still be read, latest first. Raises NotFound when no rule."""
    if not Rule.objects.filter(pk=code).exists():
        raise NotFound("没有这条规则。")
    rows = RuleVersion.objects.filter(rule=code).select_related("rule").order_by("-number")
    return [version for version in rows if _readable(version)]


def back_tests_of(code: str) -> list[BackTest]:
    rows = BackTest.objects.filter(rule_version__rule=code).select_related(
        "rule_version", "asked_by"
    )
    return list(rows[:20])


def back_test_of(code: str, pk: int) -> BackTest:
    """Raises NotFound."""
    found = BackTest.objects.filter(rule_version__rule=code, pk=pk)
    test = found.select_related("rule_version__rule", "asked_by").first()
    if test is None:
        raise NotFound("没有这次回测。")
    return test
