"""Large type (大字版): a cookie, so that the server renders it and no script is needed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from grid.frame import BIG_TYPE_COOKIE


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = redirect(back)
    on = request.COOKIES.get(BIG_TYPE_COOKIE) == "1"
    response.set_cookie(
        BIG_TYPE_COOKIE, "0" if on else "1", max_age=365 * 86400, samesite="Lax", httponly=True
    )
    return response
