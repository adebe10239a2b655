"""The shell of the field app: the same bytes for everybody, without any personal data.

Who works with it is known only to the phone, behind its PIN, and to /api/field/.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.views.decorators.http import require_GET

from grid.field_files import field_files

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def _page(template: str, content_type: str) -> HttpResponse:
    kept = field_files()
    context = {"files": list(kept.files.values()), "named": kept.files, "build": kept.build}
    # Without the request: the frame of a signed-in page must not reach these bytes.
    body = render_to_string(template, context)
    response = HttpResponse(body, content_type=content_type)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-cache"
    return response


@require_GET
def shell(request: HttpRequest) -> HttpResponse:
    response = _page("field/shell.html", "text/html; charset=utf-8")
    response["Permissions-Policy"] = "camera=(self), microphone=(self), geolocation=(self)"
    return response


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    response = _page("field/sw.js", "text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/field/"
    return response


@require_GET
def web_manifest(request: HttpRequest) -> HttpResponse:
    return _page("field/app.webmanifest", "application/manifest+json; charset=utf-8")


urlpatterns = [
    path("field/", shell, name="field"),
    path("field/sw.js", service_worker, name="field-worker"),
    path("field/app.webmanifest", web_manifest, name="field-manifest"),
]
