"""Every route refuses the stranger, and shows nobody a household that is out of sight."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from grid.actions.campaigns import fill_campaigns
from grid.actions.discovery import report_household
from grid.models import Account, PlanEntry
from monitoring.actions.rules import load_shipped_rules
from tests.grid.test_campaigns import begin
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World
from yizhou.audit import SYSTEM

OPEN_TO_ALL = {
    *("signin", "health-live", "health-ready", "big-type", "signout"),
    *("field", "field-worker", "field-manifest"),  # the same bytes for everybody
}
# A stranger has an account but no post: these show the frame, or nothing of anybody.
EMPTY_FOR_STRANGERS = {"home", "own-password", "api-schema", "api-docs", "api-feeds", "api-uploads"}


def routes(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """(name, path pattern, converters) of every address of the site."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield entry.name or "", prefix + str(entry.pattern), entry.pattern.converters


ROUTES = sorted({(name, path) for name, path, _ in routes()})


def test_there_are_routes() -> None:
    assert len(ROUTES) > 20
    assert all(name for name, _ in ROUTES)


def planned_entry(world: World) -> PlanEntry:
    fill_campaigns(acting=SYSTEM)
    return PlanEntry.objects.get(household=world.household)


@pytest.fixture
def fill(world: World) -> Callable[[str], str]:
    """Puts keys of the first township's household, alert and so on into a path."""
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    alert = world.household.alerts.get()
    item = world.household.work_items.get()
    told = report_household(
        acting=world.worker_1,
        report_id=uuid.uuid4(),
        found_at=timezone.now(),
        name="韦甲",
        phone="",
        place=world.grid.pk,
        address="",
        people=None,
        difficulty="ill",
        sentence="男主人住院，家里没有收入",
        household_id=world.household.pk,
    )
    keys = {
        "reports": told.pk,
        "queue": item.pk,
        "alert": alert.pk,
        "work": item.pk,
        "people": world.people["韦甲"].pk,
        "person": world.people["韦甲"].pk,
        "household": world.household.pk,
        "campaigns": begin(world).pk,
        "findings": planned_entry(world).pk,
    }

    def filled(path: str) -> str:
        for kind in ("int", "uuid", "slug", "str"):
            while f"<{kind}:" in path:
                start = path.index(f"<{kind}:")
                end = path.index(">", start)
                name = path[start:end].partition(":")[2]
                key = next(
                    (v for word, v in keys.items() if word in path[:start] or word in name),
                    world.household.pk,
                )
                known = str(key) if isinstance(key, uuid.UUID) else str(uuid.uuid4())
                value = {"uuid": known, "slug": "medical_settlement"}.get(
                    kind, "medical_settlement" if name in {"feed", "code"} else str(key)
                )
                path = path[:start] + value + path[end + 1 :]
        return "/" + path

    return filled


def refused(response) -> bool:
    return response.status_code in {302, 400, 401, 403, 404, 405, 415}


def body_of(response) -> str:
    body = b"".join(response) if response.streaming else response.content
    return body.decode(errors="replace")


@pytest.mark.django_db
def test_nobody_signed_in_is_turned_away(fill) -> None:
    client = Client()
    answers = {path: client.get(fill(path)) for name, path in ROUTES if name not in OPEN_TO_ALL}
    let_in = [path for path, response in answers.items() if not refused(response)]
    elsewhere = [
        path
        for path, response in answers.items()
        if response.status_code == 302 and not response["Location"].startswith("/signin/")
    ]
    assert (let_in, elsewhere) == ([], [])


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_account_without_post_learns_nothing(
    method: str, fill, world: World, signed_in: Callable[[Account], Client]
) -> None:
    client = signed_in(world.stranger)
    told, let_in = [], []
    for name, path in ROUTES:
        if name in OPEN_TO_ALL:
            continue
        response = getattr(client, method)(fill(path))
        if any(person in body_of(response) for person in world.people):
            told.append(path)
        if not refused(response) and name not in EMPTY_FOR_STRANGERS:
            let_in.append(path)
    assert (told, let_in) == ([], [])


@pytest.mark.django_db
def test_another_township_never_meets_the_household(
    fill, world: World, signed_in: Callable[[Account], Client]
) -> None:
    client = signed_in(world.other_township_officer)
    answers = {path: body_of(client.get(fill(path))) for name, path in ROUTES if name != "signout"}
    assert [
        p for p, body in answers.items() if "韦甲" in body or world.household.number in body
    ] == []
