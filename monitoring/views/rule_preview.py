"""A stored preview as the page shows it: names only of households the reader may see."""

from typing import Any

from django.utils.dateparse import parse_datetime

from grid.models import Household, Person
from grid.places import places_of
from grid.requests import SignedInRequest
from monitoring.actions.figures import fingerprint
from monitoring.models import RuleVersion
from monitoring.published import titles_of
from monitoring.rules.wording import filled
from monitoring.rules.words import amount


def preview_of(request: SignedInRequest, version: RuleVersion) -> dict[str, Any] | None:
    """None when there is none yet. `is_current`: it is of exactly this content."""
    seen = version.preview
    if not seen:
        return None
    titles = titles_of(code for code, _ in seen.get("overlap", []))
    most = max([n for _, n in seen.get("townships", [])], default=1)
    return seen | {
        "made_at": parse_datetime(seen["at"]),
        "is_current": seen["hash"] == fingerprint(version.definition, version.figures),
        "severities": [(s, seen.get("by_severity", {}).get(str(s), 0)) for s in (1, 2, 3, 4)],
        "townships": [(name, n, round(100 * n / most)) for name, n in seen.get("townships", [])],
        "overlap": [(code, titles.get(code, ""), n) for code, n in seen.get("overlap", [])],
        "examples": _examples(request, version, seen.get("examples", [])),
    }


def _examples(
    request: SignedInRequest, version: RuleVersion, given: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    wanted = [example["household"] for example in given]
    homes = request.user.sees(Household).filter(pk__in=wanted).select_related("head").in_bulk()
    people = request.user.sees(Person).in_bulk([e["person"] for e in given if e["person"]])
    places = places_of(home.cell_id for home in homes.values())
    return [
        {
            **example,
            "home": home,
            "place": places[home.cell_id],
            "sentence": _sentence(version.definition, example, people.get(example["person"])),
        }
        for example in given
        if (home := homes.get(example["household"]))
    ]


def _sentence(definition: dict[str, Any], example: dict[str, Any], person: Person | None) -> str:
    measured = dict(zip(sorted(definition["measures"]), example["measured"], strict=False))
    slots = {name: amount(value) for name, value in measured.items()}
    return filled(
        definition["sentence"],
        slots
        | {
            "value": amount(example["value"]),
            "line": amount(example["line"]),
            "line_label": example["line_label"],
            "who": person.name if person else "",
            "people": "1",
        },
    )
