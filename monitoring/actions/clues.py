"""Risk clues: raised from every source; one household has one open case, later clues join it."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.models import Household, Visit
from monitoring.actions.cases import join_case, open_case, procedure_for
from monitoring.models import Alert, Case, Clue, Procedure
from yizhou.audit import SYSTEM, record

SWEPT_AT_ONCE = 500


@transaction.atomic
def raise_clue(
    *,
    acting: Any,
    household: Household,
    source: Clue.Source,
    risk: str,
    sentence: str,
    alert: Alert | None = None,
    visit: Visit | None = None,
) -> Clue:
    """Write the clue and give it its case: the household's open one, else a new one.

    A clue that a visit confirmed begins behind the visit; any other begins with the analysis.
    While no procedure is published the clue waits for beat.
    """
    clue = Clue.objects.create(
        household=household,
        code=household.cell_id,
        source=source,
        alert=alert,
        risk=risk,
        sentence=sentence[:300],
        raised_by_id=acting.pk,
        visit=visit,
    )
    record(acting=acting, verb="raised_clue", subject=clue, detail={"source": source.value})
    if procedure_for(clue.code, on=timezone.localdate()):
        clue.case = take_up_clue(acting=acting, clue=clue)
    return clue


@transaction.atomic
def take_up_clue(*, acting: Any, clue: Clue) -> Case:
    """Put a clue into the household's open case, or open one. Doing it twice changes nothing."""
    if clue.case is not None:
        return clue.case
    Household.objects.select_for_update().get(pk=clue.household_id)  # one clue after the other
    case = Case.objects.open().filter(household=clue.household_id).first()
    if case is None:
        return open_case(acting=acting, clue=clue)
    join_case(acting=acting, case=case, clue=clue)
    return case


@transaction.atomic
def take_up_clues(*, acting: Any = SYSTEM) -> int:
    """Clues from before a procedure was published. Returns how many."""
    if not Procedure.objects.on(timezone.localdate()).exists():
        return 0
    waiting: Sequence[Clue] = list(
        Clue.objects.waiting().select_related("household").order_by("raised_at")[:SWEPT_AT_ONCE]
    )
    for clue in waiting:
        take_up_clue(acting=acting, clue=clue)
    return len(waiting)
