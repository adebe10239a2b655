"""The office menu as people use it: it fits the screen, folds, opens on a phone, and needs no
script.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from grid.frame import NavGroup, NavItem
from tests.world import World

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LAPTOP = {"viewport": {"width": 1366, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
Opener = Callable[..., "Page"]

MORE = [
    NavItem(f"{group.label} {number}", "inbox", "own-password", lambda a: True, group=group)
    for group, count in (
        (NavGroup.FIND, 1),
        (NavGroup.CASES, 4),
        (NavGroup.VISIT, 1),
        (NavGroup.HOMES, 2),
        (NavGroup.DATA, 3),
        (NavGroup.TEAM, 2),
    )
    for number in range(1, count + 1)
]


def entries(page: "Page") -> list[str]:
    """What stands in the menu and can be seen, without the figures."""
    return page.eval_on_selector_all(
        ".side details a",
        "links => links.filter(a => a.parentElement.open).map(a => a.getAttribute('href'))",
    )


@pytest.mark.parametrize("path", ["/", "/queue/", "/visit-plans/", "/households/", "/rules/"])
def test_thirty_entries_fit_a_laptop_screen(
    world: World, open_page: Opener, settings: Any, path: str
) -> None:
    settings.NAV = [*settings.NAV, "tests.pages.test_menu.MORE"]
    settings.DEMO = False
    page = open_page(world.township_officer, path, **LAPTOP)
    every, bottom = page.evaluate(
        "[document.querySelectorAll('.side details a').length,"
        " document.querySelector('.side details:last-of-type').getBoundingClientRect().bottom]"
    )
    assert every >= 29
    assert bottom <= LAPTOP["viewport"]["height"]


def test_a_heading_folds_and_stays_folded(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **LAPTOP)
    assert "/visit-plans/" in entries(page)
    page.click(".side summary:has-text('走访')")
    page.reload()
    assert "/visit-plans/" not in entries(page)
    page.focus(".side summary:has-text('走访')")
    page.keyboard.press("Enter")
    page.reload()
    assert "/visit-plans/" in entries(page)


def test_a_folded_heading_says_how_much_waits_under_it(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/", **LAPTOP)
    figure = page.locator(".side summary:has-text('发现') .count")
    assert not figure.is_visible()
    page.click(".side summary:has-text('发现')")
    assert figure.inner_text().startswith("2")


def test_the_group_of_the_page_opens_again(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **LAPTOP)
    page.click(".side summary:has-text('发现')")
    assert "/queue/" not in entries(page)
    page.reload()
    assert page.is_visible(".side a[aria-current=page]")


def test_headings_fold_without_a_script(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", java_script_enabled=False, **LAPTOP)
    assert page.is_visible(".side a[href='/visit-plans/']")
    page.click(".side summary:has-text('走访')")
    assert not page.is_visible(".side a[href='/visit-plans/']")


@pytest.mark.parametrize("script", [True, False])
def test_on_a_phone_the_menu_opens_and_closes(
    world: World, open_page: Opener, script: bool
) -> None:
    page = open_page(world.township_officer, "/queue/", java_script_enabled=script, **PHONE)
    assert not page.is_visible("#menu")
    page.click("a:has-text('菜单')")
    assert page.is_visible("#menu")
    page.click("a:has-text('关闭菜单')")
    assert not page.is_visible("#menu")
    page.click("a:has-text('菜单')")
    page.click("#menu a:has-text('走访计划')")
    page.wait_for_url("**/visit-plans/")
    assert not page.is_visible("#menu")


def test_escape_closes_the_menu_of_a_phone(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **PHONE)
    page.focus(".open-menu")
    page.keyboard.press("Enter")
    page.wait_for_selector("#menu", state="visible")
    page.keyboard.press("Escape")
    page.wait_for_selector("#menu", state="hidden")
    assert page.evaluate("document.activeElement.id") == "main"


def test_keyboard_reaches_headings_and_entries_in_order(world: World, open_page: Opener) -> None:
    page = open_page(world.township_officer, "/queue/", **LAPTOP)
    page.focus(".side summary")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('href')"))
    assert reached == entries(page)[:3]
