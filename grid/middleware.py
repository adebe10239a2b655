"""What happens around every page: the second wall, no copies left behind, refusals as sentences."""

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from grid.refused import as_refusal, record_refused
from grid.wall import at_rest, bounds_of, raise_wall
from yizhou.refusals import Denial, NotFound

View = Callable[[HttpRequest], HttpResponse]
# Phones carry no session: who they are is known only when their token is read.
OPENED_LATER = ("/health/", "/api/field/")


def wall(get_response: View) -> View:
    """Row-level security: this connection sees the signed-in person's covering range, no more."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OPENED_LATER):
            return get_response(request)
        raise_wall(bounds_of(request.user))
        try:
            return get_response(request)
        finally:
            with suppress(DatabaseError):  # a broken connection falls back to seeing nothing
                raise_wall(at_rest())

    return middleware


def private_pages(get_response: View) -> View:
    """No copies of personal data in caches; an expired session never lands inside a fragment."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        redirected = response.status_code in (301, 302)
        if (
            getattr(request, "htmx", False)
            and redirected
            and urlsplit(response["Location"]).path == settings.LOGIN_URL
        ):
            page = getattr(request, "htmx").current_url_abs_path or "/"  # noqa: B009 - set above us
            return HttpResponseClientRedirect(redirect_to_login(page, settings.LOGIN_URL).url)
        return response

    return middleware


def refusals_as_pages(get_response: View) -> View:
    """A Refusal that no view turned into a form error becomes a page with its sentence."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, Http404):
            exc = NotFound()
        exc = as_refusal(exc)
        if not isinstance(exc, Denial):
            return None
        if exc.status in (403, 404):
            record_refused(request.user, request, exc)
        template = "refusal.html#panel" if getattr(request, "htmx", False) else "refusal.html"
        return render(request, template, {"refusal": exc}, status=exc.status)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
