"""What a letter from a phone says, read without trust: every part may be missing or nonsense."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from grid.actions.visits import CLOCK_SLACK, Report
from grid.models import Attachment

MOST_LISTED = 20
MOST_EDITS = 60
LARGEST_ID = 2**63 - 1
LONGEST_OFF = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Edit:
    """A fact as the phone showed it (`seen`) and as the worker wrote it (`value`)."""

    field: str
    seen: str
    value: str
    person_id: int | None = None
    base_version: int = 0

    @property
    def name(self) -> str:
        """Its place in the errors of an answer: edit_household_phone, edit_17_health."""
        return f"edit_{self.person_id or 'household'}_{self.field}"


@dataclass(frozen=True, slots=True)
class Clock:
    """When the letter left the phone, by its own clock, and how far that is from ours.

    `off` is added to the phone's times when it is more than ten minutes.
    """

    phone_now: datetime | None
    off: timedelta

    @property
    def is_wrong(self) -> bool:
        return abs(self.off) > CLOCK_SLACK

    @property
    def seconds(self) -> int:
        return max(-LONGEST_OFF, min(LONGEST_OFF, int(self.off.total_seconds())))

    def right(self, moment: datetime | None) -> datetime | None:
        """The phone's time in ours; None when there is none that a calendar knows."""
        if moment is None or not self.is_wrong:
            return moment
        try:
            return moment + self.off
        except OverflowError:
            return None


def read_clock(header: str) -> Clock:
    phone_now = moment_of(header)
    if phone_now is None:
        return Clock(None, timedelta())
    return Clock(phone_now, timezone.now() - phone_now)


@dataclass(frozen=True, slots=True)
class VisitLetter:
    """A visit as it was sealed. Times are the phone's own, not yet put right."""

    household_id: int | None
    item_id: int | None
    form_version: int
    visited_at: datetime | None
    sealed_at: datetime | None
    mode: str
    answers: dict[str, Any]
    reports: list[Report]
    note: str
    edits: list[Edit]
    listed: list[dict[str, Any]]
    replaces: uuid.UUID | None
    corrects: uuid.UUID | None
    correction_reason: str


def visit_letter(said: Mapping[str, Any]) -> VisitLetter:
    return VisitLetter(
        household_id=id_of(said.get("household")),
        item_id=id_of(said.get("item")),
        form_version=id_of(said.get("form_version")) or 0,
        visited_at=moment_of(said.get("visited_at")),
        sealed_at=moment_of(said.get("sealed_at")),
        mode=text_of(said.get("mode"), 20),
        answers=dict(_object(said.get("answers"))),
        reports=_reports(said.get("reports")),
        note=text_of(said.get("note"), 2000),
        edits=_edits(said.get("edits")),
        listed=listed_of(said.get("attachments")),
        replaces=uuid_of(said.get("replaces")),
        corrects=uuid_of(said.get("corrects")),
        correction_reason=text_of(said.get("correction_reason"), 200),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any, most: int) -> list[Mapping[str, Any]]:
    return [v for v in value[:most] if isinstance(v, dict)] if isinstance(value, list) else []


def text_of(value: Any, most: int) -> str:
    return value.strip()[:most] if isinstance(value, str) else ""


def id_of(value: Any) -> int | None:
    """A row's key as a number or in digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= LARGEST_ID else None


def uuid_of(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def moment_of(value: Any) -> datetime | None:
    """An ISO 8601 moment; without an offset it is read in the county's time zone."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is None:
            moment = timezone.make_aware(moment)
        if moment is not None:
            moment.astimezone(timezone.get_default_timezone())
    except (ValueError, OverflowError):
        return None
    return moment


def _reports(value: Any) -> list[Report]:
    """The last word on each purpose."""
    said = {
        purpose: Report(purpose, text_of(r.get("outcome"), 30), text_of(r.get("note"), 500))
        for r in _objects(value, 50)
        if (purpose := id_of(r.get("purpose"))) is not None
    }
    return list(said.values())


def _edits(value: Any) -> list[Edit]:
    edits: dict[str, Edit] = {}
    for given in _objects(value, MOST_EDITS):
        edit = Edit(
            field=text_of(given.get("field"), 20),
            seen=text_of(given.get("seen"), 200),
            value=text_of(given.get("value"), 200),
            person_id=id_of(given.get("person")),
            base_version=min(id_of(given.get("base_version")) or 0, LONGEST_OFF),
        )
        edits[edit.name] = edit
    return list(edits.values())


def listed_of(value: Any) -> list[dict[str, Any]]:
    """The attachments a letter announces, in the contract's words."""
    return [
        {
            "id": str(name),
            "kind": kind,
            "slot": text_of(given.get("slot"), 40),
            "size": id_of(given.get("size")) or 0,
            "sha256": text_of(given.get("sha256"), 64).lower(),
            "taken_at": text_of(given.get("taken_at"), 40),
        }
        for given in _objects(value, MOST_LISTED)
        if (name := uuid_of(given.get("id"))) is not None
        if (kind := text_of(given.get("kind"), 10)) in Attachment.Kind.values
    ]
