"""What a key's request must pass besides its secret: address, rate and, if asked for, signature.

A signed request carries three headers: X-Yizhou-Timestamp (seconds since 1970), X-Yizhou-Nonce
(16 to 64 letters, digits, - and _; new for every request) and X-Yizhou-Signature, the hexadecimal
HMAC-SHA256 under the signing secret of these five lines joined by a line feed:

    method, path with query, timestamp, nonce, hexadecimal SHA-256 of the body
"""

import hashlib
import hmac
import re
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from rest_framework import exceptions

from grid.client_address import address_of
from grid.models import DepartmentKey, KeyNonce
from yizhou.sealed import unseal

SKEW = timedelta(minutes=5)
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
SIGNING_COLUMN = "grid_departmentkey.signing_sealed"


class RateLimited(exceptions.APIException):
    """Too many requests in this minute; `wait` seconds until the next one."""

    status_code = 429
    default_code = "rate_limited"

    def __init__(self, limit: int, wait: int) -> None:
        super().__init__(f"这个密钥每分钟最多 {limit} 次请求。请在 {wait} 秒后再试。")
        self.wait = wait


class SignedBodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "signed_body_too_large"
    default_detail = "签名的请求正文太大。大文件请用断点续传（POST /api/transfers/）分段报送。"


def guard(key: DepartmentKey, request: HttpRequest) -> str | None:
    """The client's address, when the key may be used by it now. Raises APIException."""
    address = address_of(request)
    _check_address(key, address)
    _check_rate(key)
    if key.must_sign:
        _check_signature(key, request)
    return address


def _check_address(key: DepartmentKey, address: str | None) -> None:
    if not key.allowed_networks:
        return
    networks = [ip_network(text) for text in key.allowed_networks]
    if address is None or not any(ip_address(address) in network for network in networks):
        raise exceptions.PermissionDenied(
            f"这个密钥不能从 {address or '未知地址'} 使用。请从登记的地址访问，"
            "或请县级监测专员修改允许的地址。",
            code="address_not_allowed",
        )


def _check_rate(key: DepartmentKey) -> None:
    """Count the request in PostgreSQL: one clock for all web processes, and no Redis."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO grid_keyminute AS held (key_id, minute, requests)"
            " VALUES (%s, date_trunc('minute', clock_timestamp()), 1)"
            " ON CONFLICT (key_id) DO UPDATE SET minute = excluded.minute, requests ="
            " CASE WHEN held.minute = excluded.minute THEN held.requests + 1 ELSE 1 END"
            " RETURNING requests,"
            " 60 - floor(extract(second FROM clock_timestamp()))::int",
            [key.pk],
        )
        requests, wait = cursor.fetchone()
    if requests > key.per_minute:
        raise RateLimited(key.per_minute, wait)


# ---- signature ----


def text_to_sign(method: str, path: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    return "\n".join([method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()]).encode()


def sign(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _check_signature(key: DepartmentKey, request: HttpRequest) -> None:
    timestamp = request.headers.get("X-Yizhou-Timestamp", "")
    nonce = request.headers.get("X-Yizhou-Nonce", "")
    signature = request.headers.get("X-Yizhou-Signature", "")
    if not (timestamp and nonce and signature):
        raise _not_signed(
            "这个密钥的请求必须签名。请带上 X-Yizhou-Timestamp、X-Yizhou-Nonce、"
            "X-Yizhou-Signature 三个请求头。",
            "signature_required",
        )
    if not (re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII) and NONCE.fullmatch(nonce)):
        raise _not_signed(
            "签名请求头的格式不对。时间戳为秒数；Nonce 为 16 到 64 个字母、数字。",
            "signature_malformed",
        )
    if abs(time.time() - int(timestamp)) > SKEW.total_seconds():
        raise _not_signed(
            "签名的时间与服务器相差超过 5 分钟。请校准时钟后重新签名。", "signature_expired"
        )
    secret = unseal(key.signing_sealed or b"", column=SIGNING_COLUMN, row=key.pk)
    text = text_to_sign(
        request.method or "", request.get_full_path(), timestamp, nonce, _body(request)
    )
    if not (SIGNATURE.fullmatch(signature) and hmac.compare_digest(sign(secret, text), signature)):
        raise _not_signed("签名不对。请核对签名密钥、路径、查询串和正文。", "signature_wrong")
    _spend(key, nonce, int(timestamp))


def _body(request: HttpRequest) -> bytes:
    """The raw body; Django bounds it by DATA_UPLOAD_MAX_MEMORY_SIZE."""
    try:
        return request.body
    except RequestDataTooBig:
        raise SignedBodyTooLarge() from None


def _spend(key: DepartmentKey, nonce: str, timestamp: int) -> None:
    """A nonce opens once. Two requests at the same moment: the unique index lets one through."""
    until = datetime.fromtimestamp(timestamp, tz=UTC) + SKEW
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO grid_keynonce (key_id, nonce, until) VALUES (%s, %s, %s)"
            " ON CONFLICT (key_id, nonce) DO NOTHING",
            [key.pk, nonce, until],
        )
        spent = cursor.rowcount == 1
    if not spent:
        raise _not_signed("这个签名请求已经收到过。请换一个 Nonce 重新签名。", "signature_replayed")


def _not_signed(sentence: str, code: str) -> Any:
    return exceptions.AuthenticationFailed(sentence, code=code)


def forget_nonces() -> int:
    """Drop nonces whose timestamp is refused anyway. Returns how many."""
    return KeyNonce.objects.filter(until__lt=timezone.now() - SKEW).delete()[0]
