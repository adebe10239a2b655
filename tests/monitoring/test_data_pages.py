"""Calendar, quality and dictionary: who sees which data sets, and what the pages say."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account
from monitoring.actions.rules import load_shipped_rules
from monitoring.feeds import FEEDS
from monitoring.intake.contract import contract_of
from monitoring.models import DataReminder
from monitoring.views import data_calendar
from tests.monitoring.test_freshness import merged
from tests.world import World
from yizhou.audit import SYSTEM

pytestmark = pytest.mark.django_db
Signer = Callable[[Account], Client]
PAGES = ("/data/calendar/", "/data/quality/", "/data/dictionary/")
OWN = [f for f in FEEDS.values() if f.department == "civil_affairs"]
OTHERS = [f for f in FEEDS.values() if f.department != "civil_affairs"]


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def named(page: str, feeds: list) -> list[str]:
    return [f.code for f in feeds if f'href="/data/dictionary/{f.code}/"' in page]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("name", ["township_officer", "village_head", "worker_1", "stranger"])
def test_who_follows_no_data_is_refused(
    world: World, signed_in: Signer, path: str, name: str
) -> None:
    assert signed_in(getattr(world, name)).get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES[:2])
@pytest.mark.parametrize("name", ["county_officer", "leader"])
def test_the_county_sees_all_data_sets(
    world: World, signed_in: Signer, path: str, name: str
) -> None:
    page = text(signed_in(getattr(world, name)), path)
    assert named(page, list(FEEDS.values())) == list(FEEDS)


@pytest.mark.parametrize("path", PAGES[:2])
def test_a_clerk_sees_the_own_departments(world: World, signed_in: Signer, path: str) -> None:
    page = text(signed_in(world.clerk_civil), path)
    assert (named(page, OWN), named(page, OTHERS)) == ([f.code for f in OWN], [])


@pytest.mark.parametrize("name", ["auditor", "administrator"])
def test_auditors_and_administrators_read_the_dictionary_only(
    world: World, signed_in: Signer, name: str
) -> None:
    client = signed_in(getattr(world, name))
    assert [client.get(path).status_code for path in PAGES] == [403, 403, 200]


def test_the_calendar_says_which_rules_wait(world: World, signed_in: Signer) -> None:
    client = signed_in(world.clerk_civil)
    before = text(client, "/data/calendar/")
    load_shipped_rules(acting=SYSTEM)
    assert ["大额医疗支出" in p for p in (before, text(client, "/data/calendar/"))] == [False, True]


def test_the_calendar_narrows_to_a_state(world: World, signed_in: Signer) -> None:
    merged(world, timezone.localdate())
    client = signed_in(world.county_officer)
    page = text(client, "/data/calendar/?state=reported")
    assert named(page, list(FEEDS.values())) == ["dibao_payment"]
    assert "dibao_payment" not in named(text(client, "/data/calendar/?state=never"), OWN)


def test_a_state_nothing_is_in_has_a_way_back(world: World, signed_in: Signer) -> None:
    assert "没有这种状态的数据集" in text(
        signed_in(world.county_officer), "/data/calendar/?state=reported"
    )


def test_every_mark_has_words(world: World, signed_in: Signer) -> None:
    merged(world, timezone.localdate())
    page = text(signed_in(world.county_officer), "/data/calendar/")
    marks = re.findall(r'<li class="mark [^"]+" title="([^"]+)">', page)
    assert len(marks) == 12 * len(FEEDS)
    assert any("按时报送" in words or "迟报" in words for words in marks)


@pytest.mark.parametrize("path", PAGES[:2])
def test_queries_do_not_grow_with_the_data_sets(
    world: World, signed_in: Signer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    client = signed_in(world.leader)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            text(client, path)
        return len(counted)

    queries()
    every = queries()
    monkeypatch.setattr(data_calendar, "feeds_in_sight", lambda account: OWN[:1])
    assert every == queries()


def test_the_officer_reminds_from_the_calendar(world: World, signed_in: Signer) -> None:
    client = signed_in(world.county_officer)
    answer = client.post(
        "/data/calendar/dibao_payment/remind/", {"reason": "会商要用"}, follow=True
    )
    assert "已催报：低保金发放" in answer.content.decode()
    assert DataReminder.objects.get().reason == "会商要用"
    again = client.post("/data/calendar/dibao_payment/remind/", follow=True)
    assert "今天已经催报过" in again.content.decode()


def test_only_the_officer_has_the_form(world: World, signed_in: Signer) -> None:
    have = [
        "/remind/" in text(signed_in(account), "/data/calendar/")
        for account in (world.county_officer, world.leader, world.clerk_civil)
    ]
    assert have == [True, False, False]
    path = "/data/calendar/dibao_payment/remind/"
    assert signed_in(world.leader).post(path).status_code == 403


# ---- quality ----


def test_quality_shows_the_shares_as_figures(world: World, signed_in: Signer) -> None:
    today = timezone.localdate()
    merged(world, today, rows_in=10, accepted=8, faulty=2, unmatched=2)
    merged(world, today.replace(day=1) - timedelta(days=5), rows_in=4, accepted=4)
    page = text(signed_in(world.clerk_civil), "/data/quality/")
    assert "85.7%" in page  # 12 of 14 rows are good
    assert "<polyline points=" in page
    assert "style=" not in page


# ---- dictionary ----


@pytest.mark.parametrize("code", list(FEEDS))
def test_a_page_names_every_column_of_the_contract(
    world: World, signed_in: Signer, code: str
) -> None:
    page = text(signed_in(world.county_officer), f"/data/dictionary/{code}/")
    columns = [c["title"] for c in contract_of(FEEDS[code])]
    assert re.findall(r'<tr>\s*<th scope="row">([^<]+)</th><td data-label="字段">', page) == columns
    assert FEEDS[code].purpose in page


def test_the_template_is_offered_to_who_may_send_it(world: World, signed_in: Signer) -> None:
    client = signed_in(world.clerk_civil)
    offered = [
        f"/data/{code}/template.xlsx" in text(client, f"/data/dictionary/{code}/")
        for code in ("dibao_payment", "medical_settlement")
    ]
    assert offered == [True, False]


def test_an_unknown_data_set_is_not_found(world: World, signed_in: Signer) -> None:
    assert signed_in(world.county_officer).get("/data/dictionary/nothing/").status_code == 404


def test_the_dictionary_is_searched_by_column(world: World, signed_in: Signer) -> None:
    page = text(signed_in(world.county_officer), "/data/dictionary/?q=保障人数")
    assert "dibao_payment" in named(page, OWN)
    assert named(page, OTHERS) == []


def test_the_written_dictionary_has_every_data_set(tmp_path, monkeypatch) -> None:
    from monitoring.management.commands import data_dictionary

    assert all(f"`{code}`" in data_dictionary.page() for code in FEEDS)
    monkeypatch.setattr(data_dictionary, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(data_dictionary.settings, "ROOT", tmp_path)
    call_command("data_dictionary")
    call_command("data_dictionary", check=True)
