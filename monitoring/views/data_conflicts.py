"""Contradictions between departments: the list, the answer, and who is right for which fact."""

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid.departments import DEPARTMENTS
from grid.frame import sees_people
from grid.models import Person
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.scope import found
from monitoring.actions.conflicts import (
    answer_conflict,
    decide_source_of_truth,
    may_answer,
    may_decide_truth,
    sources_of_truth,
    truths_in_force,
)
from monitoring.conflicts import KINDS, source_name
from monitoring.feeds import FEEDS
from monitoring.frame import sees_conflicts
from monitoring.models import DataConflict
from monitoring.models.conflict import REGISTRY, DataConflictQuerySet, Fact, conflicts_in_sight
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

TONES = {"open": "orange", "answered": "green", "gone": "grey"}
NO_DEPARTMENT = "township"  # the registry's side: the township answers
SOURCES = [(code, source_name(code)) for code in (REGISTRY, *FEEDS)]


class AnswerForm(forms.Form):
    """Which side is right, and how one knows."""

    answer = forms.ChoiceField(
        label="哪一边是对的",
        widget=forms.RadioSelect,
        error_messages={"required": "请选哪一边是对的。"},
    )
    reason = forms.CharField(
        label="依据",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明核对了什么，例如“已核对户口注销证明”。",
        error_messages={"required": "请写明依据，2 到 300 个字，例如“已核对户口注销证明”。"},
    )

    def __init__(self, *args: Any, conflict: DataConflict, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["answer"]).choices = answers_to(conflict)


def answers_to(conflict: DataConflict) -> list[tuple[str, str]]:
    """The four answers, with the sources' names."""
    return [
        ("left", f"{source_name(conflict.left_feed)}的对：{conflict.left_value}"),
        ("right", f"{source_name(conflict.right_feed)}的对：{conflict.right_value}"),
        ("both", "两边都对，不矛盾"),
        ("neither", "两边都不对"),
    ]


class TruthForm(forms.Form):
    """From today on, this source is right for the fact."""

    feed = forms.ChoiceField(label="以哪个来源为准", choices=SOURCES)
    applies_itself = forms.BooleanField(
        label="直接登记死亡，不经人工确认",
        required=False,
        help_text="只用于报送死亡的来源。户主死亡仍由人确认，因为要指定新户主。",
    )
    document = forms.CharField(label="依据文件", max_length=200, required=False)
    reason = forms.CharField(
        label="理由", max_length=200, error_messages={"required": "请写明理由，2 到 200 个字。"}
    )

    def __init__(self, *args: Any, fact: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fact != Fact.DEATH:
            del self.fields["applies_itself"]


def _in_sight(request: SignedInRequest) -> DataConflictQuerySet:
    if not sees_conflicts(request.user):
        raise NotAllowed("您的职务不查看部门之间的数据矛盾。")
    return conflicts_in_sight(request.user)


def _state(state: str, today: date) -> Q:
    if state == "overdue":
        return Q(state="open", due_on__lt=today)
    return Q(state=state)


STATES = {
    "open": "待答复",
    "overdue": "已超期",
    "answered": "已答复",
    "gone": "已自行消除",
}


def masked(name: str) -> str:
    """Surname only, for those who see no people."""
    return name[:1] + "*" * max(1, len(name) - 1)


def _chosen(request: SignedInRequest) -> dict[str, str]:
    """The filters of the address; what is not offered counts as not given."""
    state = request.GET.get("state", "open")
    kind, owner = request.GET.get("kind", ""), request.GET.get("owner", "")
    return {
        "state": state if state in STATES else "open",
        "kind": kind if kind in KINDS else "",
        "owner": owner if owner in DEPARTMENTS or owner == NO_DEPARTMENT else "",
    }


def _narrowed(rows: DataConflictQuerySet, f: dict[str, str]) -> DataConflictQuerySet:
    if f["kind"]:
        rows = rows.filter(kind=f["kind"])
    if f["owner"] == NO_DEPARTMENT:
        rows = rows.filter(owner=None)
    elif f["owner"]:
        rows = rows.filter(owner=f["owner"])
    return rows


def shown(request: SignedInRequest, conflicts: list[DataConflict]) -> list[dict[str, Any]]:
    """Rows in words; names whole only for those who see people."""
    whole, today = sees_people(request.user), timezone.localdate()
    places = places_of(c.code for c in conflicts) if whole else {}
    return [
        {
            "conflict": c,
            "kind": KINDS[c.kind] if c.kind in KINDS else None,
            "name": c.person_name if whole else masked(c.person_name),
            "place": places[c.code] if whole else None,
            "left": source_name(c.left_feed),
            "right": source_name(c.right_feed),
            "owner": DEPARTMENTS[c.owner_id][1] if c.owner_id in DEPARTMENTS else "乡镇",
            "overdue": c.state == "open" and c.due_on < today,
            "tone": TONES[c.state],
        }
        for c in conflicts
    ]


@login_required
@require_GET
def conflict_list(request: SignedInRequest) -> HttpResponse:
    f, today = _chosen(request), timezone.localdate()
    rows = _narrowed(_in_sight(request), f)
    counts = rows.aggregate(**{s: Count("pk", filter=_state(s, today)) for s in STATES})
    conflicts, page = capped_page(rows.filter(_state(f["state"], today)), request)
    context = {
        "rows": shown(request, conflicts),
        "page": page,
        "f": f,
        "counters": [(s, label, counts[s], s == f["state"]) for s, label in STATES.items()],
        "kinds": [(code, kind.title) for code, kind in KINDS.items()],
        "owners": [(NO_DEPARTMENT, "乡镇"), *((c, d[1]) for c, d in DEPARTMENTS.items())],
        "filtered": bool(f["kind"] or f["owner"]),
        "may_decide": may_decide_truth(request.user),
    }
    return render(request, "monitoring/data_conflicts.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def conflict(request: SignedInRequest, pk: int) -> HttpResponse:
    row: DataConflict = found(_in_sight(request), pk)
    form = AnswerForm(request.POST or None, conflict=row)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            answer_conflict(acting=request.user, conflict=row, **form.cleaned_data)
        except Overtaken:
            raise
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, "已答复。")
            return redirect("data-conflict", pk)
    if form.errors:
        status = 422
    context = {"form": form, **_details(request, row)}
    return render(request, "monitoring/data_conflicts_one.html", context, status=status)


def _details(request: SignedInRequest, row: DataConflict) -> dict[str, Any]:
    """Both sides, which is right by default, what happened, and the household if in sight."""
    (said,) = shown(request, [row])
    right = sources_of_truth(timezone.localdate()).get(said["kind"].fact if said["kind"] else "")
    people = request.user.sees(Person).filter(pk=row.person_id)
    return {
        **said,
        "usually_right": source_name(right) if right else "",
        "household": people.values_list("household", flat=True).first(),
        "events": row.events.all(),
        "answer_words": dict(answers_to(row)).get(row.answer),
        "may_answer": row.state == "open" and may_answer(request.user, row),
        "sides": [
            (said["left"], row.left_value, row.left_department_id),
            (said["right"], row.right_value, row.right_department_id),
        ],
    }


@login_required
@require_GET
def truths(request: SignedInRequest) -> HttpResponse:
    if not sees_conflicts(request.user):
        raise NotAllowed("您的职务不查看部门之间的数据矛盾。")
    today = timezone.localdate()
    entered, right = truths_in_force(today), sources_of_truth(today)
    rows = [(f, source_name(right[f]), entered.get(f)) for f in Fact]
    context = {"rows": rows, "may_decide": may_decide_truth(request.user)}
    return render(request, "monitoring/data_conflicts_sources.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def decide_truth(request: SignedInRequest, fact: str) -> HttpResponse:
    if not may_decide_truth(request.user):
        raise NotAllowed("以谁为准由县级监测专员决定。")
    if fact not in Fact.values:
        raise NotFound("没有这一项事实。")
    initial = {"feed": sources_of_truth(timezone.localdate())[fact]}
    form = TruthForm(request.POST or None, fact=fact, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = {"applies_itself": False} | form.cleaned_data
        try:
            decide_source_of_truth(acting=request.user, fact=fact, **said)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, "已决定，从今天起按此执行。")
            return redirect("sources-of-truth")
    context = {"form": form, "fact": Fact(fact)}
    status = 422 if form.errors else 200
    return render(request, "monitoring/data_conflicts_decide.html", context, status=status)


urlpatterns = [
    path("data-conflicts/", conflict_list, name="data-conflicts"),
    path("data-conflicts/<int:pk>/", conflict, name="data-conflict"),
    path("data-conflicts/sources/", truths, name="sources-of-truth"),
    path("data-conflicts/sources/<slug:fact>/", decide_truth, name="decide-source-of-truth"),
]
