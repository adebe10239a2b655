"""The visits of a household with their versions: who went, what was corrected and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from grid.envelopes import receipt_of
from grid.known import Known, recorded
from grid.models import Attachment, Household, Visit
from grid.requests import SignedInRequest
from grid.visit_form import Statement, add_up, form_of, in_words

SHOWN = 12  # visits in the dossier
MONEY = ("income", "spending")
# What a photo shows, as the field app names it (static/field/proof.js).
SLOTS = {"house": "房屋正面", "inside": "屋内", "water": "饮水", "bill": "票据", "other": "其他"}


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that a correction says otherwise."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a visit: the first is number 1, each correction the next."""

    number: int
    visit: Visit
    changes: list[Change]


def editions_of(visit: Visit) -> list[Edition]:
    """Every version of the same visit, the first one first."""
    siblings = Visit.objects.filter(
        household=visit.household_id, visited_at=visit.visited_at, by=visit.by_id
    ).select_related("by")
    return editions_among(visit, {v.pk: v for v in siblings} | {visit.pk: visit})


def editions_among(visit: Visit, visits: Mapping[Any, Visit]) -> list[Edition]:
    """The same, of visits that are at hand. A correction keeps the time and the visitor."""
    by_corrected = {v.corrects_id: v for v in visits.values() if v.corrects_id}
    first = visit
    while first.corrects_id in visits:
        first = visits[first.corrects_id]
    chain = [first]
    while chain[-1].pk in by_corrected:
        chain.append(by_corrected[chain[-1].pk])
    return [
        Edition(number, v, changes_between(chain[number - 2], v) if number > 1 else [])
        for number, v in enumerate(chain, start=1)
    ]


def changes_between(before: Visit, after: Visit) -> list[Change]:
    """Answers and note that differ, in words, in the order of the form."""
    changes = [
        Change(question.label, _words(before, name), _words(after, name))
        for name, question in form_of(after.form_version).every.items()
        if before.answers.get(name) != after.answers.get(name)
    ]
    if before.note != after.note:
        changes.append(Change("情况说明", before.note or "没有", after.note or "没有"))
    return changes


def _words(visit: Visit, name: str) -> str:
    if name not in visit.answers:
        return "没有填"
    return in_words(name, visit.answers[name], version=visit.form_version)


def visits(request: SignedInRequest, household: Household) -> dict[str, Any] | None:
    """The section of the dossier: visits, latest first, each in its latest version."""
    seen = list(
        request.user.sees(Visit)
        .filter(household=household)
        .select_related("by")
        .prefetch_related("reports__purpose")
        .order_by("-visited_at", "-received_at")[: SHOWN * 2]
    )
    if not seen:
        return None
    at_hand = {v.pk: v for v in seen}
    corrected = {v.corrects_id for v in seen}
    latest = [v for v in seen if v.pk not in corrected][:SHOWN]
    shown = [_summary(v, editions_among(v, at_hand)) for v in latest]
    return {
        "title": "走访记录",
        "template": "grid/dossier_visits.html",
        "context": {"visits": shown, "more": len(seen) == SHOWN * 2},
    }


def _summary(visit: Visit, editions: list[Edition]) -> dict[str, Any]:
    """One row: the reports hang on the first version."""
    bad = [
        name
        for name, question in form_of(visit.form_version).every.items()
        if question.bad_value and visit.answers.get(name) == question.bad_value
    ]
    questions = form_of(visit.form_version).every
    return {
        "visit": visit,
        "editions": editions,
        "results": [r for e in editions for r in e.visit.reports.all()],
        "signs": [
            f"{questions[name].label.rstrip('？')}：{_words(visit, name)}" for name in bad[:4]
        ],
    }


@dataclass(frozen=True, slots=True)
class Told:
    """Everything the page of one visit shows beside its answers."""

    receipt: str
    statement: Statement | None
    departments: list[tuple[Known, str]]
    attachments: list[tuple[Attachment, str]]


def told_of(visit: Visit, *, chain: Sequence[Visit]) -> Told:
    """The arithmetic of the lists beside what departments knew on the day of the visit."""
    day = timezone.localdate(visit.visited_at)
    known = recorded([visit.household_id], on=day).get(visit.household_id, [])
    return Told(
        receipt=receipt_of(chain[0].pk),
        statement=add_up(visit.answers, size=visit.household.size, on=day),
        departments=[(k, k.origin(day)) for k in known if k.question in MONEY],
        attachments=[
            (a, f"{a.get_kind_display()} {SLOTS.get(a.slot, a.slot)}".strip())
            for a in Attachment.objects.filter(envelope__visit__in=[v.pk for v in chain])
        ],
    )
