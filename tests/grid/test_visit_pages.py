"""The page of one visit and its correction."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from grid.actions.visits import Report, correct_visit, file_visit
from grid.models import Account, Outcome, Visit, WorkItem
from tests.grid.field_phone import FieldPhone, listed
from tests.grid.test_my_work import item, typed
from tests.grid.test_visit_form import FULL, QUIET, V1
from tests.monitoring.records import add_settlement
from tests.world import World

__all__ = ["item"]  # the fixture
pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
LISTS: dict[str, Any] = FULL | {
    "income": [
        {"item": "wages", "month": "", "yuan": "30000"},
        {"item": "dibao", "month": "", "yuan": "8820"},
    ],
    "spending": [
        {"item": "planting_cost", "month": "", "yuan": "3820"},
        {"item": "medical", "month": "", "yuan": "12000"},
    ],
}


@pytest.fixture
def visit(world: World, item: WorkItem) -> Visit:
    return file_visit(
        acting=world.worker_1,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode=Visit.Mode.IN_PERSON,
        answers=LISTS,
        reports=[Report(p.pk, Outcome.TO_MONITORING, "票据看过") for p in item.purposes.all()],
        note="屋后有水沟",
    )


def corrected(world: World, visit: Visit, **answers: Any) -> Visit:
    return correct_visit(
        acting=world.worker_1,
        visit=visit,
        reason="把屋后的裂缝漏记了",
        answers=LISTS | answers,
        note=visit.note,
    )


CRACK = {"house_safe": "no", "house_problems": ["cracks"], "house_evidence": "东墙裂缝一指宽"}


def test_page_tells_answers_results_and_arithmetic(
    world: World, visit: Visit, signed_in: SignIn
) -> None:
    month_ago = timezone.localdate().replace(day=1) - timedelta(days=3)
    add_settlement(world.people["韦甲"], month_ago, "11500")
    page = signed_in(world.township_officer).get(f"/visits/{visit.pk}/").content.decode()
    assert "饮水四项都达标吗？" in page
    assert Outcome.TO_MONITORING.label in page
    assert "35,000" in page  # net: 30,000 + 8,820 - 3,820
    assert "7,000" in page  # a head, five people
    assert "4,600" in page  # reference: (35,000 - 12,000) / 5
    assert "近 12 个月自付 11,500 元" in page
    assert "屋后有水沟" in page


def test_page_of_version_one_is_told_in_its_words(world: World, signed_in: SignIn) -> None:
    old = Visit.objects.create(
        household=world.household,
        code=world.household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now(),
        form_version=1,
        answers={k: v for k, v in V1.items() if k != "self_paid_yuan"},
    )
    page = signed_in(world.township_officer).get(f"/visits/{old.pk}/").content.decode()
    assert "饮水有保障吗？" in page
    assert "饮水四项" not in page


def test_a_stranger_finds_no_visit(world: World, visit: Visit, signed_in: SignIn) -> None:
    for path in (f"/visits/{visit.pk}/", f"/visits/{visit.pk}/correct/"):
        assert signed_in(world.other_worker).get(path).status_code == 404


def test_only_the_visitor_corrects(world: World, visit: Visit, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)
    assert "更正这次走访" not in client.get(f"/visits/{visit.pk}/").content.decode()
    assert client.get(f"/visits/{visit.pk}/correct/").status_code == 403


def test_correction_is_a_new_version_with_its_reason(
    world: World, visit: Visit, signed_in: SignIn
) -> None:
    client = signed_in(world.worker_1)
    begun = client.get(f"/visits/{visit.pk}/correct/").content.decode()
    assert "种植成本 12 个月合计 3,820 元" in begun
    posted = typed(LISTS | CRACK) | {"reason": "把屋后的裂缝漏记了", "note": "屋后有水沟"}
    response = client.post(f"/visits/{visit.pk}/correct/", posted)
    fresh = Visit.objects.get(corrects=visit)
    assert response["Location"] == f"/visits/{fresh.pk}/"
    visit.refresh_from_db()
    assert (visit.answers["house_safe"], fresh.answers["house_safe"]) == ("yes", "no")
    page = client.get(f"/visits/{fresh.pk}/").content.decode()
    assert "把屋后的裂缝漏记了" in page
    assert "墙体开裂" in page
    assert Outcome.TO_MONITORING.label in page  # the first version's report


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reason": ""}, "请写明更正的原因"),
        ({"q_house_safe": ""}, "请回答：住房安全吗？"),
        ({"q_income_yuan": ["三万", "8820"]}, "第 1 行（务工工资）的金额请填数字"),
    ],
)
def test_wrong_correction_keeps_what_was_typed(
    world: World, visit: Visit, signed_in: SignIn, change: dict[str, Any], sentence: str
) -> None:
    posted = typed(LISTS) | {"reason": "看错了人", "note": "刚写的话"} | change
    response = signed_in(world.worker_1).post(f"/visits/{visit.pk}/correct/", posted)
    assert response.status_code in (400, 422)
    page = response.content.decode()
    assert sentence in page
    assert "刚写的话" in page
    assert not Visit.objects.filter(corrects=visit).exists()


def test_a_version_is_corrected_once(world: World, visit: Visit, signed_in: SignIn) -> None:
    corrected(world, visit, **CRACK)
    posted = typed(LISTS) | {"reason": "再改一次"}
    response = signed_in(world.worker_1).post(f"/visits/{visit.pk}/correct/", posted)
    assert response.status_code == 409
    assert "请打开最新版本再改" in response.content.decode()


def test_old_version_leads_to_the_latest(world: World, visit: Visit, signed_in: SignIn) -> None:
    fresh = corrected(world, visit, **CRACK)
    last = corrected(world, fresh)
    page = signed_in(world.township_officer).get(f"/visits/{visit.pk}/").content.decode()
    assert "这是更正前的版本" in page
    assert f"/visits/{last.pk}/" in page
    assert "第 3 版" in page


def test_visit_with_nobody_met_is_corrected_by_its_note(world: World, signed_in: SignIn) -> None:
    unmet = Visit.objects.create(
        household=world.household,
        code=world.household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now(),
        mode=Visit.Mode.NOT_MET,
        form_version=2,
        answers={},
        note="去了两次，门锁着",
    )
    client = signed_in(world.worker_1)
    assert "饮水四项" not in client.get(f"/visits/{unmet.pk}/correct/").content.decode()
    client.post(f"/visits/{unmet.pk}/correct/", {"reason": "少写一次", "note": "去了三次，门锁着"})
    assert Visit.objects.get(corrects=unmet).note == "去了三次，门锁着"


def test_household_page_lists_visits_with_versions(
    world: World, visit: Visit, signed_in: SignIn
) -> None:
    fresh = corrected(world, visit, **CRACK)
    page = signed_in(world.township_officer).get(f"/households/{world.household.pk}/")
    text = page.content.decode()
    assert f"/visits/{fresh.pk}/" in text
    assert f'href="/visits/{visit.pk}/"' not in text  # one visit, told once
    assert "住房安全吗：有隐患" in text


def test_correction_keeps_the_form_of_the_visit(world: World) -> None:
    old = Visit.objects.create(
        household=world.household,
        code=world.household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now(),
        form_version=1,
        answers=V1,
    )
    fresh = correct_visit(
        acting=world.worker_1, visit=old, reason="写错人数", answers=V1 | {"workers": 3}, note=""
    )
    assert (fresh.form_version, fresh.answers["workers"]) == (1, 3)


def test_quiet_visit_has_no_statement(world: World, signed_in: SignIn) -> None:
    quiet = Visit.objects.create(
        household=world.household,
        code=world.household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now(),
        form_version=2,
        answers=QUIET,
    )
    page = signed_in(world.township_officer).get(f"/visits/{quiet.pk}/").content.decode()
    assert "家庭纯收入" not in page


def test_page_leads_to_what_a_phone_sent_with_the_visit(world: World, signed_in: SignIn) -> None:
    phone = FieldPhone(world.worker_1)
    photo = listed()
    letter = phone.letter(world.household, attachments=[photo])
    assert phone.send(letter).status_code == 201
    assert phone.photo(photo, letter["id"]).status_code == 201
    client = signed_in(world.township_officer)
    address = f"/visits/{letter['id']}/attachments/{photo['id']}/"
    page = client.get(f"/visits/{letter['id']}/").content.decode()
    assert f'href="{address}">照片 房屋正面</a>' in page
    assert client.get(address)["Content-Type"] == "image/jpeg"
