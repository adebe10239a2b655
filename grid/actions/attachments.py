"""Photos, signatures and voice notes: kept once, sealed, and shown to those who see the visit."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from grid.actions.envelopes import IdUsed, Sent, lock_name
from grid.envelopes import (
    Faulty,
    check_media,
    keep_pieces,
    open_letter,
    pieces_of,
    sha256_of,
)
from grid.letters import Clock, moment_of
from grid.models import Account, Attachment, Envelope
from yizhou.audit import record
from yizhou.refusals import NotFound, Refusal


class NoVisit(Refusal):
    """Its letter is not here yet; the phone sends the letter first."""

    status = 404

    def __init__(self) -> None:
        super().__init__("附件的走访记录还没有送到，手机会先送记录，再送附件。", code="no_visit")


@transaction.atomic
def receive_attachment(
    *, acting: Account, sent: Sent, envelope_id: uuid.UUID, checksum: str
) -> tuple[Attachment, bool]:
    """Keep one photo, signature or voice note; the same one again changes nothing.

    Returns it and whether it is new. Raises NoVisit, CannotOpen, Faulty, IdUsed.
    """
    if sha256_of(sent.body) != checksum.lower():
        raise Faulty("附件在路上损坏了，手机会自动重送。", code="checksum")
    envelope = Envelope.objects.filter(pk=envelope_id, sender=acting).first()
    if envelope is None:
        raise NoVisit
    content = open_letter(kid=sent.kid, key=sent.key, body=sent.body, name=sent.name)
    lock_name(sent.name)
    digest = sha256_of(content)
    kept = Attachment.objects.filter(pk=sent.name).first()
    if kept is not None:
        if kept.sha256 != digest:
            raise IdUsed
        return kept, False
    entry = _listed(envelope, sent, digest)
    attachment = Attachment(
        id=sent.name,
        envelope=envelope,
        kind=entry["kind"],
        slot=entry["slot"],
        media_type=check_media(content, entry["kind"]),
        size=len(content),
        sha256=digest,
        taken_at=_taken_at(envelope, entry),
    )
    try:
        attachment.save(force_insert=True)
    except IntegrityError:
        raise IdUsed from None
    keep_pieces(attachment, content)
    detail = {"kind": attachment.kind, "envelope": str(envelope.pk)}
    record(acting=acting, verb="received_attachment", subject=attachment, detail=detail)
    return attachment, True


def _listed(envelope: Envelope, sent: Sent, digest: str) -> dict[str, Any]:
    """What the letter says of this attachment. Raises Faulty when it says nothing, or otherwise."""
    entry: dict[str, Any] | None = next(
        (e for e in envelope.listed if e["id"] == str(sent.name)), None
    )
    if entry is None:
        raise Faulty(
            "走访记录里没有列出这个附件，没有收下。请在更正里重新附上。",
            code="not_listed",
            status=422,
        )
    if entry["sha256"] and entry["sha256"] not in (digest, sha256_of(sent.body)):
        raise Faulty(
            "这个附件与走访时封存的不一致，没有收下。请在更正里重新附上。",
            code="not_the_same",
            status=422,
        )
    return entry


def _taken_at(envelope: Envelope, entry: Mapping[str, Any]) -> Any:
    off = timedelta(seconds=envelope.clock_off)
    return Clock(envelope.phone_now, off).right(moment_of(entry["taken_at"]))


@transaction.atomic
def view_attachment(*, acting: Account, attachment: Attachment) -> Iterator[bytes]:
    """Its plain bytes, and an audit row of who looked. Raises NotFound out of sight."""
    if not acting.sees(Attachment).filter(pk=attachment.pk).exists():
        raise NotFound()
    record(
        acting=acting,
        verb="viewed_attachment",
        subject=attachment,
        detail={"visit": str(attachment.envelope_id)},
    )
    return iter(list(pieces_of(attachment)))
