"""All versions of the form and how long each is accepted."""

from datetime import date, timedelta

from grid.visit_form.question import Form
from grid.visit_form.v1 import FORM as V1
from grid.visit_form.v2 import FORM as V2
from yizhou.refusals import Refusal

FORMS: dict[int, Form] = {form.version: form for form in (V1, V2)}
FORM_VERSION = max(FORMS)
FORM = FORMS[FORM_VERSION]
ACCEPTED_AFTER_NEXT = timedelta(days=365)


def form_of(version: int) -> Form:
    """Raises Refusal for a version that does not exist."""
    form = FORMS.get(version) if isinstance(version, int) else None
    if form is None:
        raise Refusal(
            f"平台没有第 {version} 版走访表单。请联网更新手机上的应用后再提交。",
            code="form_unknown",
        )
    return form


def accepted_until(version: int) -> date | None:
    """The last day on which a visit may arrive in this version; None while it is the newest.

    Raises Refusal for a version that does not exist.
    """
    form_of(version)
    following = FORMS.get(version + 1)
    return following.since + ACCEPTED_AFTER_NEXT if following else None


def why_too_old(version: int, *, on: date) -> str:
    """Empty when a visit in this version may arrive on the day, else one sentence.

    Raises Refusal for a version that does not exist.
    """
    until = accepted_until(version)
    if until is None or on <= until:
        return ""
    return (
        f"这次走访用的是第 {version} 版表单，只收到 {until} 为止。"
        "内容已保留，请更新应用，由乡镇决定是否重新走访。"
    )
