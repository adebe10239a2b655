"""Letters from phones: kept whole, filed once, held for the township where the way is not clear."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from grid.actions.facts import apply_edits, checked_edits
from grid.actions.visits import (
    CLOCK_SLACK,
    OLDEST,
    Incomplete,
    correct_visit,
    file_extra_visit,
    file_visit,
)
from grid.envelopes import (
    digest_of,
    open_letter,
    read_letter,
    receipt_of,
    seal_letter,
)
from grid.letters import Clock, VisitLetter, visit_letter
from grid.models import (
    Account,
    Attachment,
    Envelope,
    FactEdit,
    Household,
    Phone,
    Visit,
    WorkItem,
    WorkItemPurpose,
)
from grid.roles import Act
from grid.scope import may
from grid.visit_form import why_too_old
from grid.wall import whole_county
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal

State = Envelope.State
Because = Envelope.Because
NEXT = "原件已收下，由{who}决定是否采用；您不用再送，也不用重走。"
HELD = {
    Because.MOVED: "这一户现在不在您的走访范围内。" + NEXT.format(who="这一户所属的乡镇"),
    Because.POST_ENDED: "您现在没有走访这一户的职务。" + NEXT.format(who="这一户所属的乡镇"),
    Because.DISSOLVED: "这一户已经销户或并入别户。" + NEXT.format(who="乡镇"),
    Because.NO_HOUSEHOLD: "登记里没有找到这一户。" + NEXT.format(who="乡镇"),
    Because.WRONG_TIME: "走访时间早于 31 天前，或晚于现在，可能是手机时间不对。"
    + NEXT.format(who="乡镇"),
    Because.NO_VISIT: "要更正的走访已经更正过，或不是您的记录。" + NEXT.format(who="乡镇"),
}
FILED = "走访已收到并归档。"
PARTLY = "走访已收到并归档。这一户另有新的事由待核实，已留在任务里。"
CORRECTED = "更正已收到，原来的记录仍保留。"
ALREADY = "这一户的事项已有人回传、办结或撤销。您的走访已作为补充走访存入这一户，不用重走。"
UNASKED = "走访已作为补充走访存入这一户。"
INCOMPLETE = "有几处要更正。原件已保存，请在手机上改好后重新提交。"


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter as it arrived: who, from which phone, when, and the sealed parts."""

    phone: Phone
    name: uuid.UUID
    kid: str
    key: str
    body: bytes
    clock: Clock


@dataclass(frozen=True, slots=True)
class Received:
    """What is kept, and whether this was the first time it came."""

    envelope: Envelope
    is_new: bool
    clashes: list[FactEdit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a letter."""

    state: State
    sentence: str
    because: str = ""
    household_id: int | None = None
    code: str = ""
    visit: Visit | None = None
    errors: dict[str, str] = field(default_factory=dict)


class IdUsed(Refusal):
    status = 409

    def __init__(self) -> None:
        super().__init__("这个编号已用于另一份记录。请在手机上复制成新记录再提交。", code="id_used")


def lock_name(name: uuid.UUID) -> None:
    """The same letter twice at once: the second waits and then finds the first."""
    number = int.from_bytes(hashlib.sha256(name.bytes).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def opened(sent: Sent) -> dict[str, Any]:
    """Raises CannotOpen, Faulty."""
    plain = open_letter(kid=sent.kid, key=sent.key, body=sent.body, name=sent.name)
    return read_letter(plain, sent.name)


def known(acting: Account, name: uuid.UUID, said: Mapping[str, Any], kind: str) -> Envelope | None:
    """The same letter kept before. Raises IdUsed when another one bears its id."""
    kept = Envelope.objects.filter(pk=name).first()
    if kept is None:
        return None
    same = bytes(kept.digest) == digest_of(said) and kept.kind == kind
    if kept.sender_id != acting.pk or not same:
        raise IdUsed
    return kept


@transaction.atomic
def receive_visit(*, acting: Account, sent: Sent) -> Received:
    """File, keep as a further visit, hold or return one visit; the same letter again changes
    nothing. Raises CannotOpen, Faulty, IdUsed.
    """
    said = opened(sent)
    lock_name(sent.name)
    if kept := known(acting, sent.name, said, Envelope.Kind.VISIT):
        return Received(kept, False, list(kept.edits.clashing()))
    letter = visit_letter(said)
    verdict = _judge(acting, sent, letter)
    envelope = keep(acting, sent, said, verdict, listed=letter.listed, replaces=letter.replaces)
    clashes: list[FactEdit] = []
    if verdict.visit is not None and letter.edits:
        clashes = apply_edits(
            acting=acting,
            household=verdict.visit.household,
            envelope=envelope,
            edits=letter.edits,
            written_at=verdict.visit.visited_at,
        )
    return Received(envelope, True, clashes)


def keep(
    acting: Account,
    sent: Sent,
    said: Mapping[str, Any],
    verdict: Verdict,
    *,
    kind: Envelope.Kind = Envelope.Kind.VISIT,
    listed: list[dict[str, Any]],
    replaces: uuid.UUID | None = None,
) -> Envelope:
    """Write the letter down with what became of it. Raises IdUsed."""
    envelope = Envelope(
        id=sent.name,
        kind=kind,
        phone=sent.phone,
        sender=acting,
        household_id=verdict.household_id,
        code=verdict.code or sent.phone.code,
        visit=verdict.visit,
        state=verdict.state,
        because=verdict.because,
        sentence=verdict.sentence[:300],
        errors=verdict.errors,
        receipt=receipt_of(sent.name),
        digest=digest_of(said),
        body_sealed=seal_letter(said, sent.name),
        listed=listed,
        phone_now=sent.clock.phone_now,
        clock_off=sent.clock.seconds,
    )
    replaced = _replaced(acting, replaces)
    envelope.replaces = replaced
    try:
        envelope.save(force_insert=True)
    except IntegrityError:  # somebody else's letter, out of sight
        raise IdUsed from None
    if replaced is not None:
        _take_over(envelope, replaced)
    if verdict.visit is None:  # a filed visit has its own audit row
        detail = {"state": str(verdict.state), "because": str(verdict.because)}
        record(acting=acting, verb="received_envelope", subject=envelope, detail=detail)
    return envelope


def _replaced(acting: Account, replaces: uuid.UUID | None) -> Envelope | None:
    """The returned letter this one corrects, if it is the same worker's."""
    if replaces is None:
        return None
    rows = Envelope.objects.select_for_update().filter(pk=replaces, sender=acting)
    return rows.filter(state=State.INVALID).first()


def _take_over(envelope: Envelope, replaced: Envelope) -> None:
    """Photos already sent with the returned letter belong to the one that replaces it."""
    listed = [entry["id"] for entry in envelope.listed]
    Attachment.objects.filter(envelope=replaced, pk__in=listed).update(envelope=envelope)
    Envelope.objects.filter(pk=replaced.pk).update(state=State.REPLACED)


# ---- what becomes of a visit ----


def _held(because: Because, household_id: int | None = None, code: str = "") -> Verdict:
    return Verdict(State.HELD, HELD[because], because, household_id, code)


def _judge(acting: Account, sent: Sent, letter: VisitLetter) -> Verdict:
    household = acting.sees(Household).filter(pk=letter.household_id or 0).first()
    if household is None:
        return _out_of_sight(acting, letter)
    where = (household.pk, household.cell_id)
    if household.dissolved_on is not None:
        return _held(Because.DISSOLVED, *where)
    if too_old := _too_old(letter.form_version):
        return Verdict(State.HELD, too_old, Because.OLD_FORM, *where)
    visited_at = sent.clock.right(letter.visited_at)
    now = timezone.now()
    if visited_at is not None and not now - OLDEST <= visited_at <= now + CLOCK_SLACK:
        return _held(Because.WRONG_TIME, *where)
    if letter.corrects is not None:
        return _correct(acting, sent, letter, letter.corrects, household)
    try:
        visit, sentence = _file(acting, sent, letter, household)
    except Incomplete as no:
        return Verdict(State.INVALID, INCOMPLETE, "", *where, errors=no.errors)
    except NotAllowed:
        return _held(Because.POST_ENDED, *where)
    state = State.EXTRA if visit.work_item_id is None else State.FILED
    return Verdict(state, sentence, "", *where, visit=visit)


def _out_of_sight(acting: Account, letter: VisitLetter) -> Verdict:
    """Where the household is now decides who decides; the worker is not told where."""
    with whole_county():
        there = Household.objects.filter(pk=letter.household_id or 0).first()
    if there is None:
        return _held(Because.NO_HOUSEHOLD)
    because = Because.MOVED if may(acting, Act.RECORD_VISIT) else Because.POST_ENDED
    return _held(because, there.pk, there.cell_id)


def _too_old(version: int) -> str:
    """Why a visit in this version is held; empty when it is accepted."""
    try:
        sentence = why_too_old(version, on=timezone.localdate())
    except Refusal:
        return f"平台不认识第 {version} 版走访表单。" + NEXT.format(who="乡镇")
    return sentence and f"{sentence}您不用再送。"


def _file(
    acting: Account, sent: Sent, letter: VisitLetter, household: Household
) -> tuple[Visit, str]:
    """Raises Incomplete, NotAllowed; a visit overtaken by somebody else's becomes an extra one."""
    if errors := checked_edits(letter.edits):
        raise Incomplete(errors)
    what: dict[str, Any] = {
        "acting": acting,
        "visit_id": sent.name,
        "visited_at": sent.clock.right(letter.visited_at),
        "phone_time_at": letter.visited_at if sent.clock.is_wrong else None,
        "mode": letter.mode,
        "answers": letter.answers,
        "note": letter.note,
        "form_version": letter.form_version,
    }
    items = WorkItem.objects.filter(household=household)
    item = items.filter(pk=letter.item_id).first() if letter.item_id else None
    if item is not None and item.state == WorkItem.State.TO_VISIT:
        try:
            visit = file_visit(**what, item=item, reports=letter.reports, known_purposes_only=True)
        except Overtaken:
            pass
        except Refusal as no:
            raise (IdUsed() if no.code == "visit_id_used" else no) from None
        else:
            visit.household = household
            return visit, PARTLY if item.state == WorkItem.State.TO_VISIT else FILED
    try:
        visit = _extra(what, letter, household)
    except IntegrityError:
        raise IdUsed from None
    return visit, ALREADY if letter.item_id else UNASKED


def _extra(what: dict[str, Any], letter: VisitLetter, household: Household) -> Visit:
    """The sections answered were those of the purposes the phone carried out."""
    purposes = [report.purpose_id for report in letter.reports]
    kinds = (
        WorkItemPurpose.objects.filter(pk__in=purposes, work_item__household=household)
        .values_list("kind", flat=True)
        .distinct()
        if purposes
        else ()
    )
    return file_extra_visit(**what, household=household, kinds=set(kinds))


def _correct(
    acting: Account,
    sent: Sent,
    letter: VisitLetter,
    corrects: uuid.UUID,
    household: Household,
) -> Verdict:
    where = (household.pk, household.cell_id)
    visit = Visit.objects.filter(pk=corrects, household=household).first()
    if visit is None:
        return _held(Because.NO_VISIT, *where)
    try:
        fresh = correct_visit(
            acting=acting,
            visit=visit,
            reason=letter.correction_reason,
            answers=letter.answers,
            note=letter.note,
            visit_id=sent.name,
        )
    except Incomplete as no:
        return Verdict(State.INVALID, INCOMPLETE, "", *where, errors=no.errors)
    except (NotAllowed, Overtaken):
        return _held(Because.NO_VISIT, *where)
    except Refusal as no:
        return Verdict(State.INVALID, INCOMPLETE, "", *where, errors={no.code: no.sentence})
    return Verdict(State.FILED, CORRECTED, "", *where, visit=fresh)
