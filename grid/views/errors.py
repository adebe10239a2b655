"""Error pages of the site; the API answers with problem+json instead."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

SENTENCES = {
    400: "请求的内容读不懂。请返回上一页重新操作。",
    403: "您没有这项权限。",
    404: "没有找到，或不在您的管辖范围内。",
    500: "程序出错了，您填的内容没有保存。请稍后再试；仍不行请联系系统管理员。",
}


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "status": status, "code": "error"}
        return JsonResponse(
            body | {"title": SENTENCES[status]},
            status=status,
            content_type="application/problem+json",
        )
    return render(request, f"{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """Without the frame: what failed may be the database that the frame reads."""
    if request.path.startswith("/api/"):
        return _page(request, 500)
    return HttpResponse(render_to_string("500.html"), status=500)
