"""Dated figures: each from a day on, the one before ends that day; the same for all of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from grid.models import NoticeStep, ReportLimit, RoutineFigure, VisitCategory, VisitMinutes
from monitoring.models import Threshold
from tests.world import World
from yizhou.terms import DatedQuerySet

FIRST, NEXT, LAST = date(2030, 1, 1), date(2030, 3, 1), date(2030, 6, 1)
DAY = timedelta(days=1)
FIGURES: list[tuple[type[models.Model], dict[str, Any]]] = [
    (RoutineFigure, {"key": "tries", "value": 2, "source": "测试"}),
    (VisitCategory, {"key": "monitored", "months": 1, "source": "测试"}),
    (VisitMinutes, {"kind": "routine", "minutes": 30, "source": "测试"}),
    (ReportLimit, {"step": "visit", "workdays": 3, "source": "测试"}),
    (NoticeStep, {"stage": 3, "told": "tun_head", "at": 1, "source": "测试"}),
    (Threshold, {"key": "t", "label": "线", "value": 1, "unit": "元", "source": "测试"}),
]


@pytest.fixture(params=FIGURES, ids=lambda pair: pair[0].__name__)
def figure(request: pytest.FixtureRequest, world: World) -> tuple[Any, dict[str, Any]]:
    model, fields = request.param
    model.objects.all().delete()
    return model, fields | ({"area": world.county} if model is Threshold else {})


def enter(figure: tuple[Any, dict[str, Any]], from_on: date) -> Any:
    model, fields = figure
    model.objects.select_for_update().make_way(from_on)
    return model.objects.create(**fields, from_on=from_on)


def test_every_dated_figure_goes_by_one_rule() -> None:
    assert {type(model.objects.all()).on for model, _ in FIGURES} == {DatedQuerySet.on}


def test_the_one_before_ends_where_the_next_begins(figure: tuple[Any, dict[str, Any]]) -> None:
    first, following = enter(figure, FIRST), enter(figure, NEXT)
    on = figure[0].objects.on
    assert [on(d).get().pk for d in (FIRST, NEXT - DAY, NEXT)] == [
        first.pk,
        first.pk,
        following.pk,
    ]
    assert not on(FIRST - DAY).exists()


def test_what_was_entered_for_later_gives_way(figure: tuple[Any, dict[str, Any]]) -> None:
    first, _, sooner = enter(figure, FIRST), enter(figure, LAST), enter(figure, NEXT)
    rows = figure[0].objects.order_by("from_on").values_list("pk", "until_on")
    assert list(rows) == [(first.pk, NEXT), (sooner.pk, None)]


def test_two_at_once_are_refused_by_the_database(figure: tuple[Any, dict[str, Any]]) -> None:
    model, fields = figure
    enter(figure, FIRST)
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        model.objects.create(**fields, from_on=NEXT)


def test_now_and_later_are_told_apart(db: None) -> None:
    RoutineFigure.objects.all().delete()
    pair = FIGURES[0]
    before, now, later = enter(pair, FIRST), enter(pair, NEXT), enter(pair, LAST)
    found = RoutineFigure.objects.now_and_later(NEXT, "key")
    assert found == ({"tries": now}, {"tries": later})
    earlier = RoutineFigure.objects.now_and_later(FIRST, "key", "value")[0]
    assert earlier == {("tries", 2): before}
