"""A rule from a file: read without trust, checked like any draft, entered as one."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.models import Account
from grid.roles import Act
from grid.scope import require
from monitoring.actions.figures import checked_figures, figures_in_force, lacking
from monitoring.actions.rule_drafts import begin_draft, checked_words, new_rule
from monitoring.actions.rules import FORMAT, REVIEWED_WITHIN
from monitoring.models import Rule, RuleVersion
from monitoring.rules.definition import check_definition
from yizhou.audit import record
from yizhou.refusals import Refusal

LARGEST_FILE = 200_000  # bytes; the largest shipped rule is 9 kB
KNOWN = frozenset(
    {
        *("format", "code", "title", "risk", "owner", "source", "why", "review_on", "in_words"),
        *("definition", "thresholds"),
    }
)


@transaction.atomic
def import_rule(*, acting: Account, content: bytes) -> RuleVersion:
    """The rule of a file (export_rule) as a draft. Raises BadRule or Refusal and keeps nothing."""
    require(acting, Act.WRITE_RULES)
    given = _read(content)
    check_definition(given.get("definition"))
    figures = _proposed(_thresholds(given.get("thresholds", [])))
    if missing := lacking(given["definition"], figures, timezone.localdate()):
        raise Refusal(f"文件里的规则不完整：{missing[0]}", code="file")
    words = checked_words(
        source=str(given.get("source") or ""),
        why=str(given.get("why") or "从文件导入"),
        review_on=_day(given.get("review_on")),
    )
    code = str(given.get("code") or "")
    rule = Rule.objects.select_for_update().filter(pk=code).first()
    base = rule.versions.published().order_by("-from_on").first() if rule else None
    if rule is None:
        title, risk, owner = (str(given.get(name) or "") for name in ("title", "risk", "owner"))
        rule = new_rule(code, title, risk, owner)
    version = begin_draft(
        acting, rule, definition=given["definition"], figures=figures, based_on=base, **words
    )
    record(acting=acting, verb="imported_rule", subject=version)
    return version


def _read(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST_FILE:
        raise Refusal("文件太大，不像一条规则（最大 200 KB）。", code="file")
    try:
        given = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Refusal(
            "文件不是有效的 JSON。请用“导出”得到的文件修改后再导入。", code="file"
        ) from None
    if not isinstance(given, Mapping) or given.get("format") != FORMAT:
        raise Refusal(f"不是规则文件：format 应为 {FORMAT}。请用“导出”得到的文件。", code="file")
    if unknown := sorted(set(given) - KNOWN):
        raise Refusal(f"规则文件里不认识“{'、'.join(unknown)}”。", code="file")
    return given


def _thresholds(given: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(t, Mapping) for t in given):
        raise Refusal(
            "thresholds（标准线）应为列表，每条写 key、label、value、unit、source。", code="file"
        )
    found: dict[str, Any] = {}
    for figure in given:
        key = str(figure.get("key") or "")
        if key in found:
            raise Refusal(f"标准线“{key}”写了两次。", code="file")
        found[key] = {name: part for name, part in figure.items() if name != "key"}
    return checked_figures(found)


def _proposed(figures: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Those that are not in force already, just so."""
    known = figures_in_force(timezone.localdate(), {})

    def same(key: str) -> bool:
        old, new = known.get(key), figures[key]
        return (
            old is not None
            and Decimal(old["value"]) == Decimal(new["value"])
            and (old["unit"], old["source"]) == (new["unit"], new["source"])
        )

    return {key: figure for key, figure in figures.items() if not same(key)}


def _day(text: Any) -> date:
    """The review date of the file; one that has passed becomes a year from now."""
    today = timezone.localdate()
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return today + REVIEWED_WITHIN
    return day if day > today else today + REVIEWED_WITHIN
