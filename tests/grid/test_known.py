"""What a visit begins with: the last visit, the registry, the departments, and who said it."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.known import Known, filled_in, for_phones, known_about
from grid.models import Account, Department, Visit, WorkItem
from grid.visit_form import months_before
from monitoring.feeds.medical_enrolment import MedicalEnrolment
from monitoring.feeds.water_supply import WaterSupply
from monitoring.known import recorded
from tests.grid.test_my_work import form, item
from tests.monitoring.records import _shared, add_dibao_payment, add_school_status, add_settlement
from tests.world import World

__all__ = ["item"]  # the fixture
pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
ANSWERS: dict[str, Any] = {
    "members_right": "yes",
    "away": 1,
    "water_safe": "yes",
    "house_safe": "yes",
    "school_ok": "yes",
    "insured": "yes",
    "income_change": "down",
    "income": [{"item": "wages", "month": "", "yuan": "18000.00"}],
    "risk": "no",
}


def visited(world: World, *, days_ago: int = 100, version: int = 2, **answers: Any) -> Visit:
    return Visit.objects.create(
        id=uuid.uuid4(),
        household=world.household,
        code=world.household.cell_id,
        by=world.worker_1,
        visited_at=timezone.now() - timedelta(days=days_ago),
        form_version=version,
        answers=ANSWERS | answers,
    )


def about(world: World, question: str) -> list[Known]:
    known = known_about([world.household.pk], on=TODAY())[world.household.pk]
    return [k for k in known if k.question == question]


def add_water(world: World, verdict: str, *, days_ago: int = 10) -> WaterSupply:
    Department.objects.get_or_create(
        code="water", defaults={"name": "水利局", "short_name": "水利局"}
    )
    return WaterSupply.objects.create(
        **_shared(world.people["韦甲"], "water_supply", "water"),
        supply="piped",
        litres_per_head_day=20,
        quality="good",
        fetch_minutes=0,
        cut_days=3,
        longest_cut_days=2,
        verdict=verdict,
        tested_on=TODAY() - timedelta(days=days_ago),
    )


def test_last_visit_is_told_with_day_and_visitor(world: World) -> None:
    visit = visited(world)
    (known,) = about(world, "water_safe")
    day = timezone.localdate(visit.visited_at)
    year = "" if day.year == TODAY().year else f"{day.year} 年 "
    assert known.said(TODAY()) == (
        f"上次 {year}{day.month} 月 {day.day} 日 {world.worker_1.name}：都达标"
    )


def test_an_older_version_speaks_its_own_words_and_still_fills_in(world: World) -> None:
    visited(world, version=1)
    (known,) = about(world, "water_safe")
    assert (known.words, known.value) == ("有保障", "yes")


def test_a_corrected_visit_is_told_in_its_latest_version(world: World) -> None:
    first = visited(world)
    Visit.objects.create(
        household=world.household,
        code=first.code,
        by=first.by,
        visited_at=first.visited_at,
        form_version=2,
        answers=first.answers | {"house_safe": "no"},
        corrects=first,
        correction_reason="看错了房子",
    )
    assert [k.value for k in about(world, "house_safe")] == ["no"]


def test_what_must_be_decided_anew_is_told_and_not_filled_in(world: World) -> None:
    visited(world)
    begun = filled_in(known_about([world.household.pk], on=TODAY())[world.household.pk])
    assert [k.words for k in about(world, "income_change")] == ["减少"]
    assert not {"income_change", "risk", "members_right"} & set(begun)
    assert begun["away"] == 1


def test_department_speaks_with_its_name_month_and_figures(world: World) -> None:
    add_water(world, "safe")
    (known,) = about(world, "water_safe")
    assert known.origin(TODAY()).startswith("水利局")
    assert known.words.startswith("安全（每人每天 20 升")
    assert known.value == "yes"


def test_where_sources_disagree_nothing_is_filled_in(world: World) -> None:
    visited(world)
    add_water(world, "unsafe")
    known = known_about([world.household.pk], on=TODAY())[world.household.pk]
    assert {k.value for k in known if k.question == "water_safe"} == {"yes", "no"}
    assert "water_safe" not in filled_in(known)


def test_what_departments_paid_is_offered_beside_last_visits_lines(world: World) -> None:
    visited(world)
    months = months_before(TODAY(), 14)
    for month in (months[0], months[11], months[12]):  # the last one is before the period
        add_dibao_payment(world.people["韦甲"], date.fromisoformat(f"{month}-01"))
    known = known_about([world.household.pk], on=TODAY())[world.household.pk]
    assert filled_in(known)["income"] == [
        {"item": "wages", "month": "", "yuan": "18000.00"},
        {"item": "dibao", "month": "", "yuan": "600.00"},
    ]


def test_what_the_last_visit_said_of_an_item_stands(world: World) -> None:
    visited(world, spending=[{"item": "medical", "month": "", "yuan": "7000.00"}])
    add_settlement(world.people["韦甲"], TODAY().replace(day=1) - timedelta(days=20), "12000")
    known = known_about([world.household.pk], on=TODAY())[world.household.pk]
    assert filled_in(known)["spending"] == [{"item": "medical", "month": "", "yuan": "7000.00"}]
    assert any("12,000 元" in k.words for k in known if k.question == "spending")


def test_lines_of_months_long_past_are_not_offered_again(world: World) -> None:
    months = months_before(TODAY(), 14)
    kept = {"item": "wages", "month": months[12], "yuan": "1.00"}
    visited(world, income=[kept, {"item": "wages", "month": months[13], "yuan": "2.00"}])
    assert filled_in(about(world, "income"))["income"] == [kept]


def test_insurance_answers_only_when_it_names_everybody(world: World) -> None:
    year = TODAY().year
    shared = {
        "insured_year": year,
        "scheme": "resident",
        "standing": "insured",
        "payer": "self",
        "paid_yuan": 400,
        "counted_on": TODAY().replace(month=1, day=1),
    }
    people = list(world.household.people.all())
    for person in people[:-1]:
        MedicalEnrolment.objects.create(
            **_shared(person, "medical_enrolment", "medical_insurance"), **shared
        )
    (known,) = about(world, "insured")
    assert known.value is None
    assert people[-1].name in known.words
    MedicalEnrolment.objects.create(
        **_shared(people[-1], "medical_enrolment", "medical_insurance"), **shared
    )
    assert [k.value for k in about(world, "insured")] == ["yes"]


def test_superseded_rows_and_other_households_are_not_told(world: World) -> None:
    old = add_water(world, "unsafe")
    WaterSupply.objects.filter(pk=old.pk).update(superseded_at=timezone.now())
    add_settlement(world.people["潘甲"], TODAY().replace(day=1) - timedelta(days=20), "9000")
    assert recorded([world.household.pk], TODAY()) == {}


def test_a_household_without_children_needs_no_answer_about_school(world: World) -> None:
    known = known_about([world.lone_household.pk], on=TODAY())[world.lone_household.pk]
    assert filled_in(known)["school_ok"] == "none"


def test_a_child_out_of_school_is_told_by_name(world: World) -> None:
    child = min(world.household.people.all(), key=lambda p: -p.born_on.toordinal())
    child.born_on = TODAY() - timedelta(days=366 * 10)
    child.save(update_fields=["born_on"])
    add_school_status(child, TODAY() - timedelta(days=3), "suspected_dropout")
    told = [k for k in about(world, "school_ok") if k.source != "登记"]
    assert [(k.words, k.value) for k in told] == [(f"{child.name}疑似辍学", "no")]


def test_queries_do_not_grow_with_households(world: World) -> None:
    visited(world)
    households = [world.household.pk, world.lone_household.pk, world.next_household.pk]
    counts = []
    for ids in (households[:1], households):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            known_about(ids, on=TODAY())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16


def test_phones_are_told_what_others_than_the_last_visit_said(world: World) -> None:
    visited(world)
    add_water(world, "safe")
    told = for_phones(known_about([world.household.pk], on=TODAY())[world.household.pk])
    water = next(entry for entry in told if entry["name"] == "water_safe")
    assert (water["source"], water["answer"]) == ("水利局", "yes")
    assert all(entry["source"] != "上次" for entry in told)


# ---- the pages ----


def test_the_form_shows_who_said_what(
    world: World, item: WorkItem, signed_in: Callable[[Account], Client]
) -> None:
    visited(world)
    add_water(world, "unsafe")
    page = signed_in(world.worker_1).get(f"/my-work/{item.pk}/visit/").content.decode()
    assert f"{world.worker_1.name}：都达标" in page
    assert "水利局" in page
    assert "务工工资 12 个月合计 18,000 元" in page


def test_a_wrong_list_comes_back_as_it_was_typed(
    world: World, item: WorkItem, signed_in: Callable[[Account], Client]
) -> None:
    posted = form(item, q_income_item=["wages"], q_income_month=[""], q_income_yuan=["一万八"])
    response = signed_in(world.worker_1).post(f"/my-work/{item.pk}/visit/", posted)
    page = response.content.decode()
    assert response.status_code == 422
    assert "第 1 行（务工工资）的金额请填数字" in page
    assert 'value="一万八"' in page


def test_a_fault_elsewhere_keeps_a_list_as_it_was_typed(
    world: World, item: WorkItem, signed_in: Callable[[Account], Client]
) -> None:
    posted = form(item, q_house_safe="", q_income_item=["wages"], q_income_yuan=["１８,000元"])
    response = signed_in(world.worker_1).post(f"/my-work/{item.pk}/visit/", posted)
    assert response.status_code == 422
    assert "务工工资 12 个月合计 18,000 元" in response.content.decode()
