"""The pages that explain: what they tell, who may open them, what they answer to nonsense."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert
from tests.monitoring.records import add_dibao_payment, add_settlement
from tests.monitoring.test_screening import months_ago
from tests.monitoring.test_screening import screen as run_screening
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Account], Client]


@pytest.fixture
def alert(world: World) -> Alert:
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(3), "8000")
    add_settlement(world.people["覃乙"], months_ago(2), "4000")
    run_screening()
    return Alert.objects.get(household=world.household, rule="MED-01")


def test_the_page_tells_sentence_rows_version_and_source(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    page = signed_in(world.township_officer).get(f"/alerts/{alert.pk}/why/").content.decode()
    for part in (alert.sentence, "MED-01 第 1 版", "宜州区待核定", "待核定", "第 "):
        assert part in page
    assert "低于低收入家庭 12 个月医疗自付监测线 10,000 元（现在 12,000 元，差 2,000 元）" in page


def test_no_identity_number_and_no_other_household_on_the_page(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(world.county_officer)
    asked_for = f"?rule=MED-01&day={timezone.localdate()}"
    pages = [
        client.get(f"/alerts/{alert.pk}/why/"),
        client.get(f"/households/{world.household.pk}/why-not/{asked_for}"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert world.id_number_of("韦甲") not in page.content.decode()
        assert "蓝甲" not in page.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("worker_1", 200),
        ("township_officer", 200),
        ("county_officer", 200),
        ("other_township_officer", 404),
        ("clerk_medical", 404),
        ("stranger", 404),
    ],
)
def test_who_may_open_the_pages(
    who: str, status: int, alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(getattr(world, who))
    day = timezone.localdate()
    assert client.get(f"/alerts/{alert.pk}/why/").status_code == status
    url = f"/households/{world.household.pk}/why-not/?rule=MED-01&day={day}"
    assert client.get(url).status_code == status
    seen = AuditEntry.objects.filter(verb__in=["read_why", "read_why_not"])
    assert seen.count() == (2 if status == 200 else 0)


def test_batches_are_linked_for_those_who_may_open_them(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    url = f"/alerts/{alert.pk}/why/"
    assert b"/data/uploads/" in signed_in(world.county_officer).get(url).content
    assert b"/data/uploads/" not in signed_in(world.worker_1).get(url).content


def test_the_answer_stands_first(alert: Alert, world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.township_officer)
    url = f"/households/{world.next_household.pk}/why-not/"
    assert client.get(url).status_code == 200
    page = client.get(f"{url}?rule=MED-01&day={timezone.localdate()}").content.decode()
    assert "没有达到“大额医疗支出”的条件。" in page
    assert "达到一般家庭 12 个月医疗自付监测线 26,000 元（现在没有记录），就会预警" in page


def test_a_rule_that_fires_says_whether_there_was_an_alert(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(world.township_officer)
    url = f"/households/{world.household.pk}/why-not/?rule=MED-01&day={timezone.localdate()}"
    assert "当时已有这条预警" in client.get(url).content.decode()
    Alert.objects.filter(pk=alert.pk).update(state="settled", closed_at=timezone.now())
    run_screening()
    page = client.get(url).content.decode()
    assert "符合“大额医疗支出”，为黄色" in page
    assert "90 天内没有新情况不重复预警" in page


@pytest.mark.parametrize(
    "asked_for",
    [
        "rule=MED-01&day=0001-01-01",
        "rule=MED-01&day=9999-12-31",
        "rule=MED-01&day=2026-02-30",
        "rule=MED-01&day=2026-11-01&known_by=0001-01-01T00:00",
        "rule=MED-01&day=2026-11-01&known_by=9999-12-31T23:59",
        "rule=MED-01&day=2026-11-01&known_by=soon",
        "rule=%00&day=2026-11-01",
        "rule=NO-99&day=2026-11-01",
        "day=2026-11-01",
    ],
)
def test_nonsense_is_refused_with_a_sentence(
    asked_for: str, alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(world.township_officer)
    answer = client.get(f"/households/{world.household.pk}/why-not/?{asked_for}")
    assert answer.status_code in (400, 422)
    assert "error-summary" in answer.content.decode() or answer.status_code == 400


def test_a_later_moment_shows_a_past_day_with_what_is_known_by_then(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(world.township_officer)
    day = timezone.localdate() - timedelta(days=40)
    url = f"/households/{world.household.pk}/why-not/?rule=MED-01&day={day}"
    assert client.get(url).status_code == 422
    time.sleep(1)  # the address tells whole seconds: the next one is after the rows came
    later = client.get(f"{url}&known_by={timezone.localtime():%Y-%m-%dT%H:%M:%S}")
    assert later.status_code == 200
    assert f"{day} 符合“大额医疗支出”" in later.content.decode()


def test_a_question_without_an_answer_is_told_in_the_form(
    alert: Alert, world: World, signed_in: SignedIn
) -> None:
    client = signed_in(world.township_officer)
    url = f"/households/{world.household.pk}/why-not/"
    answer = client.get(f"{url}?rule=MED-01&day=2019-01-01")
    assert answer.status_code == 422
    assert "还没有生效" in answer.content.decode()
    assert client.get(f"{url}?rule=&day=").status_code == 422


def test_more_rows_take_no_more_queries(alert: Alert, world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.township_officer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/alerts/{alert.pk}/why/").status_code == 200
        return len(caught)

    queries()  # clears the temporary tables that the fixture's run left in this transaction
    few = queries()
    for n in range(30):
        add_settlement(world.people["韦甲"], months_ago(1, days=n % 20), str(10 + n))
        add_dibao_payment(world.people["莫戊"], months_ago(n).replace(day=1))
    assert queries() == few
    assert few < 90
