"""Promises to households: made, followed up at a visit, kept or not."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.work_items import VisitRequest, end_purposes, open_work_items, visiting_role
from grid.models import (
    Account,
    Household,
    Promise,
    PromiseEvent,
    Severity,
    Visit,
    VisitReport,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)
from grid.roles import Act
from grid.scope import require
from yizhou.audit import SYSTEM, record
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal, reason_given

PURPOSE = "promise"
LONGEST = timedelta(days=366)  # a promise for later than a year is none
QUESTION = "promise_kept"  # the visit form's answer: yes, no, or not asked
MOST_AT_ONCE = 500
State = Promise.State
Verb = PromiseEvent.Verb


@transaction.atomic
def make_promise(
    *,
    acting: Account,
    household: Household,
    sentence: str,
    due_on: date,
    visit: Visit | None = None,
) -> Promise:
    """What will be done for the household, and by when. The same promise again is the first one.

    Raises NotFound out of sight, NotAllowed, Refusal.
    """
    if not acting.sees(Household).filter(pk=household.pk).exists():
        raise NotFound()
    require(acting, Act.RECORD_VISIT, code=household.cell_id)
    said = " ".join(sentence.split())
    if not 4 <= len(said) <= 200:
        raise Refusal("请用一句话写明承诺做什么，4 到 200 个字。", code="sentence")
    today = timezone.localdate()
    if not today <= due_on <= today + LONGEST:
        raise Refusal("兑现日期应在今天到一年之内。", code="due_on")
    if household.dissolved_on is not None:
        raise Refusal("这一户已经销户，不能再作承诺。", code="household")
    promise, is_new = Promise.objects.get_or_create(
        household=household,
        by=acting,
        sentence=said,
        due_on=due_on,
        state=State.OPEN,
        defaults={"visit": visit},
    )
    if is_new:
        _tell(promise, Verb.MADE, acting.name, f"{due_on:%Y-%m-%d} 前：{said}")
        detail = {"household": household.pk}
        record(acting=acting, verb="made_promise", subject=promise, detail=detail)
    return promise


@transaction.atomic
def end_promise(
    *, acting: Account, promise: Promise, version_seen: int, state: str, on: date, reason: str
) -> None:
    """Kept, not kept, or withdrawn: by who made it, or by who assigns work there.

    Raises NotAllowed, Refusal without a reason for what was not kept, Overtaken.
    """
    code = promise.household.cell_id
    if promise.by_id != acting.pk and not acting.may(Act.ASSIGN_WORK, code=code):
        raise NotAllowed("这是别人的承诺。由承诺人本人，或村、乡镇负责人登记。")
    if state not in (State.KEPT, State.NOT_KEPT, State.WITHDRAWN):
        raise Refusal("请选择兑现了没有。", code="state")
    if state != State.KEPT:
        reason = reason_given(reason, ask="没有兑现或撤回，请写明原因，2 到 200 个字。")
    made_on = timezone.localdate(promise.made_at)
    if not made_on <= on <= timezone.localdate():
        raise Refusal("日期应在作出承诺之后，不能晚于今天。", code="on")
    _end(promise, version_seen, state, on, reason.strip()[:200])
    _tell(promise, Verb(state), acting.name, reason.strip())
    _drop_purpose(acting, promise, State(state).label)
    record(
        acting=acting,
        verb="ended_promise",
        subject=promise,
        reason=reason.strip()[:200],
        detail={"state": state},
    )


def _end(promise: Promise, version_seen: int, state: str, on: date, reason: str) -> None:
    ended = Promise.objects.filter(pk=promise.pk, state=State.OPEN, version=version_seen).update(
        state=state, ended_on=on, reason=reason, version=F("version") + 1
    )
    if not ended:
        raise Overtaken("这项承诺已经登记过结果。请刷新页面。")


def _drop_purpose(acting: Any, promise: Promise, sentence: str) -> None:
    end_purposes(
        acting=acting,
        kind=PURPOSE,
        subjects=[promise.pk],
        state=WorkItemPurpose.State.DROPPED,
        sentence=f"承诺{sentence}",
    )


@transaction.atomic
def follow_up_promises(*, acting: Any = SYSTEM) -> int:
    """Promises that are nearly due become a purpose of the household's visit, once each. An item
    with nothing else on it goes to who made the promise. Returns how many.
    """
    today = timezone.localdate()
    due = list(
        Promise.objects.open()
        .select_for_update(of=("self",), skip_locked=True)
        .filter(
            followed_up_at=None,
            due_on__lte=today + timedelta(days=settings.PROMISE_NOTICE_DAYS),
            household__dissolved_on=None,
        )
        .select_related("household", "by")
        .order_by("pk")[:MOST_AT_ONCE]
    )
    if not due:
        return 0
    open_work_items(acting=acting, requests=[_request(promise, today) for promise in due])
    _give_to_promisers(acting, due)
    keys = [promise.pk for promise in due]
    Promise.objects.filter(pk__in=keys).update(followed_up_at=timezone.now())
    for promise in due:
        _tell(promise, Verb.FOLLOWED, acting.display_name, "")
    record(
        acting=acting,
        verb="followed_up_promises",
        subject=("grid.promise", keys[0]),
        detail={"promises": keys},
    )
    return len(due)


def _request(promise: Promise, today: date) -> VisitRequest:
    return VisitRequest(
        household_id=promise.household_id,
        code=promise.household.cell_id,
        kind=PURPOSE,
        subject=promise.pk,
        title="承诺到期",
        sentence=f"{promise.by.name}承诺 {promise.due_on:%m-%d} 前：{promise.sentence}"[:300],
        severity=Severity.BLUE,
        due_on=max(promise.due_on, today),
    )


def _give_to_promisers(acting: Any, promises: list[Promise]) -> None:
    """Only items that hold nothing but one person's promises, where that person may visit."""
    makers: dict[int, set[int]] = defaultdict(set)
    accounts = {promise.by_id: promise.by for promise in promises}
    for promise in promises:
        makers[promise.household_id].add(promise.by_id)
    live = [WorkItemPurpose.State.WANTED, WorkItemPurpose.State.REPORTED]
    others = WorkItemPurpose.objects.filter(state__in=live).exclude(kind=PURPOSE)
    items = (
        WorkItem.objects.to_visit()
        .select_for_update()
        .filter(household__in=makers)
        .exclude(pk__in=others.values("work_item"))
        .order_by("pk")
    )
    for item in items:
        if len(makers[item.household_id]) != 1:
            continue
        maker = accounts[next(iter(makers[item.household_id]))]
        role = visiting_role(maker, item.code)
        if role is None or item.assignee_id == maker.pk:
            continue
        WorkItem.objects.filter(pk=item.pk).update(
            assignee=maker, assigned_role=role, version=F("version") + 1
        )
        WorkItemEvent.objects.create(
            work_item=item,
            verb=WorkItemEvent.Verb.ASSIGNED,
            by_name=acting.display_name,
            sentence=f"派给承诺人{role.label}{maker.name}",
        )


@transaction.atomic
def collect_promises(*, acting: Any = SYSTEM, work_item_id: int | None = None) -> int:
    """Take what visits say of promises. The form's answer ends a promise; without one it stays
    open and its maker says later. Doing it twice changes nothing. Returns how many reports.
    """
    taken = VisitReport.objects.to_collect(PURPOSE, work_item_id=work_item_id)
    promises = Promise.objects.in_bulk([report.purpose.subject for report in taken])
    taken = [report for report in taken if report.purpose.subject in promises]
    if not taken:
        return 0
    for report in taken:
        _take(report, promises[report.purpose.subject])
    end_purposes(
        acting=acting,
        kind=PURPOSE,
        subjects=[report.purpose.subject for report in taken],
        state=WorkItemPurpose.State.SETTLED,
        sentence="承诺已回访",
    )
    VisitReport.objects.filter(pk__in=[r.pk for r in taken]).update(collected_at=timezone.now())
    record(
        acting=acting,
        verb="collected_promises",
        subject=("grid.visitreport", taken[0].pk),
        detail={"count": len(taken)},
    )
    return len(taken)


def _take(report: VisitReport, promise: Promise) -> None:
    said = report.visit.answers.get(QUESTION)
    on, name = timezone.localdate(report.visit.visited_at), report.visit.by.name
    note = report.note or report.visit.note
    if promise.state != State.OPEN or said not in ("yes", "no"):
        _tell(promise, Verb.LOOKED, name, note)
        return
    state = State.KEPT if said == "yes" else State.NOT_KEPT
    reason = note[:200] if said == "yes" else note[:200] or "入户回访：没有兑现"
    _end(promise, promise.version, state, on, reason)
    _tell(promise, Verb(state.value), name, reason)


def _tell(promise: Promise, verb: Verb, name: str, sentence: str) -> None:
    PromiseEvent.objects.create(
        promise=promise, verb=verb, by_name=name[:80], sentence=sentence[:300]
    )
