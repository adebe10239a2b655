"""Opening what phones seal: RSA keys, letters, and what an attachment may be.

A letter's AES-256 key is sealed with RSA-OAEP-SHA256 under the public key the phone was given; the
letter itself is nonce(12) | AES-256-GCM ciphertext, with its id as associated data. Phones cannot
read a sealed letter again; only the county can.
"""

import base64
import binascii
import hashlib
import io
import json
import secrets
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils import timezone

from grid.models import Attachment, AttachmentPiece, Envelope, FieldKey
from yizhou.refusals import Refusal
from yizhou.sealed import digest, seal, unseal, unseal_bytes

KEY_BITS = 3072
PRIVATE_COLUMN = "grid_fieldkey.private_sealed"
BODY_COLUMN = "grid_envelope.body_sealed"
PIECE_COLUMN = "grid_attachmentpiece.sealed"
PIECE = 1 << 20
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class CannotOpen(Refusal):
    """The letter does not open: the phone seals its own copy again with the newest key."""

    def __init__(self, code: str = "cannot_open") -> None:
        super().__init__("这份记录没能打开，手机会用最新的密钥重新封装后再送。", code=code)


class Faulty(Refusal):
    """What was sent is not what the contract says; the phone keeps its copy."""

    def __init__(self, sentence: str, *, code: str, status: int = 400) -> None:
        super().__init__(sentence, code=code)
        self.status = status


# ---- keys ----


def make_key() -> FieldKey:
    """An unsaved fresh key pair."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    kid = secrets.token_hex(6)
    plain = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return FieldKey(
        kid=kid,
        spki=base64.b64encode(public).decode(),
        private_sealed=seal(plain, column=PRIVATE_COLUMN, row=kid),
    )


@lru_cache(maxsize=8)
def _private(kid: str, sealed: bytes) -> rsa.RSAPrivateKey:
    """Parsed once a process: checking an RSA key takes longer than opening a hundred letters."""
    plain = unseal_bytes(sealed, column=PRIVATE_COLUMN, row=kid)
    key = serialization.load_der_private_key(plain, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def open_letter(*, kid: str, key: str, body: bytes, name: uuid.UUID) -> bytes:
    """The plain bytes of a letter or an attachment called `name`. Raises CannotOpen."""
    held = FieldKey.objects.filter(kid=kid[:16]).first()
    if held is None:
        raise CannotOpen
    if not held.opens(timezone.now()):
        raise CannotOpen("old_key")
    try:
        secret = _private(held.kid, bytes(held.private_sealed)).decrypt(from_base64(key), OAEP)
        return AESGCM(secret).decrypt(body[:12], body[12:], str(name).encode())
    except (ValueError, InvalidTag):
        raise CannotOpen from None


def from_base64(text: Any) -> bytes:
    """Raises CannotOpen for anything that is not Base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise CannotOpen from None


# ---- letters ----


def read_letter(plain: bytes, name: uuid.UUID) -> dict[str, Any]:
    """The letter as a JSON object that bears its own id. Raises Faulty."""
    try:
        letter = json.loads(plain)
    except (ValueError, RecursionError):
        letter = None
    if not isinstance(letter, dict) or str(letter.get("id", "")).lower() != str(name):
        raise Faulty(
            "这份记录的内容读不懂。原件还在手机上，请更新应用后再送。", code="not_a_letter"
        )
    return without_nul(letter)


def without_nul(value: Any) -> Any:
    """Text as PostgreSQL keeps it: NUL and lone surrogates are replaced, nothing else changes."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [without_nul(v) for v in value]
    if isinstance(value, dict):
        return {without_nul(k): without_nul(v) for k, v in value.items()}
    return value


def canonical(letter: Mapping[str, Any]) -> str:
    return json.dumps(letter, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(letter: Mapping[str, Any]) -> bytes:
    """Equal exactly when two letters say the same, whatever key they were sealed with."""
    return digest(canonical(letter), kind="envelope")


def receipt_of(name: uuid.UUID) -> str:
    """7F3A-19C2: only the county can make it, so a phone that shows it has been answered."""
    digits = digest(str(name), kind="receipt")[:4].hex().upper()
    return f"{digits[:4]}-{digits[4:]}"


def seal_letter(letter: Mapping[str, Any], name: uuid.UUID) -> bytes:
    return seal(canonical(letter), column=BODY_COLUMN, row=name)


def letter_of(envelope: Envelope) -> dict[str, Any]:
    """The letter as it was sent. Raises BrokenSeal."""
    letter: dict[str, Any] = json.loads(
        unseal(envelope.body_sealed, column=BODY_COLUMN, row=envelope.pk)
    )
    return letter


# ---- attachments ----


@dataclass(frozen=True, slots=True)
class Media:
    """What the first bytes say the content is."""

    kind: str
    media_type: str


def media_of(content: bytes) -> Media | None:
    """JPEG, PNG, or a voice note as WebM, Ogg or MP4; None for anything else."""
    if content[:3] == b"\xff\xd8\xff":
        return Media(Attachment.Kind.PHOTO, "image/jpeg")
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return Media(Attachment.Kind.SIGNATURE, "image/png")
    if content[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in content[:64]:
        return Media(Attachment.Kind.VOICE, "audio/webm")
    if content[:4] == b"OggS":
        return Media(Attachment.Kind.VOICE, "audio/ogg")
    if content[4:8] == b"ftyp":
        return Media(Attachment.Kind.VOICE, "audio/mp4")
    return None


def check_media(content: bytes, kind: str) -> str:
    """The media type of an attachment of that kind. Raises Faulty (422) for another or unclean one.

    Cameras write place and device into a JPEG's APP1; the field app draws photos anew, so a photo
    that still has it did not come through the app.
    """
    media = media_of(content)
    if media is None or media.kind != kind:
        raise Faulty(
            f"这个附件不是{Attachment.Kind(kind).label}应有的格式（照片 JPEG，签名 PNG，"
            "语音 WebM、Ogg 或 MP4）。请删去后重拍。",
            code="wrong_kind",
            status=422,
        )
    unclean = {"image/jpeg": _jpeg_metadata, "image/png": _png_metadata}.get(media.media_type)
    if unclean is not None and unclean(content):
        raise Faulty(
            "照片里带有拍摄位置等信息，没有收下。请在应用里重拍，不要从相册选原图。",
            code="metadata",
            status=422,
        )
    return media.media_type


def _jpeg_metadata(content: bytes) -> bool:
    """Whether an APP1 segment (EXIF, XMP) stands before the image data, or the chain is broken."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return True
        marker = content[at + 1]
        if marker == 0xDA:  # start of scan: from here on it is the picture
            return False
        if marker == 0xE1:
            return True
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return True


def _png_metadata(content: bytes) -> bool:
    """Whether a PNG carries EXIF or text chunks."""
    at = 8
    while at + 8 <= len(content):
        name = content[at + 4 : at + 8]
        if name in {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}:
            return True
        if name == b"IEND":
            return False
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return True


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def keep_pieces(attachment: Attachment, content: bytes) -> None:
    """Seal the content under the county's key ring, a piece at a time."""
    file = io.BytesIO(content)
    plain = iter(lambda: file.read(PIECE), b"")
    AttachmentPiece.objects.bulk_create(
        AttachmentPiece(
            attachment=attachment,
            number=number,
            sealed=seal(piece, column=PIECE_COLUMN, row=f"{attachment.pk}/{number}"),
        )
        for number, piece in enumerate(plain)
    )


def pieces_of(attachment: Attachment) -> Iterator[bytes]:
    """The plain bytes, a piece at a time. Raises BrokenSeal when one was changed or moved."""
    rows = AttachmentPiece.objects.filter(attachment=attachment).order_by("number")
    for number, sealed in rows.values_list("number", "sealed").iterator(chunk_size=4):
        yield unseal_bytes(sealed, column=PIECE_COLUMN, row=f"{attachment.pk}/{number}")
