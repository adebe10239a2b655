"""Pages in a real browser: a visit to make, and a tab signed in as somebody."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from grid.actions.work_items import VisitRequest, open_work_items
from grid.models import Account, Severity
from tests.world import World, build_world
from yizhou.audit import SYSTEM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Opener = Callable[..., "Page"]


@pytest.fixture
def world(transactional_db: None) -> World:
    """The named world with a visit to make at two households of 地罗村."""
    with transaction.atomic():
        world = build_world()
        open_work_items(
            acting=SYSTEM,
            requests=[
                VisitRequest(
                    household_id=household.pk,
                    code=household.cell_id,
                    kind="verify_alert",
                    subject=number,
                    title="大额医疗支出",
                    sentence="近 12 个月医疗自付 46,820 元，达到监测线 10,000 元",
                    severity=Severity.RED,
                    due_on=timezone.localdate() + timedelta(days=number),
                )
                for number, household in enumerate((world.household, world.lone_household), 1)
            ],
        )
    return world


@pytest.fixture
def open_page(live_server: Any, chromium: "Browser") -> Iterator[Opener]:
    """open_page(account, path, **context options): signed in; a script error fails the test."""
    contexts, errors = [], []

    def open_it(account: Account, path: str, **options: Any) -> "Page":
        client = Client()
        client.force_login(account)
        context = chromium.new_context(locale="zh-CN", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.goto(live_server.url + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert errors == []
