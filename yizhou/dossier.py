"""Sections that the floors above add to a household's dossier, wired by dotted name."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the dossier page, drawn."""

    title: str
    html: str


def sections(request: HttpRequest, household: Any) -> list[Section]:
    """Ask every callable of settings.DOSSIER_SECTIONS, in order.

    Each takes (request, household) and returns {"title", "template", "context"}, or None when it
    has nothing to say of this household.
    """
    drawn = []
    for name in settings.DOSSIER_SECTIONS:
        given = import_string(name)(request, household)
        if given is None:
            continue
        around = {"user": request.user, "csrf_token": get_token(request), "household": household}
        html = get_template(given["template"]).render(around | given["context"])
        drawn.append(Section(given["title"], html))
    return drawn
