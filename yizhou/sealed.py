"""Sealed fields: AES-256-GCM bound to table, column and row; keyed digests for equality.

A sealed value is  version(1) | key id length(1) | key id | nonce(12) | ciphertext+tag.
The associated data is "table.column:row", so a value copied to another row does not open.
Digests are HMAC-SHA-256 cut to 16 bytes, keyed apart from the sealing keys.
"""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = b"\x01"


class BrokenSeal(Exception):
    """The value does not open: wrong key, wrong place, or changed bytes."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that seals now, all keys that still open, and the digest key."""

    current: str
    keys: dict[str, AESGCM]
    digest_key: bytes


@lru_cache(maxsize=1)
def key_ring() -> KeyRing:
    """Read settings.KEY_RING: JSON {"current": id, "keys": {id: base64}, "digest": base64}."""
    text = settings.KEY_RING
    if not text.lstrip().startswith("{"):
        text = Path(text).read_text(encoding="utf-8")
    ring = json.loads(text)
    keys = {kid: AESGCM(base64.b64decode(key)) for kid, key in ring["keys"].items()}
    if ring["current"] not in keys:
        raise ValueError("YIZHOU_KEYS: the current key id is not among the keys")
    return KeyRing(ring["current"], keys, base64.b64decode(ring["digest"]))


def new_key_ring() -> str:
    """A fresh ring as JSON text, for a new installation."""
    return json.dumps(
        {
            "current": "k1",
            "keys": {"k1": base64.b64encode(os.urandom(32)).decode()},
            "digest": base64.b64encode(os.urandom(32)).decode(),
        }
    )


def seal(text: str | bytes, *, column: str, row: object) -> bytes:
    """Seal for one place. `column` is "table.column", `row` the row's key."""
    ring = key_ring()
    data = text.encode() if isinstance(text, str) else text
    nonce = os.urandom(12)
    kid = ring.current.encode()
    body = ring.keys[ring.current].encrypt(nonce, data, f"{column}:{row}".encode())
    return VERSION + bytes([len(kid)]) + kid + nonce + body


def unseal_bytes(sealed: bytes | memoryview, *, column: str, row: object) -> bytes:
    """Open what seal() made for the same place. Raises BrokenSeal."""
    raw = bytes(sealed)
    if raw[:1] != VERSION:
        raise BrokenSeal("unknown version")
    end = 2 + raw[1]
    key = key_ring().keys.get(raw[2:end].decode(errors="replace"))
    if key is None:
        raise BrokenSeal("unknown key id")
    try:
        return key.decrypt(raw[end : end + 12], raw[end + 12 :], f"{column}:{row}".encode())
    except InvalidTag:
        raise BrokenSeal(f"does not open at {column}") from None


def unseal(sealed: bytes | memoryview, *, column: str, row: object) -> str:
    return unseal_bytes(sealed, column=column, row=row).decode()


def digest(text: str, *, kind: str) -> bytes:
    """16 bytes that are equal exactly when (kind, text) are equal. `kind`: id, phone, bank."""
    message = f"{kind}:{text}".encode()
    return hmac.digest(key_ring().digest_key, message, hashlib.sha256)[:16]
