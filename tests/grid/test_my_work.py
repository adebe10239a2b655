"""The worker's list and form as pages."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from grid.actions.work_items import VisitRequest, open_work_items
from grid.envelopes import receipt_of
from grid.models import Account, Outcome, Visit, WorkItem
from tests.grid.test_visit_form import FULL
from tests.world import World
from yizhou.audit import SYSTEM

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


@pytest.fixture
def item(world: World) -> WorkItem:
    for household in (world.household, world.other_household):
        open_work_items(
            acting=SYSTEM,
            requests=[
                VisitRequest(
                    household_id=household.pk,
                    code=household.cell_id,
                    kind="verify_alert",
                    subject=household.pk,
                    title="大额医疗支出",
                    sentence="自付 12,000 元",
                    severity=2,
                    due_on=timezone.localdate(),
                )
            ],
        )
    return WorkItem.objects.get(household=world.household)


def typed(answers: dict[str, Any]) -> dict[str, Any]:
    """Answers as the page sends them: a list of money as three columns."""
    sent: dict[str, Any] = {}
    for name, value in answers.items():
        if name in ("income", "spending"):
            for part in ("item", "month", "yuan"):
                sent[f"q_{name}_{part}"] = [line[part] for line in value]
        else:
            sent[f"q_{name}"] = value
    return sent


def form(item: WorkItem, **change: Any) -> dict[str, Any]:
    purpose = item.purposes.get()
    return {
        **typed(FULL),
        f"outcome_{purpose.pk}": Outcome.TO_MONITORING,
        f"outcome_note_{purpose.pk}": "看过票据",
        "mode": Visit.Mode.IN_PERSON,
        "visited_on": timezone.localdate().isoformat(),
        "visit_id": str(uuid.uuid4()),
        "confirmed": "1",
    } | change


def test_worker_sees_only_own_items(world: World, item: WorkItem, signed_in: SignIn) -> None:
    page = signed_in(world.worker_1).get("/my-work/").content.decode()
    assert ("韦甲" in page, "潘甲" in page) == (True, False)


def test_leader_has_no_visits_to_make(world: World, item: WorkItem, signed_in: SignIn) -> None:
    assert signed_in(world.leader).get("/my-work/").status_code == 403


def test_filed_visit_shows_its_receipt(world: World, item: WorkItem, signed_in: SignIn) -> None:
    client = signed_in(world.worker_1)
    response = client.post(f"/my-work/{item.pk}/visit/", form(item))
    visit = Visit.objects.get()
    assert response["Location"] == f"/visits/{visit.pk}/done/"
    assert receipt_of(visit.pk) in client.get(response["Location"]).content.decode()


def test_sending_the_same_form_twice_is_one_visit(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    client = signed_in(world.worker_1)
    same = form(item)
    answers = [client.post(f"/my-work/{item.pk}/visit/", same).status_code for _ in range(2)]
    assert (answers, Visit.objects.count()) == ([302, 302], 1)


def test_errors_keep_what_was_typed(world: World, item: WorkItem, signed_in: SignIn) -> None:
    response = signed_in(world.worker_1).post(
        f"/my-work/{item.pk}/visit/",
        form(item, q_house_safe="", note="屋后有裂缝"),
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "请回答：住房安全吗？" in page
    assert "屋后有裂缝" in page


@pytest.mark.parametrize("day", ["2020-01-01", "2999-01-01", "昨天", ""])
def test_impossible_days_are_refused(
    world: World, item: WorkItem, signed_in: SignIn, day: str
) -> None:
    response = signed_in(world.worker_1).post(
        f"/my-work/{item.pk}/visit/", form(item, visited_on=day)
    )
    assert response.status_code == 422


def test_nobody_met_needs_no_answers_but_a_note(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    purpose = item.purposes.get()
    posted = form(item, mode=Visit.Mode.NOT_MET, note="去了三次，邻居说在广东务工")
    posted = {k: v for k, v in posted.items() if not k.startswith("q_")}
    posted[f"outcome_{purpose.pk}"] = Outcome.NOT_CONTACTABLE
    response = signed_in(world.worker_1).post(f"/my-work/{item.pk}/visit/", posted)
    assert response.status_code == 302


def test_another_grid_s_item_is_not_found(world: World, item: WorkItem, signed_in: SignIn) -> None:
    assert signed_in(world.other_worker).get(f"/my-work/{item.pk}/visit/").status_code == 404


def test_form_is_prefilled_from_the_last_visit(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    client = signed_in(world.worker_1)
    client.post(f"/my-work/{item.pk}/visit/", form(item))
    WorkItem.objects.filter(pk=item.pk).update(
        state=WorkItem.State.CLOSED, closed_at=timezone.now()
    )
    test_worker_items = open_work_items(
        acting=SYSTEM,
        requests=[
            VisitRequest(
                world.household.pk,
                world.household.cell_id,
                "verify_alert",
                99,
                "复查",
                "复查",
                3,
                timezone.localdate(),
            )
        ],
    )
    assert test_worker_items.new == 1
    fresh = WorkItem.objects.open().get(household=world.household)
    page = client.get(f"/my-work/{fresh.pk}/visit/").content.decode()
    assert "上次" in page
