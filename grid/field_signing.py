"""How phones sign in: a token in a cookie no script can read, and a header no other site can set.

The wall is raised only here, for the account behind the token: the middleware leaves field
addresses at rest, since a phone carries no session.
"""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from grid.actions.phones import hash_token
from grid.models import Account, Phone

COOKIE = "field_device"
COOKIE_PATH = "/api/field/"
APP_HEADER = "X-Field-App"


class NotEnrolled(exceptions.AuthenticationFailed):
    """The phone keeps its sealed work and asks for the password once more."""

    default_code = "not_enrolled"
    default_detail = "这台手机的登录已失效。没送出的记录都还在，请重新登录后自动送出。"


class NotTheApp(exceptions.PermissionDenied):
    default_code = "not_the_app"
    default_detail = "这个地址只供走访应用使用。"


def check_app(request: Request) -> None:
    """A page of another site can make the browser send the cookie, but not this header."""
    if request.headers.get(APP_HEADER) != "1":
        raise NotTheApp


class PhoneAuthentication(BaseAuthentication):
    """request.user is the worker's Account, request.auth the Phone. Raises NotEnrolled (401)."""

    def authenticate(self, request: Request) -> tuple[Account, Phone]:
        check_app(request)
        token = request.COOKIES.get(COOKIE, "")
        phone = (
            Phone.objects.live(timezone.now())
            .select_related("account")
            .filter(token_hash=hash_token(token), account__is_active=True)
            .first()
            if token
            else None
        )
        if phone is None:
            raise NotEnrolled
        return phone.account, phone

    def authenticate_header(self, request: Request) -> str:
        return "Phone"


class PhoneRequest(Request):
    """What PhoneAuthentication lets through; for type checkers only."""

    user: Account  # type: ignore[assignment]
    auth: Phone  # type: ignore[assignment]


class PhoneScheme(OpenApiAuthenticationExtension):
    target_class = "grid.field_signing.PhoneAuthentication"
    name = "走访手机"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": COOKIE}


def set_token(response: HttpResponse, token: str) -> None:
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.FIELD_TOKEN_DAYS * 86400,
        path=COOKIE_PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def drop_token(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path=COOKIE_PATH, samesite="Strict")
