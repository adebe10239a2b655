"""One screening run: its shards, what it was given, what each rule found; asking it again."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may
from monitoring.actions.screenings import repeat_screening
from monitoring.models import Alert, ScreeningRun, ScreeningShard, Upload
from monitoring.runs import (
    RunRow,
    comparisons_of,
    left_out_of,
    lines_of,
    overfull_of,
    repeats_of,
    rules_of,
    run_of,
    runs_to_compare,
    shards_of,
    skipped_of,
    sums_of,
)
from monitoring.views.screening import readers_only, stop
from yizhou.refusals import Refusal


@login_required
@require_GET
def run(request: SignedInRequest, pk: int) -> HttpResponse:
    readers_only(request)
    asked = run_of(pk)
    shards = shards_of(asked)
    row = RunRow(asked, sum(shard.job_state == "done" for shard in shards), len(shards))
    context: dict[str, Any] = {"run": asked, "row": row} | _shards_context(asked, shards)
    context |= _rules_context(asked) | _around_context(request, asked)
    template = "monitoring/run.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def _shards_context(asked: ScreeningRun, shards: list[ScreeningShard]) -> dict[str, Any]:
    sums = sums_of(asked, shards)
    return {"shards": shards, "sums": sums, "sums_equal": all(s.equal for s in sums)}


def _rules_context(asked: ScreeningRun) -> dict[str, Any]:
    done = asked.job_state == "done"
    rules = rules_of(asked, first=asked.repeats if done else None)
    return {
        "done": done,
        "rules_count": len(rules),
        "rules_hit": [r for r in rules if r.found.hits or r.found.overfull or not r.equal],
        "rules_quiet": [r for r in rules if not r.found.hits and not r.found.overfull and r.equal],
        "hits_of_rules": sum(r.found.hits for r in rules),
        "unequal": sum(not r.equal for r in rules),
        "overfull": overfull_of(rules),
        "skipped": skipped_of(asked),
        "lines": lines_of(asked),
        "repeats": repeats_of(asked),
    }


def _around_context(request: SignedInRequest, asked: ScreeningRun) -> dict[str, Any]:
    left_out = left_out_of(asked)
    may_run = may(request.user, Act.RUN_SCREENING)
    comparable = may_run and asked.job_state == "done"
    keys = [batch.upload.pk for batch in left_out]
    in_sight = request.user.sees(Upload).filter(pk__in=keys).values_list("pk", flat=True)
    return {
        "left_out": left_out,
        "open_uploads": set(in_sight) if may(request.user, Act.UPLOAD_DATA) else set(),
        "alerts_in_sight": request.user.sees(Alert).filter(opened_in=asked).count(),
        "may_run": may_run,
        "others": runs_to_compare(asked) if comparable else [],
        "comparisons": comparisons_of(asked),
    }


@login_required
@require_POST
def repeat(request: SignedInRequest, pk: int) -> HttpResponse:
    readers_only(request)
    try:
        again = repeat_screening(acting=request.user, run_id=run_of(pk).pk)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("run", pk)
    messages.success(request, "已开始用当时的输入重算，只核对命中，不改动预警。")
    return redirect("run", again.pk)


urlpatterns = [
    path("screening/<int:pk>/", run, name="run"),
    path("screening/<int:pk>/stop/", stop, name="stop-screening"),
    path("screening/<int:pk>/repeat/", repeat, name="repeat-screening"),
]
