"""The data dictionary: what each data set holds, read from the feed that checks it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import works_at
from monitoring.actions.uploads import feed_called, feeds_of
from monitoring.feeds import FEEDS, Feed
from monitoring.freshness import department_names, due_in_words, rules_reading
from monitoring.intake.contract import contract_of
from monitoring.intake.template import KINDS
from yizhou.refusals import NotAllowed


def _may_read(request: SignedInRequest) -> None:
    if not (request.user.may(Act.UPLOAD_DATA) or works_at(request.user, Level.COUNTY)):
        raise NotAllowed("您的职务不查看数据字典。请联系县级监测专员。")


@login_required
@require_GET
def dictionary(request: SignedInRequest) -> HttpResponse:
    """All data sets by department; a word narrows by title, purpose or column."""
    _may_read(request)
    word = request.GET.get("q", "").strip()[:40]
    shown = [feed for feed in FEEDS.values() if not word or word in _text_of(feed)]
    names = department_names()
    groups: dict[str, dict[str, Any]] = {}
    for feed in shown:
        group = groups.setdefault(
            feed.department, {"name": names.get(feed.department, feed.department), "feeds": []}
        )
        group["feeds"].append({"feed": feed, "due": due_in_words(feed)})
    context = {"departments": groups.values(), "word": word, "count": len(shown)}
    return render(request, "monitoring/data_dictionary.html", context)


def _text_of(feed: Feed) -> str:
    columns = (feed.header(name) for name in feed.contract)
    return " ".join((feed.code, feed.title, feed.purpose, *columns))


@login_required
@require_GET
def data_set(request: SignedInRequest, code: str) -> HttpResponse:
    """One data set: its columns, when it is due, why it is kept and who sees it."""
    _may_read(request)
    feed = feed_called(code)
    context = {
        "feed": feed,
        "department": department_names().get(feed.department, feed.department),
        "due": due_in_words(feed),
        "rhythm": feed.rhythm.label,
        "key": [feed.header(name) for name in feed.natural_key],
        "dated_by": feed.header(feed.valid_on),
        "columns": [column_in_words(column) for column in contract_of(feed)],
        "checks": [{"title": feed.header(c.column), "check": c} for c in feed.checks],
        "proposals": [p.happening.label for p in feed.proposals],
        "rules": rules_reading().get(code, []),
        "may_send": request.user.may(Act.UPLOAD_DATA) and feed in feeds_of(request.user),
    }
    return render(request, "monitoring/data_dictionary.html", context)


def column_in_words(column: dict[str, Any]) -> dict[str, Any]:
    """A contract column with its kind and its limits in words."""
    limits = list(column.get("labels", ()))
    if column["at_least"] is not None:
        limits.append(f"不小于 {column['at_least']}")
    if column["at_most"] is not None:
        limits.append(f"不大于 {column['at_most']}")
    if column["past_only"]:
        limits.append("不晚于报送当天")
    if column.get("max_length"):
        limits.append(f"最多 {column['max_length']} 个字")
    if column.get("decimals"):
        limits.append(f"最多 {column['decimals']} 位小数")
    return column | {"kind_label": KINDS[column["kind"]], "limits": limits}


urlpatterns = [
    path("data/dictionary/", dictionary, name="data-dictionary"),
    path("data/dictionary/<slug:code>/", data_set, name="data-dictionary-page"),
]
