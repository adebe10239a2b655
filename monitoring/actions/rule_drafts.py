"""Drafts of rules: started, changed, submitted, returned, discarded, published by a second person.

A rule has at most one draft. Whoever wrote any part of it may not publish it: its writers are read
from the audit trail, which nobody can change.
"""

import re
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from grid.models import Account, Post
from grid.roles import ROLES, Act
from grid.scope import require
from monitoring.actions.figures import checked_figures, enter_figures, fingerprint, lacking
from monitoring.actions.rules import REVIEWED_WITHIN, next_number
from monitoring.models import Rule, RuleVersion
from monitoring.rules.definition import check_definition
from yizhou.audit import AuditEntry, record
from yizhou.audit_words import VERBS
from yizhou.refusals import Overtaken, Refusal, broken_constraint, reason_given

RULE_CODE = re.compile(r"[A-Z]{2,6}-[0-9]{2,3}")
WRITING = ("started_draft", "changed_draft", "imported_rule")
LONGEST_REVIEW = timedelta(days=731)
State = RuleVersion.State

# What a new rule begins with: complete, harmless and easy to change.
STARTER: dict[str, Any] = {
    "level": "household",
    "measures": {
        "paid": {
            "feed": "medical_settlement",
            "op": "sum",
            "column": "self_paid_yuan",
            "window": {"months": 12},
        }
    },
    "value": "paid",
    "lines": [{"threshold": "medical_self_paid_ordinary", "label": "监测线"}],
    "bands": [{"severity": 3, "times": 1}],
    "sentence": "近 12 个月医疗自付 {value} 元，达到{line_label} {line} 元",
    "cool_down_days": 90,
    "regrow_share": 0.2,
}


@transaction.atomic
def start_draft(*, acting: Account, code: str, based_on: RuleVersion | None = None) -> RuleVersion:
    """A draft of an existing rule, beginning as `based_on` or as the latest published version.

    Raises Refusal when the rule has a draft already.
    """
    require(acting, Act.WRITE_RULES)
    rule = Rule.objects.select_for_update().filter(pk=code).first()
    if rule is None:
        raise Refusal(f"没有规则“{code}”。", code="code")
    base = based_on or rule.versions.published().order_by("-from_on").first()
    version = begin_draft(
        acting,
        rule,
        definition=base.definition if base else STARTER,
        source=base.source if base else "待核定",
        based_on=base,
    )
    record(acting=acting, verb="started_draft", subject=version)
    return version


@transaction.atomic
def start_rule(*, acting: Account, code: str, title: str, risk: str, owner: str) -> RuleVersion:
    """A new rule with its first draft. Raises Refusal when its code is taken or words lack."""
    require(acting, Act.WRITE_RULES)
    rule = new_rule(code, title, risk, owner)
    version = begin_draft(acting, rule, definition=STARTER, source="待核定")
    record(acting=acting, verb="started_draft", subject=version)
    return version


def new_rule(code: str, title: str, risk: str, owner: str) -> Rule:
    """A rule without versions. Raises Refusal."""
    if not RULE_CODE.fullmatch(code):
        raise Refusal("编号应为大写字母加横线和数字，例如 MED-09。", code="code")
    for name, text, most in (("title", title, 60), ("risk", risk, 30), ("owner", owner, 60)):
        if not 2 <= len(text.strip()) <= most:
            words = {"title": "名称", "risk": "风险类型", "owner": "责任部门"}[name]
            raise Refusal(f"{words}应为 2 到 {most} 个字。", code=name)
    if Rule.objects.filter(pk=code).exists():
        raise Refusal(f"编号 {code} 已经有了，请换一个。", code="code")
    return Rule.objects.create(
        code=code, title=title.strip(), risk=risk.strip(), owner=owner.strip()
    )


def begin_draft(acting: Account, rule: Rule, **more: Any) -> RuleVersion:
    """A row for the draft, written by `acting`. Raises Refusal when the rule has one already."""
    under_way = rule.versions.filter(state__in=[State.DRAFT, State.SUBMITTED]).first()
    if under_way is not None:
        who = under_way.written_by.name if under_way.written_by else "系统"
        raise Refusal(
            f"{rule.code} 已有{under_way.get_state_display()}的第 {under_way.number} 版"
            f"（{who}起草）。请在它上面修改，或先作废。",
            code="draft_exists",
        )
    return RuleVersion.objects.create(
        rule=rule,
        number=next_number(rule),
        written_by=acting,
        review_on=more.pop("review_on", timezone.localdate() + REVIEWED_WITHIN),
        **more,
    )


@transaction.atomic
def change_draft(
    *,
    acting: Account,
    version: RuleVersion,
    version_seen: int,
    definition: Any,
    figures: Any,
    source: str,
    why: str,
    review_on: date | None,
) -> None:
    """Put the whole content in place of what was. Raises BadRule, Refusal, Overtaken."""
    require(acting, Act.WRITE_RULES)
    check_definition(definition)
    values = {
        "definition": definition,
        "figures": checked_figures(figures),
        **checked_words(source=source, why=why, review_on=review_on),
    }
    _move(version, version_seen, State.DRAFT, State.DRAFT, **values)
    record(acting=acting, verb="changed_draft", subject=version)


def checked_words(*, source: str, why: str, review_on: date | None) -> dict[str, Any]:
    """Source, reason and review date as they are stored. Raises Refusal."""
    if not 2 <= len(source.strip()) <= 300:
        raise Refusal("请写明依据文件，2 到 300 个字；还没有文件的写“待核定”。", code="source")
    if len(why.strip()) > 300:
        raise Refusal("修改原因最多 300 个字。", code="why")
    today = timezone.localdate()
    if review_on is None or not today < review_on <= today + LONGEST_REVIEW:
        raise Refusal("复审日期应在明天以后、两年以内，例如一年后的今天。", code="review_on")
    return {"source": source.strip(), "why": why.strip(), "review_on": review_on}


@transaction.atomic
def submit_draft(*, acting: Account, version: RuleVersion, version_seen: int) -> None:
    """Hand the draft to a second person. Raises Refusal when it is not complete."""
    require(acting, Act.WRITE_RULES)
    check_definition(version.definition)
    if missing := lacking(version.definition, version.figures, timezone.localdate()):
        raise Refusal(missing[0], code="figures")
    if version.based_on_id and len(version.why) < 2:
        raise Refusal("请写明为什么修改，发布的人要看。", code="why")
    _move(version, version_seen, State.DRAFT, State.SUBMITTED)
    record(acting=acting, verb="submitted_draft", subject=version)


@transaction.atomic
def return_draft(*, acting: Account, version: RuleVersion, version_seen: int, reason: str) -> None:
    """Back to the writer, with what is to be changed. Raises Refusal, Overtaken."""
    require(acting, Act.WRITE_RULES)
    reason = reason_given(reason, ask="请写明退回原因，2 到 200 个字。")
    _move(version, version_seen, State.SUBMITTED, State.DRAFT)
    record(acting=acting, verb="returned_draft", subject=version, reason=reason)


@transaction.atomic
def discard_draft(*, acting: Account, version: RuleVersion, version_seen: int, reason: str) -> None:
    """Give the draft up; it stays in the history. Raises Refusal, Overtaken."""
    require(acting, Act.WRITE_RULES)
    reason = reason_given(reason, ask="请写明作废原因，2 到 200 个字。")
    _move(version, version_seen, version.state, State.DISCARDED)
    record(acting=acting, verb="discarded_draft", subject=version, reason=reason)


@transaction.atomic
def publish_version(
    *, acting: Account, version: RuleVersion, version_seen: int, from_on: date
) -> None:
    """In force from a day on, with its figures; the version before ends that day.

    By somebody who wrote no part of it, after a preview of exactly this content. Raises Refusal,
    Overtaken.
    """
    require(acting, Act.WRITE_RULES)
    if why := why_not_publish(version, acting):
        raise Refusal(why, code="publish")
    if from_on < timezone.localdate():
        raise Refusal("起用日期不能早于今天：过去的研判已经有了结果。", code="from_on")
    check_definition(version.definition)
    if missing := lacking(version.definition, version.figures, from_on):
        raise Refusal(missing[0], code="figures")
    _end_previous(version.rule_id, from_on)
    try:
        with transaction.atomic():
            enter_figures(version.figures, from_on=from_on)
            _move(
                version,
                version_seen,
                State.SUBMITTED,
                State.PUBLISHED,
                from_on=from_on,
                published_by=acting,
                published_at=timezone.now(),
            )
    except IntegrityError as error:
        # Two publications at once met in one figure or one term: the other was first.
        if broken_constraint(error) in ("threshold_one_at_a_time", "rule_in_force_once"):
            raise Overtaken() from error
        raise
    record(
        acting=acting,
        verb="published_rule",
        subject=version,
        detail={"from_on": from_on.isoformat(), "figures": sorted(version.figures)},
    )


def why_not_publish(version: RuleVersion, account: Account) -> str:
    """Empty when the account may publish the version now; else the sentence of the refusal."""
    if version.state != State.SUBMITTED:
        return f"第 {version.number} 版现在是“{version.get_state_display()}”，只有提交后才能发布。"
    writers = writers_of(version)
    if account.pk in writers:
        others = "、".join(publishers(but=writers)) or "目前没有别的县级监测专员，请先任职"
        return f"起草或修改过的人不能自己发布。可以发布的有：{others}。"
    seen = version.preview
    if seen.get("hash") != fingerprint(version.definition, version.figures):
        return "内容改过以后还没有预览。请先点“预览”，看清命中多少户再发布。"
    if seen.get("overfull"):
        return (
            f"预览命中 {seen['overfull']:,} {'户' if seen['level'] == 'household' else '人'}，"
            "超过可信的上限，研判时会被拦下。请退回收紧条件。"
        )
    return ""


def writers_of(version: RuleVersion) -> set[int]:
    """Everybody who wrote a part of the version."""
    rows = _entries(version).filter(verb__in=WRITING)
    return {pk for pk in rows.values_list("actor", flat=True) if pk} | {
        pk for pk in [version.written_by_id] if pk
    }


def _entries(version: RuleVersion) -> "QuerySet[AuditEntry]":
    """What was done to the version, latest first."""
    return AuditEntry.objects.filter(
        subject_type=version._meta.label_lower, subject_id=str(version.pk)
    )


def publishers(*, but: set[int]) -> list[str]:
    """Names of the accounts that may publish what the others wrote."""
    roles = [role for role, rule in ROLES.items() if Act.WRITE_RULES in rule.acts]
    posts = Post.objects.current(timezone.localdate()).filter(
        role__in=roles, account__is_active=True
    )
    found = Account.objects.filter(pk__in=posts.values("account")).exclude(pk__in=but)
    return list(found.order_by("name").values_list("name", flat=True))


def _end_previous(rule_id: str, from_on: date) -> None:
    """The version in force on the day ends with it. Raises Refusal when it begins no earlier."""
    previous = RuleVersion.objects.published().filter(
        Q(until_on=None) | Q(until_on__gt=from_on), rule=rule_id
    )
    begun = previous.filter(from_on__gte=from_on).order_by("-from_on").first()
    if begun is not None:
        raise Refusal(
            f"第 {begun.number} 版从 {begun.from_on} 起用，新版的起用日期要晚于这一天。",
            code="from_on",
        )
    previous.update(until_on=from_on, version=F("version") + 1)


def _move(version: RuleVersion, seen: int, before: str, after: str, /, **values: Any) -> None:
    """Conditional UPDATE; two editors at once: the second is told."""
    changed = (
        RuleVersion.objects.filter(pk=version.pk, version=seen, state=before)
        .exclude(state__in=[State.PUBLISHED, State.DISCARDED])
        .update(state=after, version=F("version") + 1, changed_at=timezone.now(), **values)
    )
    if not changed:
        raise _overtaken(version)
    version.refresh_from_db()


def _overtaken(version: RuleVersion) -> Overtaken:
    """Says who was first, and with what."""
    last = _entries(version).exclude(verb__in=("exported_rule", "previewed_rule")).first()
    if last is None:
        return Overtaken()
    at = timezone.localtime(last.at)
    return Overtaken(
        f"您打开之后，别人已经处理过：{last.actor_name} {at:%m-%d %H:%M} {VERBS[last.verb]}。"
        "请看清变化后再提交。"
    )
