"""Visits: filed once by the id made where the form was filled; corrected by a new version."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.work_items import visiting_role
from grid.models import (
    Account,
    Household,
    Outcome,
    Visit,
    VisitReport,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)
from grid.visit_form import FORM_VERSION, read_answers
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal

OLDEST = timedelta(days=31)  # a visit kept on a phone without signal may arrive late
CLOCK_SLACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one purpose."""

    purpose_id: int
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the form says of one visit, before it is checked. `phone_time_at`: by a wrong clock."""

    visited_at: datetime | None
    mode: str
    answers: Mapping[str, Any]
    note: str
    form_version: int
    phone_time_at: datetime | None


class Incomplete(Refusal):
    """The form lacks or misstates something; `errors` has one sentence per field."""

    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(f"还有 {len(errors)} 处要处理。", code="incomplete")
        self.errors = dict(errors)


@transaction.atomic
def file_visit(
    *,
    acting: Account,
    visit_id: uuid.UUID,
    item: WorkItem,
    visited_at: datetime | None,
    mode: str,
    answers: Mapping[str, Any],
    reports: list[Report],
    note: str = "",
    confirmed: bool = True,
    form_version: int = FORM_VERSION,
    phone_time_at: datetime | None = None,
    known_purposes_only: bool = False,
) -> Visit:
    """Record one visit and report on every wanted purpose. The same id again returns the first.

    A phone that was off line knows only the purposes it carried out: with `known_purposes_only`
    those it did not report stay wanted and keep the item open. `phone_time_at` is what a wrong
    clock said. Raises Incomplete (errors by field), NotAllowed, Overtaken.
    """
    # Behind the lock: a second click waits for the first, a screening may be adding a purpose.
    WorkItem.objects.select_for_update().filter(pk=item.pk).first()
    if kept := Visit.objects.filter(pk=visit_id).first():
        if kept.by_id != acting.pk or kept.work_item_id != item.pk:
            raise Refusal("这个走访编号已被别的记录使用，请重新打开表单。", code="visit_id_used")
        return kept
    role = visiting_role(acting, item.code)
    if role is None:
        raise NotAllowed("您在这个网格没有可以入户的在任职务。")
    purposes = {
        p.pk: p
        for p in WorkItemPurpose.objects.select_for_update().filter(
            work_item=item, state=WorkItemPurpose.State.WANTED
        )
    }
    if not purposes:
        raise Overtaken("这一户已经有人回传或已办结，请返回列表刷新。")
    left = len(purposes)
    if known_purposes_only:
        reports = [r for r in reports if r.purpose_id in purposes]
        purposes = {r.purpose_id: purposes[r.purpose_id] for r in reports}
        if not purposes:
            raise Overtaken("这次走访核实的事由都已撤销或已有人回传。")
    left -= len(purposes)
    kinds = {purpose.kind for purpose in purposes.values()}
    said = Said(visited_at, mode, answers, note, form_version, phone_time_at)
    values, errors = _checked(said, kinds)
    errors |= _report_errors(reports, purposes, mode)
    if not confirmed:
        errors["confirmed"] = "请确认以上内容是本人核实。"
    if errors:
        raise Incomplete(errors)
    state = WorkItem.State.TO_VISIT if left else WorkItem.State.VISITED
    changed = WorkItem.objects.filter(pk=item.pk, state=WorkItem.State.TO_VISIT).update(
        state=state,
        visited_at=timezone.now(),
        returned_because="",
        version=F("version") + 1,
    )
    if not changed:
        raise Overtaken("这一户已经有人回传或已办结，请返回列表刷新。")
    item.state = state
    visit = _kept(
        said,
        values,
        visit_id=visit_id,
        by=acting,
        household_id=item.household_id,
        code=item.code,
        item=item,
    )
    VisitReport.objects.bulk_create(
        VisitReport(visit=visit, purpose_id=r.purpose_id, outcome=r.outcome, note=r.note)
        for r in reports
    )
    WorkItemPurpose.objects.filter(pk__in=purposes).update(state=WorkItemPurpose.State.REPORTED)
    WorkItemEvent.objects.create(
        work_item=item,
        verb=WorkItemEvent.Verb.VISITED,
        by_name=acting.name,
        sentence=f"{role.label}{Visit.Mode(mode).label}，{len(reports)} 项结果",
    )
    record(acting=acting, verb="filed_visit", subject=visit, detail={"work_item": item.pk})
    return visit


def _kept(
    said: Said,
    values: dict[str, Any],
    *,
    visit_id: uuid.UUID,
    by: Account,
    household_id: int,
    code: str,
    item: WorkItem | None = None,
) -> Visit:
    """The visit's row, with the answers as they were read."""
    assert said.visited_at is not None  # _checked() asked for it
    return Visit.objects.create(
        id=visit_id,
        work_item=item,
        household_id=household_id,
        code=code,
        by=by,
        visited_at=said.visited_at,
        phone_time_at=said.phone_time_at,
        mode=said.mode,
        form_version=said.form_version,
        answers=values,
        note=said.note,
    )


def _checked(said: Said, kinds: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The answers read, and what is wrong. Nobody met means only a note is asked."""
    errors: dict[str, str] = {}
    now = timezone.now()
    if said.visited_at is None:
        errors["visited_on"] = "走访日期写成年-月-日，例如 2026-11-24。"
    elif not now - OLDEST <= said.visited_at <= now + CLOCK_SLACK:
        errors["visited_on"] = "走访时间应在最近 31 天内，不能晚于现在。"
    if said.mode not in Visit.Mode.values:
        errors["mode"] = "请选择走访方式。"
    values: dict[str, Any] = {}
    if said.mode == Visit.Mode.NOT_MET:
        if len(said.note.strip()) < 4:
            errors["note"] = "没有见到人，请写明去了几次、问了谁（至少 4 个字）。"
    else:
        day = timezone.localdate(said.visited_at) if said.visited_at else None
        read = read_answers(said.answers, version=said.form_version, kinds=kinds, on=day)
        values = read.values
        errors |= {f"q_{name}": sentence for name, sentence in read.errors.items()}
    return values, errors


def _report_errors(
    reports: list[Report], purposes: Mapping[int, WorkItemPurpose], mode: str
) -> dict[str, str]:
    errors: dict[str, str] = {}
    given = {r.purpose_id: r for r in reports}
    for pk, purpose in purposes.items():
        report = given.get(pk)
        if report is None or report.outcome not in Outcome.values:
            errors[f"outcome_{pk}"] = f"请选择“{purpose.title}”的核实结果。"
        elif mode == Visit.Mode.NOT_MET and report.outcome not in _WITHOUT_MEETING:
            errors[f"outcome_{pk}"] = "没有见到人，只能选“联系不上”或“死亡或迁出”。"
        elif report.outcome != Outcome.NO_RISK_SELF_SOLVED and len(report.note.strip()) < 4:
            errors[f"outcome_note_{pk}"] = "请写明依据（至少 4 个字）。"
    if set(given) - set(purposes):
        errors["reports"] = "核查事由已经变化，请刷新页面后再提交。"
    return errors


_WITHOUT_MEETING = {Outcome.NOT_CONTACTABLE, Outcome.DECEASED_OR_MOVED}


@transaction.atomic
def file_extra_visit(
    *,
    acting: Account,
    visit_id: uuid.UUID,
    household: Household,
    visited_at: datetime | None,
    mode: str,
    answers: Mapping[str, Any],
    kinds: Collection[str] = (),
    note: str = "",
    form_version: int = FORM_VERSION,
    phone_time_at: datetime | None = None,
) -> Visit:
    """A visit nobody asked for, or that somebody else reported first: kept, it closes nothing.

    Raises Incomplete, NotAllowed.
    """
    if visiting_role(acting, household.cell_id) is None:
        raise NotAllowed("您在这个网格没有可以入户的在任职务。")
    said = Said(visited_at, mode, answers, note, form_version, phone_time_at)
    values, errors = _checked(said, kinds)
    if errors:
        raise Incomplete(errors)
    visit = _kept(
        said,
        values,
        visit_id=visit_id,
        by=acting,
        household_id=household.pk,
        code=household.cell_id,
    )
    record(acting=acting, verb="filed_extra_visit", subject=visit)
    return visit


@transaction.atomic
def correct_visit(
    *,
    acting: Account,
    visit: Visit,
    reason: str,
    answers: Mapping[str, Any],
    note: str,
    visit_id: uuid.UUID | None = None,
) -> Visit:
    """A new version of a visit's answers, by the one who made it; the old one stays."""
    if visit.by_id != acting.pk:
        raise NotAllowed("只能更正自己的走访记录。")
    if len(reason.strip()) < 4:
        raise Refusal("请写明更正的原因（至少 4 个字）。", code="reason_missing")
    if Visit.objects.filter(corrects=visit).exists():
        raise Overtaken("这次走访已经更正过，请打开最新版本再改。")
    values = _checked_again(visit, answers, note)
    fresh = Visit.objects.create(
        id=visit_id or uuid.uuid4(),
        work_item_id=visit.work_item_id,
        household_id=visit.household_id,
        code=visit.code,
        by=acting,
        visited_at=visit.visited_at,
        mode=visit.mode,
        form_version=visit.form_version,
        answers=values,
        note=note,
        corrects=visit,
        correction_reason=reason,
    )
    record(acting=acting, verb="corrected_visit", subject=fresh, reason=reason)
    return fresh


def _checked_again(visit: Visit, answers: Mapping[str, Any], note: str) -> dict[str, Any]:
    """The corrected answers in the wording the visit was made in. Raises Incomplete."""
    if visit.mode == Visit.Mode.NOT_MET:
        if len(note.strip()) < 4:
            raise Incomplete({"note": "没有见到人，请写明去了几次、问了谁（至少 4 个字）。"})
        return {}
    kinds = kinds_of(visit)
    day = timezone.localdate(visit.visited_at)
    read = read_answers(answers, version=visit.form_version, kinds=kinds, on=day)
    if read.errors:
        raise Incomplete({f"q_{name}": s for name, s in read.errors.items()})
    return read.values


def kinds_of(visit: Visit) -> set[str]:
    """The purpose kinds a visit answered; a correction answers those of the first version."""
    first = visit
    while first.corrects is not None:
        first = first.corrects
    return set(first.reports.values_list("purpose__kind", flat=True))
