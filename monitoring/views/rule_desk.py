"""The desk of county officials: a rule is begun, built by form, tried, handed over, published."""

import json
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST

from grid.models import Account
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import require
from monitoring.actions.figures import figures_in_force
from monitoring.actions.rule_drafts import (
    change_draft,
    discard_draft,
    publish_version,
    return_draft,
    start_draft,
    start_rule,
    submit_draft,
    why_not_publish,
)
from monitoring.actions.rule_files import LARGEST_FILE, import_rule
from monitoring.actions.rule_previews import preview_version
from monitoring.actions.rules import in_reading_order, retire_rule
from monitoring.models import RuleVersion
from monitoring.published import changes_of, draft_of, events_of, lines_of, version_of, words_of
from monitoring.rules.wording import Change, diff, figure_words, measure_in_words
from monitoring.views.rule_edit import edited
from monitoring.views.rule_faults import faults_of, refusal_of
from monitoring.views.rule_form import (
    Raw,
    definition_from,
    figures_from,
    raw_from,
    raw_from_post,
    text,
)
from monitoring.views.rule_parts import Desk
from monitoring.views.rule_preview import preview_of
from yizhou.refusals import Overtaken, Refusal

WORDS = {"source": "依据文件", "why": "修改原因", "review_on": "复审日期"}
OVER = "这份草稿已经提交，您填写的没有保存。要修改，请先写明原因“退回修改”，再重新填写。"


class NewRuleForm(forms.Form):
    """What a rule is called, and who answers for it."""

    code = forms.CharField(
        label="编号",
        max_length=20,
        help_text="大写字母、横线和数字，例如 MED-09。",
        error_messages={"required": "请写编号，例如 MED-09。"},
    )
    title = forms.CharField(
        label="名称", max_length=60, error_messages={"required": "请写名称，2 到 60 个字。"}
    )
    risk = forms.CharField(
        label="风险类型",
        max_length=30,
        help_text="例如 因病、因学、因灾。",
        error_messages={"required": "请写风险类型，例如 因病。"},
    )
    owner = forms.CharField(
        label="责任部门", max_length=60, error_messages={"required": "请写责任部门，例如 医保局。"}
    )


# ---- beginnings ----


@login_required
@require_http_methods(["GET", "POST"])
def new_rule(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.WRITE_RULES)
    form = NewRuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = start_rule(acting=request.user, **form.cleaned_data)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, "已建立。下面是一份可以改的样子，请按需要修改。")
            return redirect("rule-draft", version.rule_id)
    return render(request, "monitoring/rule_new.html", {"form": form}, status=_status(form))


@login_required
@require_POST
def import_file(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.WRITE_RULES)
    given = request.FILES.get("file")
    try:
        if given is None:
            raise Refusal("请选一个规则文件（“导出”得到的 .json）。", code="file")
        version = import_rule(acting=request.user, content=given.read(LARGEST_FILE + 1))
    except Refusal as no:
        context = {"form": NewRuleForm(), "import_error": no.sentence}
        return render(request, "monitoring/rule_new.html", context, status=422)
    messages.success(request, "已导入为草稿，请核对后提交。")
    return redirect("rule-draft", version.rule_id)


@login_required
@require_POST
def start(request: SignedInRequest, code: str) -> HttpResponse:
    number = request.POST.get("number", "")
    base = version_of(code, _number(number)) if number else None
    try:
        start_draft(acting=request.user, code=code, based_on=base)
    except Refusal as no:
        messages.error(request, no.sentence)
        return redirect("rule", code)
    return redirect("rule-draft", code)


@login_required
@require_POST
def retire(request: SignedInRequest, code: str) -> HttpResponse:
    require(request.user, Act.WRITE_RULES)
    number, until_on = request.POST.get("number", ""), _day(request.POST.get("until_on", ""))
    try:
        if until_on is None:
            raise Refusal("请选从哪天起停用。", code="until_on")
        retire_rule(
            acting=request.user,
            version=version_of(code, _number(number)),
            version_seen=_seen(request.POST),
            until_on=until_on,
            reason=request.POST.get("reason", ""),
        )
        messages.success(request, "已定停用日期。")
    except Refusal as no:
        messages.error(request, no.sentence)
    return redirect("rule", code)


# ---- the draft ----


@login_required
@require_http_methods(["GET", "POST"])
def draft(request: SignedInRequest, code: str) -> HttpResponse:
    require(request.user, Act.WRITE_RULES)
    version = draft_of(code)
    if version.state == RuleVersion.State.SUBMITTED:
        if request.method == "POST":
            messages.error(request, OVER)
        return _review(request, version)
    if request.method == "GET":
        raw = raw_from(version.definition, version.figures)
        words = {"source": version.source, "why": version.why, "review_on": version.review_on}
        return _form(request, version, raw | {name: str(word) for name, word in words.items()})
    act, raw = request.POST.get("act", "save"), raw_from_post(request.POST)
    if act not in ("save", "preview", "submit"):
        known = figures_in_force(timezone.localdate(), {})
        return _form(request, version, edited(raw, act, code=code, figures=known))
    try:
        return _saved(request, version, raw, act)
    except Overtaken as no:
        return _form(request, draft_of(code), raw, sentence=no.sentence, status=409)
    except Refusal as no:
        return _form(request, draft_of(code), raw, sentence=no.sentence, code=no.code, status=422)


def _saved(request: SignedInRequest, version: RuleVersion, raw: Raw, act: str) -> HttpResponse:
    """Save; then preview or hand over if that was the button. Raises Refusal."""
    change_draft(
        acting=request.user,
        version=version,
        version_seen=_seen(request.POST),
        definition=definition_from(raw),
        figures=figures_from(raw),
        source=text(raw, "source"),
        why=text(raw, "why"),
        review_on=_day(text(raw, "review_on")),
    )
    now = (request.user, version, version.version)
    messages.success(request, _also(act, *now))
    return redirect("rule-draft", version.rule_id)


def _also(act: str, acting: Account, version: RuleVersion, seen: int) -> str:
    """What follows saving, and the sentence that says what was done. Raises Refusal."""
    if act == "preview":
        preview_version(acting=acting, version=version, version_seen=seen)
        return "已保存并预览。"
    if act == "submit":
        submit_draft(acting=acting, version=version, version_seen=seen)
        return "已提交，等另一位县级监测专员发布。"
    return "草稿已保存。"


def _seen(post: QueryDict) -> int:
    """The version of the row that the page showed; 0 fits none."""
    given = post.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


def _form(
    request: SignedInRequest, version: RuleVersion, raw: Raw, *, status: int = 200, **refused: str
) -> HttpResponse:
    """The editor with what was typed; to htmx only the form."""
    template = "monitoring/rule_draft.html" + ("#form" if request.htmx else "")
    return render(request, template, _form_context(request, version, raw, **refused), status=status)


def _form_context(
    request: SignedInRequest, version: RuleVersion, raw: Raw, *, sentence: str = "", code: str = ""
) -> dict[str, Any]:
    """`sentence`: why it was not saved; the part it belongs to is looked up."""
    today = timezone.localdate()
    definition, proposed = definition_from(raw), figures_from(raw)
    faults = faults_of(raw) if sentence else {}
    if sentence and not faults:
        faults = {code: sentence}
    known = figures_in_force(today, {k: f for k, f in proposed.items() if k and f["value"]})
    words = figure_words(known)
    return {
        "version": version,
        "rule": version.rule,
        "parts": Desk(raw, words, faults, _teller(definition, words)).parts(),
        "raw": {name: text(raw, name) for name in WORDS},
        "faults": faults,
        "sentence": sentence,
        "saved": bool(code) and version.version != _seen(request.POST),
        "clashes": _clashes(version, raw, words, today) if code == "" and sentence else [],
        "lines": lines_of(version, today),
        "preview": preview_of(request, version),
        "changes": changes_of(version.based_on, version, today) if version.based_on else [],
        "json": json.dumps(in_reading_order(definition), ensure_ascii=False, indent=2),
    }


def _teller(definition: dict[str, Any], words: dict[str, str]) -> Any:
    """Says a measure in words, or nothing while it is not yet right."""

    def said(name: str) -> str:
        try:
            return measure_in_words(definition, name, words)
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError):
            return ""

    return said


def _clashes(theirs: RuleVersion, raw: Raw, words: dict[str, str], today: date) -> list[Change]:
    """What the form says otherwise than the draft somebody saved meanwhile."""
    definition = definition_from(raw)
    if refusal_of(definition):
        return []
    saved = figure_words(figures_in_force(today, theirs.figures))
    return diff(theirs.definition, definition, old_figures=saved, new_figures=words) + [
        Change(name, title, str(getattr(theirs, name)), text(raw, name))
        for name, title in WORDS.items()
        if str(getattr(theirs, name)) != text(raw, name)
    ]


# ---- handed over ----


def _review(request: SignedInRequest, version: RuleVersion) -> HttpResponse:
    today = timezone.localdate()
    context = {
        "version": version,
        "rule": version.rule,
        "phrases": words_of(version, today),
        "lines": lines_of(version, today),
        "changes": changes_of(version.based_on, version, today) if version.based_on else [],
        "preview": preview_of(request, version),
        "why_not": why_not_publish(version, request.user),
        "tomorrow": today + timedelta(days=1),
        "events": events_of([version]),
    }
    return render(request, "monitoring/rule_review.html", context)


@login_required
@require_POST
def move(request: SignedInRequest, code: str) -> HttpResponse:
    require(request.user, Act.WRITE_RULES)
    act = request.POST.get("act", "")
    now: dict[str, Any] = {
        "acting": request.user,
        "version": draft_of(code),
        "version_seen": _seen(request.POST),
    }
    try:
        done = _moved(act, now, request.POST)
    except Refusal as no:
        messages.error(request, no.sentence)
        return redirect("rule-draft", code)
    messages.success(request, done)
    return redirect("rule" if act in ("discard", "publish") else "rule-draft", code)


def _moved(act: str, now: dict[str, Any], post: Any) -> str:
    """One step of a draft; the sentence that says so. Raises Refusal."""
    if act == "preview":
        preview_version(**now)
        return "已预览。"
    if act == "return":
        return_draft(**now, reason=post.get("reason", ""))
        return "已退回修改。"
    if act == "discard":
        discard_draft(**now, reason=post.get("reason", ""))
        return "草稿已作废。"
    if act != "publish":
        raise Refusal("请点页面上的按钮。", code="act")
    from_on = _day(post.get("from_on", ""))
    if from_on is None:
        raise Refusal("请选起用日期。", code="from_on")
    publish_version(**now, from_on=from_on)
    return f"已发布，从 {from_on} 起用。"


def _number(given: str) -> int:
    """The number of a version; 0 is none's."""
    return int(given) if given.isdecimal() and len(given) < 5 else 0


def _day(given: str) -> date | None:
    try:
        return parse_date(given)
    except ValueError:
        return None


def _status(form: forms.Form) -> int:
    return 422 if form.errors else 200


urlpatterns = [
    path("rules/new/", new_rule, name="new-rule"),
    path("rules/import/", import_file, name="import-rule"),
    path("rules/<slug:code>/start/", start, name="start-draft"),
    path("rules/<slug:code>/retire/", retire, name="retire-rule"),
    path("rules/<slug:code>/draft/", draft, name="rule-draft"),
    path("rules/<slug:code>/draft/move/", move, name="move-draft"),
]
