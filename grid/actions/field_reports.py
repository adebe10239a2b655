"""Households found by the way: the letter is kept, the report handed to whoever receives them."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from grid.actions.discovery import report_household
from grid.actions.envelopes import (
    INCOMPLETE,
    NEXT,
    Because,
    Received,
    Sent,
    State,
    Verdict,
    keep,
    known,
    lock_name,
    opened,
)
from grid.actions.visits import Incomplete
from grid.letters import Clock, id_of, listed_of, moment_of, text_of, uuid_of
from grid.models import Account, Envelope, Household
from grid.scope import sight_of
from yizhou.refusals import Denial, Refusal

log = logging.getLogger("yizhou.field")


@transaction.atomic
def receive_report(*, acting: Account, sent: Sent) -> Received:
    """Keep the letter and hand it over; the same letter again changes nothing.

    Raises CannotOpen, Faulty, IdUsed.
    """
    said = opened(sent)
    lock_name(sent.name)
    if kept := known(acting, sent.name, said, Envelope.Kind.REPORT):
        return Received(kept, False)
    verdict = _hand_over(acting, sent, said)
    envelope = keep(
        acting,
        sent,
        said,
        verdict,
        kind=Envelope.Kind.REPORT,
        listed=listed_of(said.get("attachments")),
        replaces=uuid_of(said.get("replaces")),
    )
    return Received(envelope, True)


def _hand_over(acting: Account, sent: Sent, said: Mapping[str, Any]) -> Verdict:
    asked = id_of(said.get("household"))
    household = acting.sees(Household).filter(pk=asked).first() if asked else None
    place = text_of(said.get("place"), 20)
    within = any(place.startswith(code) for code in sight_of(acting).places)
    where: dict[str, Any] = {
        "household_id": household.pk if household else None,
        "code": household.cell_id if household else place if within else sent.phone.code,
    }
    try:
        sentence = handed_over(acting, sent.name, said, sent.clock, where["household_id"])
    except Incomplete as no:
        return Verdict(State.INVALID, INCOMPLETE, errors=no.errors, **where)
    except Refusal as no:
        return Verdict(State.INVALID, INCOMPLETE, errors={no.code: no.sentence}, **where)
    except Denial as no:
        return Verdict(
            State.HELD, f"{no.sentence}{NEXT.format(who='乡镇')}", Because.REFUSED, **where
        )
    return Verdict(State.FILED, sentence, **where)


def handed_over(
    acting: Account,
    report_id: uuid.UUID,
    said: Mapping[str, Any],
    clock: Clock,
    household_id: int | None,
) -> str:
    """The township has it now: what the worker is answered. Raises Denial."""
    with transaction.atomic():
        taken = report_household(
            acting=acting,
            report_id=report_id,
            found_at=clock.right(moment_of(said.get("found_at"))),
            name=text_of(said.get("name"), 60),
            phone=text_of(said.get("phone"), 30),
            place=text_of(said.get("place"), 20),
            address=text_of(said.get("address"), 120),
            people=id_of(said.get("people")) or 0,
            difficulty=text_of(said.get("difficulty"), 40),
            sentence=text_of(said.get("sentence"), 500),
            household_id=household_id,
            position=said.get("position") if isinstance(said.get("position"), dict) else None,
        )
    return taken.receipt_sentence
