"""The clock of a case: paused and resumed with a reason; the green channel with its own limit."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from monitoring.actions.cases import change_case, write_step
from monitoring.models import Case, CasePause
from monitoring.models.stage import IDENTIFYING
from monitoring.procedure import OFFICES, holds_one_of, turn_words
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Refusal, reason_given
from yizhou.workdays import add_workdays, workdays_between


@transaction.atomic
def open_green(*, acting: Any, case: Case, version_seen: int, reason: str) -> None:
    """Help first, papers after: the case gets its own clock. Source: reference 2.2 [P7]."""
    if case.stage not in IDENTIFYING or case.green_since is not None:
        raise Refusal("绿色通道只用于还没有审定、也没有开通过的个案。", code="green")
    _require_office(acting, case)
    reason = reason_given(reason, ask="请写明紧急情况，2 到 500 个字。", most=500)
    today = timezone.localdate()
    due = add_workdays(today, case.procedure.green_workdays)
    change_case(case, version_seen, green_since=timezone.now(), green_due_on=due)
    write_step(acting, case, "opened_green", before=case.stage, sentence=reason)
    record(acting=acting, verb="opened_green_channel", subject=case, reason=reason)


@transaction.atomic
def pause_case(*, acting: Any, case: Case, version_seen: int, reason: str) -> CasePause:
    """Stop the clock, with the reason. Raises Refusal when it stands already or has no limit."""
    _require_office(acting, case)
    reason = reason_given(reason, ask="请写明暂停的原因，2 到 200 个字。")
    if case.closed_at or (case.step_due_on is None and case.total_due_on is None):
        raise Refusal("这个个案现在没有时限，不用暂停。", code="no_limit")
    if CasePause.objects.filter(case=case, until_on=None).exists():
        raise Refusal("这个个案已经暂停计时。", code="paused")
    change_case(case, version_seen)
    pause = CasePause.objects.create(
        case=case, from_on=timezone.localdate(), reason=reason, paused_by=acting
    )
    write_step(acting, case, "paused", before=case.stage, sentence=reason)
    record(acting=acting, verb="paused_case", subject=case, reason=reason)
    return pause


@transaction.atomic
def resume_case(*, acting: Any, case: Case, version_seen: int) -> None:
    """The clock goes on; both limits move by the working days it stood."""
    _require_office(acting, case)
    pause = CasePause.objects.select_for_update().filter(case=case, until_on=None).first()
    if pause is None:
        raise Refusal("这个个案没有暂停。请刷新页面。", code="not_paused")
    today = timezone.localdate()
    stood = max(0, workdays_between(pause.from_on, today))
    moved = {
        name: add_workdays(due, stood)
        for name in ("step_due_on", "total_due_on", "green_due_on")
        if (due := getattr(case, name)) is not None
    }
    change_case(case, version_seen, **moved)
    CasePause.objects.filter(pk=pause.pk).update(until_on=today, resumed_by=acting)
    write_step(acting, case, "resumed", before=case.stage, sentence=f"暂停了 {stood} 个工作日")
    record(acting=acting, verb="resumed_case", subject=case, detail={"workdays": stood})


def _require_office(acting: Any, case: Case) -> None:
    if not holds_one_of(acting, [r.value for r in OFFICES], case.code):
        raise NotAllowed(
            f"由{turn_words([r.value for r in OFFICES])}办理，您现在的职务没有这项权限。"
        )
