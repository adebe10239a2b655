"""How machines sign in, and how refusals look to them.

A department's machine sends `Authorization: Key <prefix>.<secret>`. Only the SHA-256 of the secret
is kept: it is 256 random bits, so a slow password hash would add nothing. What else a key asks
for (address, rate, signature) is in grid/key_guards.py.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from grid.key_guards import guard
from grid.models import Department, DepartmentKey
from grid.roles import Act
from yizhou.refusals import Denial, Refusal

SCHEME = "Key"


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> tuple[str, str]:
    """(prefix, secret): the prefix finds the row, the secret is shown once."""
    return secrets.token_hex(5), secrets.token_urlsafe(32)


class KeyUser:
    """A department's machine as request.user: sees and uploads its own department's rows."""

    is_authenticated = True
    is_active = True
    pk = None
    account_id = None

    def __init__(self, key: DepartmentKey) -> None:
        self.key = key
        self.department: Department = key.department

    @property
    def display_name(self) -> str:
        return f"{self.department.short_name}接口 {self.key.prefix}"

    def sees(self, model: type[Model]) -> QuerySet[Any]:
        """Only tables scoped by department, only the own department's rows."""
        scope = getattr(model, "SCOPE", "")
        rows = model._default_manager.all()
        if not scope.endswith("department"):
            return rows.none()
        return rows.filter(**{scope: self.department})

    def may(self, act: Act, *, code: str | None = None) -> bool:
        return act is Act.UPLOAD_DATA and code is None


class DepartmentKeyAuthentication(BaseAuthentication):
    """Raises AuthenticationFailed with one sentence for an unknown, expired or revoked key."""

    def authenticate(self, request: Request) -> tuple[KeyUser, DepartmentKey] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme != SCHEME:
            return None
        prefix, _, secret = text.strip().partition(".")
        key = DepartmentKey.objects.select_related("department").filter(prefix=prefix).first()
        right = bytes(key.secret_hash) if key else b"\0" * 32
        if not hmac.compare_digest(right, hash_secret(secret)) or key is None:
            raise exceptions.AuthenticationFailed("密钥不对。请核对，或请县级监测专员重新签发。")
        if key.revoked_at is not None:
            raise exceptions.AuthenticationFailed(
                "这个密钥已停用。请换用新密钥。", code="key_revoked"
            )
        if key.expires_on < timezone.localdate():
            raise exceptions.AuthenticationFailed(
                "这个密钥已过期。请县级监测专员签发新密钥。", code="key_expired"
            )
        address = guard(key, request._request)
        now = timezone.now()
        if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=5):
            DepartmentKey.objects.filter(pk=key.pk).update(last_used_at=now, last_address=address)
        return KeyUser(key), key

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class DepartmentKeyScheme(OpenApiAuthenticationExtension):
    target_class = "grid.signing.DepartmentKeyAuthentication"
    name = "部门密钥"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Key <前缀>.<密钥>",
        }


def refusals_as_problems(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Every error of the API as problem+json (RFC 9457): a Chinese sentence and a stable code."""
    from grid.refused import as_refusal, record_refused

    exc = as_refusal(exc)
    if isinstance(exc, Denial):
        request = context["request"]
        if exc.status in (403, 404):
            record_refused(request.user, request._request, exc)
        return _problem(exc.status, exc.code, exc.sentence)
    # Imported late: rest_framework.views reads its settings, which name this module.
    from rest_framework.views import exception_handler

    if isinstance(exc, exceptions.AuthenticationFailed) or _code(exc) == "address_not_allowed":
        request = context["request"]
        code = "bad_key" if _code(exc) == "authentication_failed" else _code(exc)
        sentence = _first(getattr(exc, "detail", ""))
        record_refused(None, request._request, Refusal(sentence, code=code))
    response = exception_handler(exc, context)
    if response is None:
        return None
    detail = getattr(exc, "detail", "")
    fields = detail if isinstance(detail, dict) else None
    sentence = "提交的内容有误，请按 errors 逐项改正。" if fields else _first(detail)
    problem = _problem(response.status_code, _code(exc), sentence, fields)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in response.headers:
            problem[name] = response.headers[name]
    return problem


def _code(exc: Exception) -> str:
    """The stable code: the one given where it was raised, else that of its class."""
    detail = getattr(exc, "detail", None)
    if isinstance(detail, exceptions.ErrorDetail) and detail.code:
        return str(detail.code)
    return str(getattr(exc, "default_code", "error"))


def _first(detail: Any) -> str:
    while isinstance(detail, list) and detail:
        detail = detail[0]
    return str(detail)


def _problem(
    status: int, code: str, sentence: str, fields: dict[str, Any] | None = None
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": sentence,
    }
    if fields:
        body["errors"] = fields
    return Response(body, status=status, content_type="application/problem+json")
