"""The demo registry into PostgreSQL: places, people in charge, households and people.

All in one transaction: a build that is killed leaves nothing, and the audit row written at its end
is what says that it is done. Later builds add only the townships that are still missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from grid.actions.installation import install_county
from grid.departments import DEPARTMENTS
from grid.models import Account, Household, Post, Region
from grid.roles import Level
from monitoring.actions.procedures import install_procedure
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.schedules import install_schedule
from yizhou.audit import SYSTEM, AuditEntry, record
from yizhou.demo import SEED
from yizhou.demo.copying import as_bytea, copy, reserve, unguarded
from yizhou.demo.county import Township, Village, anchor_of, county, townships_of
from yizhou.demo.families import Household as Family
from yizhou.demo.families import Person, families_of
from yizhou.demo.posts import PASSWORD, Seat, county_seats, grid_seats
from yizhou.refusals import Refusal
from yizhou.sealed import digest, seal

BUILT = "build_demo_county"
LOCK = "yizhou.demo"
TABLES = ("grid_household", "grid_person", "grid_membership")
HOUSEHOLD_COLUMNS = (
    "id, number, code, kind, head_id, size, address, phone_sealed, phone_tail, bank_sealed,"
    " bank_tail, registered_on, version"
)
PERSON_COLUMNS = (
    "id, name, sex, born_on, ethnic_group, id_sealed, id_digest, id_tail, phone_sealed, phone_tail,"
    " labour, health, household_id, code, died_on, version"
)
MEMBERSHIP_COLUMNS = "household_id, person_id, relation, joined_on, left_on, leave_reason"
DISAGREEING_HOUSEHOLD = """
SELECT h.number FROM grid_household h LEFT JOIN (
    SELECT household_id, count(*) AS members,
           max(person_id) FILTER (WHERE relation = 'head') AS head,
           count(*) FILTER (WHERE relation = 'head') AS heads
    FROM grid_membership WHERE left_on IS NULL GROUP BY household_id
) m ON m.household_id = h.id
WHERE CASE WHEN h.dissolved_on IS NULL
      THEN m.members IS DISTINCT FROM h.size OR m.head IS DISTINCT FROM h.head_id OR m.heads <> 1
      ELSE m.members > 0 END
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What the database holds of the demo county."""

    anchor: date
    townships: frozenset[str]


def built() -> Built | None:
    """Read the marks of finished builds; None before the first."""
    marks = list(
        AuditEntry.objects.filter(verb=BUILT).order_by("id").values_list("detail", flat=True)
    )
    if not marks:
        return None
    return Built(
        date.fromisoformat(marks[0]["anchor"]),
        frozenset(code for mark in marks for code in mark["townships"]),
    )


def build(*, scale: str, today: date, say: Callable[[str], None]) -> Built:
    """Make the county of this scale, or what is missing of it. Raises Refusal."""
    wanted = townships_of(scale)
    if (held := built()) and wanted <= held.townships:
        _install_rules()
        _add_departments(held.anchor)
        return held
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            raise Refusal("另一个进程正在建演示县。请等它完成，再运行一次。")
        held = built()
        if held is None and Household.objects.exists():
            raise Refusal(
                "这个数据库里已有农户，不是演示县，没有改动任何数据。请换一个空的数据库（DATABASE_URL）。"
            )
        anchor = held.anchor if held else anchor_of(today)
        missing = [t for t in county() if t.code in wanted - (held.townships if held else set())]
        if held is None:
            _begin(cursor, anchor)
            _install_rules()
            say("区划、部门、县乡村三级职务和研判规则已建好")
        for township in missing:
            _add_grids(township)
        _appoint(cursor, [s for t in missing for s in grid_seats(t, anchor)])
        say(f"{sum(len(t.grids) for t in missing)} 个网格和网格员已建好")
        _load_people(cursor, missing, anchor, say)
        _pair(cursor, missing, anchor)
        codes = [t.code for t in missing]
        detail = {"anchor": anchor.isoformat(), "townships": codes, "seed": SEED}
        record(acting=SYSTEM, verb=BUILT, subject=("demo_county", scale), detail=detail)
    with connection.cursor() as cursor:
        for table in (*TABLES, "grid_region", "grid_account", "grid_post"):
            cursor.execute(f"ANALYZE {table}")
    return built() or Built(anchor, wanted)


# Monitored households and those out of poverty, shared out among the grid's second-level workers.
PAIRINGS = """
INSERT INTO grid_pairing (worker_id, household_id, from_on, paired_at, end_reason)
SELECT w.account_id, h.id, %(on)s, %(on)s, ''
FROM (SELECT id, code, row_number() OVER (PARTITION BY code ORDER BY id) AS place
      FROM grid_household
      WHERE kind <> 'ordinary' AND dissolved_on IS NULL AND left(code, 9) = ANY (%(townships)s)) h
JOIN (SELECT account_id, region_id, seat,
             count(*) OVER (PARTITION BY region_id) AS workers
      FROM grid_post WHERE role = 'grid_worker_2' AND until_on IS NULL) w
  ON w.region_id = h.code AND w.seat = 1 + (h.place - 1) %% w.workers
WHERE h.place <= %(most)s * w.workers"""
PAIRED_MOST = 10  # households a worker


def _pair(cursor: Any, townships: list[Township], anchor: date) -> None:
    codes = [township.code for township in townships]
    cursor.execute(PAIRINGS, {"on": anchor, "townships": codes, "most": PAIRED_MOST})


def _begin(cursor: Any, anchor: date) -> None:
    install_county(acting=SYSTEM)
    _appoint(cursor, list(county_seats(anchor)))


@transaction.atomic
def _add_departments(anchor: date) -> None:
    """Departments the program learnt of after this county was built, each with its clerk."""
    clerks = [seat for seat in county_seats(anchor) if seat.place in DEPARTMENTS]
    known = set(
        Account.objects.filter(username__in=[seat.username for seat in clerks]).values_list(
            "username", flat=True
        )
    )
    if fresh := [seat for seat in clerks if seat.username not in known]:
        with connection.cursor() as cursor:
            install_county(acting=SYSTEM)
            _appoint(cursor, fresh)


def _install_rules() -> None:
    """Rules, procedure, figures and the schedule that ship with the program, where missing."""
    load_shipped_rules(acting=SYSTEM)
    install_procedure(acting=SYSTEM)
    install_schedule()


def _add_grids(township: Township) -> None:
    source = "演示数据，虚构"
    regions = []
    for village in township.villages:
        for tun in village.tuns:
            regions.append(
                Region(
                    code=tun.code,
                    name=tun.name,
                    level=Level.TUN,
                    parent_id=village.code,
                    source=source,
                )
            )
            regions += [
                Region(
                    code=grid.code,
                    name=grid.name,
                    level=Level.GRID,
                    parent_id=tun.code,
                    source=source,
                )
                for grid in tun.grids
            ]
    Region.objects.bulk_create(regions, batch_size=2000)


def _appoint(cursor: Any, seats: list[Seat]) -> None:
    """Accounts and posts. One password hash serves all: the password is public anyway."""
    password = make_password(PASSWORD)
    first = reserve(cursor, "grid_account", len(seats))
    accounts, posts = [], []
    for pk, seat in enumerate(seats, start=first):
        number = f"154{pk % 10**8:08d}"
        accounts.append(
            Account(
                id=pk,
                username=seat.username,
                password=password,
                name=seat.name,
                phone_sealed=seal(number, column="grid_account.phone_sealed", row=pk),
                phone_tail=number[-4:],
            )
        )
        is_clerk = seat.place in DEPARTMENTS
        posts.append(
            Post(
                account_id=pk,
                role=seat.role,
                region_id=None if is_clerk else seat.place,
                department_id=seat.place if is_clerk else None,
                seat=seat.number,
                from_on=seat.from_on,
                until_on=seat.until_on,
            )
        )
    Account.objects.bulk_create(accounts, batch_size=2000)
    Post.objects.bulk_create(posts, batch_size=2000)


def _load_people(
    cursor: Any, townships: list[Township], anchor: date, say: Callable[[str], None]
) -> None:
    with unguarded(cursor, TABLES):
        for township in townships:
            for village in township.villages:
                _load_village(cursor, village, anchor)
            say(f"{township.name} {township.population} 人已写入")
    cursor.execute(DISAGREEING_HOUSEHOLD)
    if row := cursor.fetchone():
        raise Refusal(f"户 {row[0]} 的户主或人口与成员不符，演示县没有建成。请报告此问题。")
    say("索引和约束已核对")


def _load_village(cursor: Any, village: Village, anchor: date) -> None:
    families = families_of(village, anchor)
    household_id = reserve(cursor, "grid_household", len(families))
    people = sum(len(f.people) + len(f.departed) for f in families)
    person_id = reserve(cursor, "grid_person", people)
    households, persons, memberships = [], [], []
    for pk, family in enumerate(families, start=household_id):
        households.append(_household_line(pk, family, head=person_id))
        for person in (*family.people, *family.departed):
            persons.append(_person_line(person_id, person, family, pk))
            memberships.append(_membership_line(pk, person_id, person, family.registered_on))
            person_id += 1
    copy(cursor, "grid_household", HOUSEHOLD_COLUMNS, households)
    copy(cursor, "grid_person", PERSON_COLUMNS, persons)
    copy(cursor, "grid_membership", MEMBERSHIP_COLUMNS, memberships)


def _household_line(pk: int, family: Family, head: int) -> str:
    phone = as_bytea(seal(family.phone, column="grid_household.phone_sealed", row=pk))
    bank = as_bytea(seal(family.bank, column="grid_household.bank_sealed", row=pk))
    return (
        f"{pk}\t{family.number}\t{family.grid}\t{family.kind}\t{head}\t{len(family.people)}\t"
        f"{family.address}\t{phone}\t{family.phone[-4:]}\t{bank}\t{family.bank[-4:]}\t"
        f"{family.registered_on}\t1\n"
    )


def _person_line(pk: int, person: Person, family: Family, household: int) -> str:
    number = person.id_number
    sealed = as_bytea(seal(number, column="grid_person.id_sealed", row=pk))
    phone = "\\N"
    if person.phone:
        phone = as_bytea(seal(person.phone, column="grid_person.phone_sealed", row=pk))
    died = person.died_on
    return (
        f"{pk}\t{person.name}\t{person.sex}\t{person.born_on}\t{person.ethnic_group}\t{sealed}\t"
        f"{as_bytea(digest(number, kind='id'))}\t{number[-4:]}\t{phone}\t{person.phone[-4:]}\t"
        f"{person.labour}\t{person.health}\t{household if died is None else chr(92) + 'N'}\t"
        f"{family.grid}\t{died or chr(92) + 'N'}\t1\n"
    )


def _membership_line(household: int, pk: int, person: Person, registered_on: date) -> str:
    left, reason = (person.died_on, "died") if person.died_on else ("\\N", "")
    joined = max(person.born_on, registered_on)
    return f"{household}\t{pk}\t{person.relation}\t{joined}\t{left}\t{reason}\n"
