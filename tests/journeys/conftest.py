"""The phones of the field journeys: a morning with visits due, and phones to take along."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grid.models import Household, Relation
from tests.grid.field_phone import ask_visit
from tests.journeys.phone import CALL, HEADS, Handset, handset
from tests.world import World, add_household
from yizhou.sealed import seal

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def morning(world: World) -> World:
    """Three visits due in the worker's grid; the first household has a phone."""
    for serial, head in enumerate(HEADS[1:], start=20):
        add_household(
            world.grid,
            f"104-207-00{serial}",
            [(head, "M", date(1970, 5, serial), Relation.HEAD)],
            serial=serial,
        )
    for number, head in enumerate(HEADS, start=1):
        ask_visit(Household.objects.get(head__name=head), number, title=f"医疗支出偏高{number}")
    sealed = seal(CALL, column="grid_household.phone_sealed", row=world.household.pk)
    Household.objects.filter(pk=world.household.pk).update(phone_sealed=sealed)
    return world


@pytest.fixture
def take(live_server: Any, chromium: "Browser", tmp_path: Path) -> Iterator[Callable[..., Handset]]:
    """take(username) gives a phone that is signed in, with the pack and the shell on board."""
    with ExitStack() as stack:

        def it(username: str = "worker_1", profile: str = "one", **options: Any) -> Handset:
            phone = stack.enter_context(
                handset(chromium, tmp_path / profile, live_server.url, **options)
            )
            if phone.screen == "signin":
                phone.sign_in(username)
                phone.page.wait_for_selector("a.task, .empty h2:has-text('没有要入户的')")
            return phone

        yield it
