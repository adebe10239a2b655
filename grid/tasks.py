"""Celery tasks of the grid."""

from celery import shared_task

from grid import key_guards
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
def follow_promises() -> None:
    """Beat: promises that are nearly due go onto visits; what visits said of them is taken."""
    collect_promises()
    follow_up_promises()
