"""What entering a stage sets in motion: a visit is asked for, the registry follows."""

from typing import Any

from django.db import transaction

from grid.actions.households import classify_household
from grid.actions.work_items import VisitRequest, end_purposes, open_work_items
from grid.models import HouseholdKind, Severity, WorkItemPurpose
from monitoring.models import Case, Stage
from monitoring.models.stage import ENDED
from monitoring.papers import VISIT_PURPOSE, visits

VISITED = (Stage.VISITING, Stage.OUT_VISITING)
GONE = (Stage.MOVED_AWAY, Stage.MERGED, Stage.DISSOLVED)


@transaction.atomic
def enter_stage(*, acting: Any, case: Case) -> None:
    """After a move, in its transaction."""
    if case.stage in VISITED:
        if not visits([case])[case.pk].is_there:
            _ask_for_visit(acting, case)
    else:
        _end_visit(acting, case)
    if case.stage == Stage.PLANNING:
        classify_household(acting=acting, household=case.household, kind=case.category)
    elif case.stage == Stage.ASSISTING and case.category:
        classify_household(acting=acting, household=case.household, kind=case.category)
    elif case.stage == Stage.ELIMINATED:
        classify_household(
            acting=acting,
            household=case.household,
            kind=case.kind_before or HouseholdKind.ORDINARY,
        )


def _ask_for_visit(acting: Any, case: Case) -> None:
    due = case.step_due_on or case.total_due_on
    if due is None:
        raise ValueError(f"stage {case.stage} of procedure {case.procedure_id} has no limit")
    open_work_items(
        acting=acting,
        requests=[
            VisitRequest(
                household_id=case.household_id,
                code=case.code,
                kind=VISIT_PURPOSE,
                subject=case.pk,
                title="个案核查" if case.stage == Stage.VISITING else "风险消除核查",
                sentence="；".join(c.sentence for c in case.clues.all())[:300] or "按程序入户核查",
                severity=Severity.ORANGE,
                due_on=due,
            )
        ],
    )


def _end_visit(acting: Any, case: Case) -> None:
    state = WorkItemPurpose.State
    end_purposes(
        acting=acting,
        kind=VISIT_PURPOSE,
        subjects=[case.pk],
        state=state.DROPPED if case.stage in ENDED else state.SETTLED,
        sentence=case.get_stage_display(),
    )
