"""Every route refuses the stranger, and shows nobody a household that is out of sight."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from grid.models import Account
from monitoring.actions.rules import load_shipped_rules
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World
from yizhou.audit import SYSTEM

OPEN_TO_ALL = {"signin", "health-live", "health-ready", "big-type", "signout"}
# A stranger has an account but no post: these show the frame, or nothing of anybody.
EMPTY_FOR_STRANGERS = {"home", "api-schema", "api-docs"}


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


@pytest.fixture
def fill(world: World) -> Callable[[str], str]:
    """Puts keys of the first township's household, alert and so on into a path."""
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    alert = world.household.alerts.get()
    item = world.household.work_items.get()
    keys = {
        "queue": item.pk,
        "alert": alert.pk,
        "work": item.pk,
        "people": world.people["韦甲"].pk,
        "person": world.people["韦甲"].pk,
        "household": world.household.pk,
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
                value = {"uuid": str(uuid.uuid4()), "slug": "medical_settlement"}.get(
                    kind, "medical_settlement" if name in {"feed", "code"} else str(key)
                )
                path = path[:start] + value + path[end + 1 :]
        return "/" + path

    return filled


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "path"), ROUTES, ids=[n for n, _ in ROUTES])
def test_nobody_signed_in_is_turned_away(name: str, path: str, fill) -> None:
    if name in OPEN_TO_ALL:
        return
    response = Client().get(fill(path))
    assert response.status_code in {302, 401, 403, 405}
    if response.status_code == 302:
        assert response["Location"].startswith("/signin/")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "path"), ROUTES, ids=[n for n, _ in ROUTES])
def test_account_without_post_learns_nothing(
    name: str, path: str, method: str, fill, world: World, signed_in: Callable[[Account], Client]
) -> None:
    if name in OPEN_TO_ALL:
        return
    client = signed_in(world.stranger)
    response = getattr(client, method)(fill(path))
    body = b"".join(response) if response.streaming else response.content
    assert not [n for n in world.people if n.encode() in body]
    if name not in EMPTY_FOR_STRANGERS:
        assert response.status_code in {302, 400, 403, 404, 405, 415}, body[:200]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "path"), ROUTES, ids=[n for n, _ in ROUTES])
def test_another_township_never_meets_the_household(
    name: str, path: str, fill, world: World, signed_in: Callable[[Account], Client]
) -> None:
    if name in OPEN_TO_ALL:
        return
    response = signed_in(world.other_township_officer).get(fill(path))
    body = b"".join(response) if response.streaming else response.content
    assert "韦甲".encode() not in body
    assert world.household.number.encode() not in body
