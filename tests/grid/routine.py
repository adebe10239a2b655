"""Visits, days and posts for the tests of the plan and of the clock."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from grid.actions.deadlines import install_steps
from grid.actions.figures import install_figures
from grid.actions.work_items import VisitRequest, open_work_items
from grid.models import Household, WorkItem
from yizhou.audit import SYSTEM

LONG_AGO = date(2020, 1, 1)
MONDAY = date(2026, 11, 2)  # an ordinary month: no holiday, no moved working day


def noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def open_visit(
    household: Household, *, opened_on: date, due_on: date, subject: int = 1, severity: int = 2
) -> WorkItem:
    """One open visit for an alert, opened and due on these days."""
    open_work_items(
        acting=SYSTEM,
        requests=[
            VisitRequest(
                household_id=household.pk,
                code=household.cell_id,
                kind="verify_alert",
                subject=subject,
                title="大额医疗支出",
                sentence="自付 12,000 元",
                severity=severity,
                due_on=due_on,
            )
        ],
    )
    WorkItem.objects.filter(household=household).update(opened_at=noon(opened_on))
    return WorkItem.objects.open().get(household=household)


def install() -> None:
    install_steps(LONG_AGO)
    install_figures(LONG_AGO)


def workday(number: int, start: date = MONDAY) -> date:
    """The working day so many after `start`, Monday to Friday."""
    day = start
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day
