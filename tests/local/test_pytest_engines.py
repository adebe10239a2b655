"""The plug-in's fixtures: a real worker on the test database, a browser with Chinese glyphs."""

import os
from typing import TYPE_CHECKING

import pytest

from yizhou.local.processes import Child

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_worker_answers_from_another_process(celery_worker_process: Child) -> None:
    from yizhou.celery import app

    ((answer,),) = [
        reply.values() for reply in app.control.broadcast("stats", reply=True, timeout=10, limit=1)
    ]
    assert answer["pid"] == celery_worker_process.process.pid != os.getpid()


@pytest.mark.django_db(transaction=True)
def test_the_worker_is_told_the_test_database(celery_worker_process: Child) -> None:
    from django.db import connection

    environment = f"/proc/{celery_worker_process.process.pid}/environ"
    if os.path.exists(environment):
        with open(environment) as file:
            words = dict(word.split("=", 1) for word in file.read().split("\0") if "=" in word)
        assert words["DATABASE_URL"].endswith("/" + str(connection.settings_dict["NAME"]))
    assert str(connection.settings_dict["NAME"]).startswith("test_")


def test_the_browser_draws_chinese_characters(chromium: "Browser") -> None:
    page = chromium.new_page(viewport={"width": 60, "height": 60})
    pictures = []
    for character in ("宜", "州"):
        page.set_content(f"<p style='font-size:32px;margin:0'>{character}</p>")
        pictures.append(page.screenshot())
    page.close()
    assert pictures[0] != pictures[1], "both are the box for a missing glyph"
