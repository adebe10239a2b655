"""People in charge of the demo county: 4+2+2 and the offices, one login per role, some vacancies.

1,313 first-level and 2,428 second-level workers were appointed; a few first-level ones have left
since, so that the list of vacancies and the way up the chain have something to show.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from grid.actions.installation import shipped_divisions
from grid.departments import DEPARTMENTS
from grid.roles import Role
from yizhou.demo import SEED, names
from yizhou.demo.county import ONE_TOWNSHIP, Township, Village, county, featured_grids

WORKERS = 3741
PASSWORD = "yizhou-demo-2026"  # noqa: S105 - the demo's public password, refused outside DEMO
LEFT_EVERY = 60  # one first-level worker in so many has left
SHORT = {  # sign-in names of clerks that are not their department's code
    "medical_insurance": "medical",
    "disabled_federation": "disabled",
    "civil_affairs": "civil",
}
CLERKS = {SHORT.get(code, code): code for code in DEPARTMENTS}


@dataclass(frozen=True, slots=True)
class Seat:
    """One appointment: `place` is a region's code, or a department's for clerks."""

    username: str
    name: str
    role: Role
    place: str
    number: int
    from_on: date
    until_on: date | None = None


def second_level_workers() -> dict[str, int]:
    """How many second-level workers each grid has: one or two, 2,428 in all."""
    grids = [grid.code for township in county() for grid in township.grids]
    spare = 2 * len(grids) - (WORKERS - len(grids))
    single = set(Random(f"{SEED}/workers").sample(grids, spare))
    return {code: 1 if code in single else 2 for code in grids}


def county_seats(anchor: date) -> Iterator[Seat]:
    """Offices of the county, all townships and all villages: there at every scale."""
    desk = _Desk("county", anchor)
    district = shipped_divisions()["district"]["code"]
    yield desk.seat("head", Role.COUNTY_HEAD, district)
    yield desk.seat("leader", Role.COUNTY_LEADER, district)
    yield desk.seat("county", Role.COUNTY_OFFICER, district)
    yield desk.seat("county2", Role.COUNTY_OFFICER, district, 2)
    yield desk.seat("auditor", Role.AUDITOR, district)
    yield desk.seat("admin", Role.ADMINISTRATOR, district)
    for username, department in CLERKS.items():
        yield desk.seat(username, Role.DEPARTMENT_CLERK, department)
    for township in county():
        yield from _township_seats(township, anchor)
    yield from _narrow_seats(anchor)


def _narrow_seats(anchor: date) -> Iterator[Seat]:
    """People who only report: one of each kind in the featured township."""
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    village = featured_grids(township)[0].code[:12]
    desk = _Desk(f"{township.code}/reporting", anchor)
    yield desk.seat("assistant", Role.VILLAGE_ASSISTANT, village)
    yield desk.seat("station", Role.SOCIAL_STATION, township.code)
    yield desk.seat("volunteer", Role.VOLUNTEER, village)


def _township_seats(township: Township, anchor: date) -> Iterator[Seat]:
    desk = _Desk(township.code, anchor)
    is_featured = township.code == ONE_TOWNSHIP
    short = "" if is_featured else township.code[6:]
    yield desk.seat(f"townhead{short}", Role.TOWNSHIP_HEAD, township.code)
    for number in (1, 2):
        name = f"town{short}-{number}" if short else f"town{number}"
        yield desk.seat(name, Role.TOWNSHIP_OFFICER, township.code, number)
    shown = alone = ""
    if is_featured:
        first, _, last = featured_grids(township)
        shown, alone = first.code[:12], last.code[:12]
    for village in township.villages:
        left = anchor - timedelta(days=9) if village.code == alone else None
        is_shown = village.code == shown
        name = "village" if is_shown else f"v{village.code[6:]}"
        yield desk.seat(name, Role.VILLAGE_HEAD, village.code, until_on=left)
        for number in (1, 2):
            name = ("info", "info2")[number - 1] if is_shown else f"i{village.code[6:]}-{number}"
            yield desk.seat(name, Role.INFO_OFFICER, village.code, number, until_on=left)


def grid_seats(township: Township, anchor: date) -> Iterator[Seat]:
    """Tun heads and grid workers of one township."""
    second = second_level_workers()
    first = {grid.code: n for n, grid in enumerate(g for t in county() for g in t.grids)}
    featured = featured_grids(township) if township.code == ONE_TOWNSHIP else None
    for village in township.villages:
        yield from _village_seats(village, anchor, first, second, featured)


def _village_seats(
    village: Village,
    anchor: date,
    order: dict[str, int],
    second: dict[str, int],
    featured: tuple[object, ...] | None,
) -> Iterator[Seat]:
    desk = _Desk(f"{village.code}/grids", anchor)
    left = anchor - timedelta(days=9)
    shown, by_tun, alone = (getattr(g, "code", "") for g in featured or ("", "", ""))
    for tun in village.tuns:
        is_alone = alone.startswith(tun.code)
        name = "tun" if by_tun.startswith(tun.code) else f"t{tun.code[6:]}"
        yield desk.seat(name, Role.TUN_HEAD, tun.code, until_on=left if is_alone else None)
        for grid in tun.grids:
            is_shown = grid.code == shown
            has_left = grid.code in (by_tun, alone) or (
                order[grid.code] % LEFT_EVERY == LEFT_EVERY - 1 and not is_shown
            )
            name = "worker1" if is_shown else f"w{grid.code[6:]}"
            until_on = left if has_left else None
            yield desk.seat(name, Role.GRID_WORKER_1, grid.code, until_on=until_on)
            for number in range(1, second[grid.code] + 1):
                name = "worker2" if is_shown and number == 1 else f"h{grid.code[6:]}-{number}"
                yield desk.seat(name, Role.GRID_WORKER_2, grid.code, number)


class _Desk:
    def __init__(self, key: str, anchor: date) -> None:
        self.rng, self.anchor = Random(f"{SEED}/{key}/posts"), anchor

    def seat(
        self,
        username: str,
        role: Role,
        place: str,
        number: int = 1,
        *,
        until_on: date | None = None,
    ) -> Seat:
        sex = "M" if self.rng.random() < 0.58 else "F"
        name = names.surname(self.rng) + names.given_name(self.rng, sex, 40)
        from_on = self.anchor - timedelta(days=self.rng.randint(120, 900))
        return Seat(username, name, role, place, number, from_on, until_on)


LOGINS: tuple[tuple[str, str], ...] = (  # sign-in name, what to try with it
    ("county", "全区总览、数据报送、研判"),
    ("leader", "全区总览（只看）"),
    ("head", "全区派单"),
    ("town1", "德胜镇预警核查：派单、审核、办结"),
    ("town2", "德胜镇，第二名审核员"),
    ("village", "地罗村：派单、入户"),
    ("info", "地罗村：派单、入户"),
    ("tun", "本屯入户（网格员空缺，预警派到屯级网格长）"),
    ("worker1", "本网格入户，已有待核实的预警"),
    ("worker2", "结对的农户（点对点帮扶）"),
    ("assistant", "村级协理员：上报困难户，看自己的上报"),
    ("station", "社工站：同上"),
    ("volunteer", "志愿者：同上"),
    ("medical", "医疗费用结算报送"),
    ("disabled", "残疾人证报送"),
    ("education", "学生就学状态报送"),
    ("civil", "低保金发放报送"),
    ("health", "卫健局报送；其他部门的登录名就是部门代码，例如 police、women"),
    ("auditor", "操作留痕"),
    ("admin", "任免和密钥"),
)
