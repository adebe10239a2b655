"""Celery tasks of the grid."""

from celery import shared_task

from grid import key_guards, sign_in_tries
from grid.actions import campaigns, notices, plan_reports, visit_plans
from grid.actions.deadlines import end_pauses
from grid.actions.leaves import turn_leaves
from grid.actions.promises import collect_promises, follow_up_promises
from grid.actions.work_items import reroute_stranded_items
from yizhou.audit import SYSTEM


@shared_task
def reroute_stranded() -> None:
    """Beat: leaves begin and end; posts that ended and closed accounts leave visits behind."""
    turn_leaves()  # first: what a leave gives back must not go up the chain
    reroute_stranded_items(acting=SYSTEM)


@shared_task
def forget_nonces() -> None:
    """Beat: nonces of signed requests that are too old to come again."""
    key_guards.forget_nonces()


@shared_task
def forget_tries() -> None:
    """Beat: counts of wrong passwords that are over."""
    sign_in_tries.forget_tries()


@shared_task
def follow_promises() -> None:
    """Beat: promises that are nearly due go onto visits; what visits said of them is taken."""
    collect_promises()
    follow_up_promises()


@shared_task
def tell_of_deadlines() -> None:
    """Beat: pauses that are over, then notices that have come. A second beat finds them written."""
    end_pauses(acting=SYSTEM)
    notices.tell_of_deadlines(acting=SYSTEM)


@shared_task
def send_messages() -> None:
    """Beat: messages that wait to go out of the program."""
    notices.send_messages()


@shared_task
def draw_up_plan() -> None:
    """Beat, nightly: the visit plan and the checks that run, to the day."""
    visit_plans.draw_up_plan(acting=SYSTEM)
    campaigns.fill_campaigns(acting=SYSTEM)
    campaigns.close_campaigns(acting=SYSTEM)


@shared_task
def open_plan() -> None:
    """Beat, each morning: what is due this week and fits it becomes visits."""
    visit_plans.open_plan(acting=SYSTEM)


@shared_task
def collect_plan_reports() -> None:
    """Beat: what the page that recorded a visit could not collect at once."""
    plan_reports.collect_plan_reports(acting=SYSTEM)
