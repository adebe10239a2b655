"""Celery tasks of the grid."""

from celery import shared_task

from grid import key_guards
from grid.actions import notices
from grid.actions.deadlines import end_pauses
from grid.actions.work_items import reroute_stranded_items
from yizhou.audit import SYSTEM


@shared_task
def reroute_stranded() -> None:
    """Beat: posts that ended by date or accounts that were closed leave their visits behind."""
    reroute_stranded_items(acting=SYSTEM)


@shared_task
def forget_nonces() -> None:
    """Beat: nonces of signed requests that are too old to come again."""
    key_guards.forget_nonces()


@shared_task
def tell_of_deadlines() -> None:
    """Beat: pauses that are over, then notices that have come. A second beat finds them written."""
    end_pauses(acting=SYSTEM)
    notices.tell_of_deadlines(acting=SYSTEM)


@shared_task
def send_messages() -> None:
    """Beat: messages that wait to go out of the program."""
    notices.send_messages()
