"""Places of the demo county: real townships and villages, made-up tun and grids.

Source: grid/divisions.json (National Bureau of Statistics codes 2023, census populations 2020);
1,313 grids is the county's own figure. Which grid lies where is invented.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random
from typing import Any

from grid.actions.installation import shipped_divisions
from yizhou.demo import SEED

GRIDS = 1313
ONE_TOWNSHIP = "451203104"  # 德胜镇
TUN_FIRST = "拉那弄板塘下上里古坡六良洞加都百龙大中新岜岩"
TUN_LAST = "敢里才弯瓦敏脚寨兰马苗朗旺怀亮桥墩美仗顿排才"
RURAL_TUN_PER_GRID, URBAN_TUN_PER_GRID = 0.8, 0.5


@dataclass(frozen=True, slots=True)
class Grid:
    code: str
    name: str
    population: int


@dataclass(frozen=True, slots=True)
class Tun:
    code: str
    name: str
    grids: tuple[Grid, ...]


@dataclass(frozen=True, slots=True)
class Village:
    """`number` counts within the township from 1, `area` is the made-up ID area code."""

    code: str
    name: str
    township: str
    township_name: str
    number: int
    area: str
    is_community: bool
    population: int
    tuns: tuple[Tun, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        return tuple(grid for tun in self.tuns for grid in tun.grids)


@dataclass(frozen=True, slots=True)
class Township:
    code: str
    name: str
    population: int
    villages: tuple[Village, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        return tuple(grid for village in self.villages for grid in village.grids)


def shown_name(unit: dict[str, Any]) -> str:
    """The name without the source's remark that a character stands in by sound."""
    return str(unit["name"]).replace("（同音）", "")


def anchor_of(day: date) -> date:
    """The day the registry is drawn up for: the first of the quarter, so that it stays put."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def townships_of(scale: str) -> frozenset[str]:
    """Codes of the townships that have people at this scale ("one" or "full")."""
    if scale == "one":
        return frozenset({ONE_TOWNSHIP})
    return frozenset(township.code for township in county())


def featured_grids(township: Township) -> tuple[Grid, Grid, Grid]:
    """Grids for the people who sign in to the demo: with a first-level worker, with only a tun
    head, and with nobody up to the village, so that the township has to send someone."""
    village, alone = township.villages[7], township.villages[-1]
    return village.tuns[0].grids[0], village.tuns[1].grids[0], alone.tuns[0].grids[0]


@lru_cache(maxsize=1)
def county() -> tuple[Township, ...]:
    """All 16 townships down to the grid, the same at every scale."""
    rows = shipped_divisions()["townships"]
    grids = share(
        GRIDS,
        [row["resident_population_2020"] for row in rows],
        at_least=[len(row["units"]) for row in rows],
    )
    return tuple(
        _township(row, index, count)
        for index, (row, count) in enumerate(zip(rows, grids, strict=True), start=1)
    )


def share(total: int, weights: list[float], *, at_least: list[int]) -> list[int]:
    """Split `total` by weight, everybody getting the least first; adds up exactly."""
    free = total - sum(at_least)
    exact = [free * weight / sum(weights) for weight in weights]
    parts = [least + int(part) for least, part in zip(at_least, exact, strict=True)]
    order = sorted(range(len(exact)), key=lambda i: (int(exact[i]) - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _township(row: dict[str, Any], index: int, grids: int) -> Township:
    rng = Random(f"{SEED}/{row['code']}")
    units = row["units"]
    weights = [
        rng.uniform(0.6, 1.6) * (2.5 if unit["kind"] == "community" else 1.0) for unit in units
    ]
    people = share(row["resident_population_2020"], weights, at_least=[1] * len(units))
    counts = share(grids, [float(n) for n in people], at_least=[1] * len(units))
    villages = tuple(
        _village(row, index, number, people[number - 1], counts[number - 1], rng)
        for number in range(1, len(units) + 1)
    )
    return Township(row["code"], row["name"], row["resident_population_2020"], villages)


def _village(
    row: dict[str, Any], index: int, number: int, people: int, grids: int, rng: Random
) -> Village:
    unit = row["units"][number - 1]
    is_community = unit["kind"] == "community"
    per_grid = URBAN_TUN_PER_GRID if is_community else RURAL_TUN_PER_GRID
    count = max(1, round(grids * per_grid))
    names = _tun_names(count, is_community, rng)
    sizes = share(people, [rng.uniform(0.7, 1.3) for _ in range(grids)], at_least=[1] * grids)
    tuns = []
    for n, in_tun in enumerate(share(grids, [1.0] * count, at_least=[0] * count), start=1):
        code = f"{unit['code']}{n:03d}"
        tuns.append(
            Tun(
                code,
                names[n - 1],
                tuple(
                    Grid(
                        f"{code}{k:02d}",
                        _grid_name(names[n - 1], k, in_tun),
                        sizes.pop(),
                    )
                    for k in range(1, in_tun + 1)
                ),
            )
        )
    return Village(
        code=unit["code"],
        name=shown_name(unit),
        township=row["code"],
        township_name=row["name"],
        number=number,
        area=f"99{index:02d}{number:02d}",
        is_community=is_community,
        population=people,
        tuns=tuple(tuns),
    )


def _tun_names(count: int, is_community: bool, rng: Random) -> list[str]:
    if is_community:
        return [f"第{n}居民小组" for n in range(1, count + 1)]
    pairs = [f"{a}{b}屯" for a in TUN_FIRST for b in dict.fromkeys(TUN_LAST) if a != b]
    return rng.sample(pairs, count)


def _grid_name(tun: str, number: int, of: int) -> str:
    return f"{tun}网格" if of == 1 else f"{tun}第{number}网格"
