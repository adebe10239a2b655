"""Pages of long lists: counted up to a cap, because counting on is not worth the wait."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 50
COUNT_CAP = 1000


def capped_page(
    rows: QuerySet[Any], request: HttpRequest, *, per_page: int = PER_PAGE
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of the asked page, and what pieces/pager.html needs.

    A page that is not there gives the nearest one; beyond the cap a filter must narrow the list.
    """
    counted = rows.order_by()[: COUNT_CAP + 1].count()
    paginator = Paginator(range(min(counted, COUNT_CAP)), per_page)
    asked = request.GET.get("page", "1")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    number = max(1, min(number, paginator.num_pages))
    start = (number - 1) * per_page
    shown = list(rows[start : min(start + per_page, COUNT_CAP)])

    def url(page: int) -> str:
        query = [(k, v) for k, vs in request.GET.lists() for v in vs if k != "page" and v]
        return f"{request.path}?{urlencode([*query, ('page', page)])}"

    numbers = paginator.get_elided_page_range(number, on_each_side=2, on_ends=1)
    return shown, {
        "number": number,
        "count": min(counted, COUNT_CAP),
        "count_capped": counted > COUNT_CAP,
        "start": start + 1 if shown else 0,
        "end": start + len(shown),
        "has_previous": number > 1,
        "has_next": number < paginator.num_pages,
        "previous_url": url(number - 1),
        "next_url": url(number + 1),
        "pages": [
            {"n": n, "url": url(n) if isinstance(n, int) else "", "current": n == number}
            for n in numbers
        ],
    }
