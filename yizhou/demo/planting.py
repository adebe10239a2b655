"""Which village gets which stories: a fixed rotation, so that every kind occurs in a township."""

from collections.abc import Iterable
from datetime import date
from random import Random

from yizhou.demo import SEED
from yizhou.demo.county import ONE_TOWNSHIP, Township, Village, featured_grids
from yizhou.demo.families import Household
from yizhou.demo.stories import (
    Story,
    back_at_school,
    dropped_out,
    exactly_on_the_line,
    heavy,
    heavy_despite_reversal,
    heavy_on_dibao,
    left_dibao,
    light,
    long_ago,
    low_by_kind,
    newly_disabled,
    not_dropped_out,
    not_newly_disabled,
    ordinary,
    patient_died,
    reported_long_ago,
    reversed_below,
    two_rules,
)
from yizhou.demo.truth import NobodyFits, Plan, Stage

PEOPLE_PER_STORY = 260
ROTATION: tuple[Story, ...] = (
    heavy(ordinary, 27_000, 50_000),
    newly_disabled(2),
    light(ordinary, 25_900, "自付 25900 元，低于一般农户标准线"),
    dropped_out(10, 28, "ORANGE"),
    heavy(low_by_kind, 10_500, 19_000),
    not_newly_disabled("新评定三级，不是重度", (3, 30, "正常")),
    heavy(ordinary, 80_000, 160_000),
    newly_disabled(1),
    not_dropped_out("已满 16 周岁", 16, 16, "初中"),
    heavy_on_dibao,
    dropped_out(31, 75, "RED"),
    light(ordinary, 10_500, "自付 10500 元，一般农户且无低保"),
    heavy(ordinary, 53_000, 76_000),
    heavy(low_by_kind, 21_000, 29_500),
    newly_disabled(2),
    reversed_below,
    heavy(ordinary, 26_500, 49_000, people=2),
    dropped_out(3, 9, "YELLOW"),
    not_newly_disabled("多年前已是一级，换证为二级", (1, 1900, "正常"), (2, 40, "正常")),
    heavy(low_by_kind, 31_000, 60_000),
    newly_disabled(1),
    patient_died,
    two_rules,
    newly_disabled(2, earlier=3),
    back_at_school,
    heavy(ordinary, 30_000, 51_000),
    light(low_by_kind, 9_900, "自付 9900 元，低于低收入家庭标准线"),
    dropped_out(12, 27, "ORANGE"),
    heavy_despite_reversal,
    not_newly_disabled("新证已注销", (1, 20, "注销")),
    newly_disabled(2),
    left_dibao,
    exactly_on_the_line,
    dropped_out(10, 20, "ORANGE", level="特殊教育"),
    reported_long_ago,
    heavy(ordinary, 27_000, 50_000),
    newly_disabled(1),
    long_ago,
    heavy(low_by_kind, 10_500, 19_500),
    not_newly_disabled("一级，发证已超过 3 个月", (1, 125, "正常")),
    dropped_out(32, 60, "RED"),
    not_dropped_out("普通高中，不属于义务教育", 15, 15, "高中"),
)
FEATURED: tuple[tuple[Story, ...], ...] = (  # for featured_grids, in their order
    (
        heavy(ordinary, 80_000, 130_000),
        newly_disabled(1),
        dropped_out(15, 25, "ORANGE"),
        two_rules,
        heavy(ordinary, 27_000, 40_000),
    ),
    (heavy(ordinary, 28_000, 45_000), newly_disabled(2)),
    (heavy(ordinary, 54_000, 70_000), dropped_out(35, 50, "RED")),
)


def plan_of(township: Township, village: Village, families: list[Household], as_of: date) -> Plan:
    """Place the village's share of stories. The township's villages go through the rotation."""
    stage = Stage(families, as_of, Random(f"{SEED}/{village.code}/truth/{as_of}"))
    if township.code == ONE_TOWNSHIP:
        for grid, stories in zip(featured_grids(township), FEATURED, strict=True):
            if grid.code.startswith(village.code):
                stage.grid = grid.code
                _tell(stage, stories)
        stage.grid = None
    before = 0
    for other in township.villages:
        if other.code == village.code:
            break
        before += round(other.population / PEOPLE_PER_STORY)
    count = round(village.population / PEOPLE_PER_STORY)
    _tell(stage, (ROTATION[(before + i) % len(ROTATION)] for i in range(count)))
    return stage.plan


def _tell(stage: Stage, stories: Iterable[Story]) -> None:
    for story in stories:
        try:
            story(stage)
        except NobodyFits:
            continue
