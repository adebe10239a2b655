"""A small named world in real Yizhou villages, with a stranger who must see nothing.

Places are real (statistical codes of 2023) down to the village; tuns and grids are made up. People
bear cyclical characters for names (甲乙丙丁) and ID numbers of the unassigned area 990101.

    德胜镇 地罗村  拉敢屯  grid        worker_1, worker_2   household (five people)
                           next_grid   vacant: tun_head     next_household
                   下里屯  far_grid    vacant: info_officer  lone_household (one person)
           赛平村  上屯    bare_grid   the whole chain vacant  bare_household
    北山镇 怀道村  怀道屯  other_grid  other_worker         other_household
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from grid.models import (
    Account,
    Department,
    DepartmentKey,
    Establishment,
    Household,
    HouseholdKind,
    Membership,
    Pairing,
    Person,
    Post,
    Region,
    Relation,
)
from grid.roles import ROLES, Level, Role
from grid.scope import forget_sight
from grid.signing import hash_secret
from yizhou.id_number import check_character
from yizhou.sealed import digest, seal

PASSWORD = "yizhou-world-2026"
AREA = "990101"  # no province has the code 99: such a number belongs to nobody
SINCE = date(2020, 1, 1)

PLACES = [
    ("451203", "宜州区", Level.COUNTY),
    ("451203104", "德胜镇", Level.TOWNSHIP),
    ("451203104207", "地罗村", Level.VILLAGE),
    ("451203104207001", "拉敢屯", Level.TUN),
    ("45120310420700101", "第一网格", Level.GRID),
    ("45120310420700102", "第二网格", Level.GRID),
    ("451203104207002", "下里屯", Level.TUN),
    ("45120310420700201", "第三网格", Level.GRID),
    ("451203104202", "赛平村", Level.VILLAGE),
    ("451203104202001", "上屯", Level.TUN),
    ("45120310420200101", "第四网格", Level.GRID),
    ("451203106", "北山镇", Level.TOWNSHIP),
    ("451203106201", "怀道村", Level.VILLAGE),
    ("451203106201001", "怀道屯", Level.TUN),
    ("45120310620100101", "第五网格", Level.GRID),
]
PARENT_LENGTH = {9: 6, 12: 9, 15: 12, 17: 15}


def id_number(born_on: date, sex: str, serial: int) -> str:
    """A valid 18-character number of nobody. `serial` 0..499 tells bearers of one day apart."""
    first17 = f"{AREA}{born_on:%Y%m%d}{serial * 2 + (sex == 'M'):03d}"
    return first17 + check_character(first17)


@lru_cache(maxsize=1)
def _password_hash() -> str:
    return make_password(PASSWORD)


def add_account(username: str, name: str) -> Account:
    """An account that signs in with PASSWORD and holds no post."""
    return Account.objects.create(username=username, name=name, password=_password_hash())


def add_post(
    account: Account,
    role: Role,
    *,
    region: Region | None = None,
    department: Department | None = None,
    seat: int = 1,
    from_on: date = SINCE,
    until_on: date | None = None,
) -> Post:
    return Post.objects.create(
        account=account,
        role=role,
        region=region,
        department=department,
        seat=seat,
        from_on=from_on,
        until_on=until_on,
    )


def add_person(
    name: str, sex: str, born_on: date, *, serial: int = 0, household: Household | None = None
) -> Person:
    """A person with a sealed ID number and a sealed phone; no membership yet."""
    number = id_number(born_on, sex, serial)
    phone = f"1000000{serial:04d}"  # no operator has numbers beginning with 100
    person = Person.objects.create(
        name=name,
        sex=sex,
        born_on=born_on,
        ethnic_group="壮族",
        id_digest=digest(number, kind="id"),
        id_tail=number[-4:],
        phone_tail=phone[-4:],
        household=household,
        code=household.cell_id if household else "",
    )
    person.id_sealed = seal(number, column="grid_person.id_sealed", row=person.pk)
    person.phone_sealed = seal(phone, column="grid_person.phone_sealed", row=person.pk)
    person.save(update_fields=["id_sealed", "phone_sealed"])
    return person


@transaction.atomic  # the guard looks at commit: head and members come together
def add_household(
    cell: Region,
    number: str,
    members: list[tuple[str, str, date, Relation]],
    *,
    kind: HouseholdKind = HouseholdKind.ORDINARY,
    serial: int = 0,
) -> Household:
    """A living household with its people, the head first. `serial` keeps ID numbers apart."""
    household = Household(
        number=number,
        cell=cell,
        kind=kind,
        size=len(members),
        address=f"{cell.parent.name} {serial + 1} 号",
        registered_on=SINCE,
    )
    # The head is a row of another table: the number is known before either row is written.
    household.head_id = -1
    household.save(force_insert=True)
    for offset, (name, sex, born_on, relation) in enumerate(members):
        person = add_person(name, sex, born_on, serial=serial + offset, household=household)
        if relation == Relation.HEAD:
            household.head = person
        Membership.objects.create(
            household=household, person=person, relation=relation, joined_on=SINCE
        )
    household.save(update_fields=["head"])
    return household


def add_key(department: Department, *, expires_on: date | None = None) -> str:
    """The plain text a machine of the department sends after `Authorization: Key `."""
    prefix, secret = f"k{department.pk[:9]:0<9}", f"secret-of-{department.pk}"
    DepartmentKey.objects.create(
        department=department,
        label="测试",
        prefix=prefix,
        secret_hash=hash_secret(secret),
        expires_on=expires_on or timezone.localdate() + timedelta(days=365),
    )
    return f"{prefix}.{secret}"


@dataclass
class World:
    """Everything by name. `people` maps a name (韦甲) to its row."""

    county: Region
    township: Region
    village: Region
    tun: Region
    grid: Region
    next_grid: Region
    far_tun: Region
    far_grid: Region
    bare_village: Region
    bare_tun: Region
    bare_grid: Region
    other_township: Region
    other_village: Region
    other_tun: Region
    other_grid: Region

    household: Household
    next_household: Household
    lone_household: Household
    bare_household: Household
    other_household: Household
    people: dict[str, Person]

    medical: Department
    disabled: Department
    education: Department
    civil: Department
    medical_key: str
    disabled_key: str
    education_key: str
    civil_key: str

    county_officer: Account
    leader: Account
    township_officer: Account
    village_head: Account
    info_officer: Account
    tun_head: Account
    worker_1: Account
    worker_2: Account
    other_township_officer: Account
    other_worker: Account
    clerk_medical: Account
    clerk_disabled: Account
    clerk_education: Account
    clerk_civil: Account
    auditor: Account
    administrator: Account
    stranger: Account

    password: str = field(default=PASSWORD)

    def accounts(self) -> dict[str, Account]:
        """Every account by its name in this world."""
        return {n: v for n, v in vars(self).items() if isinstance(v, Account)}

    def id_number_of(self, name: str) -> str:
        """The plain ID number of 韦甲 and the rest."""
        person = self.people[name]
        serial = list(self.people).index(name)
        return id_number(person.born_on, person.sex, serial)


def _regions() -> dict[str, Region]:
    regions = {
        code: Region(
            code=code,
            name=name,
            official_name=name,
            level=level,
            parent_id=code[: PARENT_LENGTH[len(code)]] if len(code) > 6 else None,
            source="国家统计局 2023" if len(code) <= 12 else "测试",
        )
        for code, name, level in PLACES
    }
    for region in regions.values():
        region.parent = regions.get(region.parent_id)
    Region.objects.bulk_create(regions.values())
    return regions


def _households(regions: dict[str, Region]) -> dict[str, Household]:
    def born(year: int, month: int = 3, day: int = 5) -> date:
        return date(year, month, day)

    return {
        "household": add_household(
            regions["45120310420700101"],
            "104-207-0001",
            [
                ("韦甲", "M", born(1975), Relation.HEAD),
                ("覃乙", "F", born(1977), Relation.SPOUSE),
                ("韦丙", "M", born(2001), Relation.SON),
                ("韦丁", "F", born(2012), Relation.DAUGHTER),
                ("莫戊", "F", born(1948), Relation.MOTHER),
            ],
            kind=HouseholdKind.OUT_OF_POVERTY,
        ),
        "next_household": add_household(
            regions["45120310420700102"],
            "104-207-0002",
            [
                ("蓝甲", "M", born(1980), Relation.HEAD),
                ("罗乙", "F", born(1982), Relation.SPOUSE),
            ],
            serial=5,
        ),
        "lone_household": add_household(
            regions["45120310420700201"],
            "104-207-0003",
            [("罗甲", "F", born(1950), Relation.HEAD)],
            serial=7,
        ),
        "bare_household": add_household(
            regions["45120310420200101"],
            "104-202-0001",
            [("黄甲", "M", born(1968), Relation.HEAD)],
            serial=8,
        ),
        "other_household": add_household(
            regions["45120310620100101"],
            "106-201-0001",
            [
                ("潘甲", "M", born(1985), Relation.HEAD),
                ("潘乙", "F", born(2014), Relation.DAUGHTER),
            ],
            serial=9,
        ),
    }


DEPARTMENTS = {
    "medical": ("medical_insurance", "医疗保障局", "医保局"),
    "disabled": ("disabled_federation", "残疾人联合会", "残联"),
    "education": ("education", "教育局", "教育局"),
    "civil": ("civil_affairs", "民政局", "民政局"),
}
OFFICES = [
    ("county_officer", "县专员甲", Role.COUNTY_OFFICER, "451203"),
    ("leader", "县领导甲", Role.COUNTY_LEADER, "451203"),
    ("township_officer", "镇审核甲", Role.TOWNSHIP_OFFICER, "451203104"),
    ("village_head", "村网格长甲", Role.VILLAGE_HEAD, "451203104207"),
    ("info_officer", "信息员甲", Role.INFO_OFFICER, "451203104207"),
    ("tun_head", "屯网格长甲", Role.TUN_HEAD, "451203104207001"),
    ("worker_1", "一级网格员甲", Role.GRID_WORKER_1, "45120310420700101"),
    ("worker_2", "二级网格员甲", Role.GRID_WORKER_2, "45120310420700101"),
    ("other_township_officer", "镇审核乙", Role.TOWNSHIP_OFFICER, "451203106"),
    ("other_worker", "一级网格员乙", Role.GRID_WORKER_1, "45120310620100101"),
    ("auditor", "审计员甲", Role.AUDITOR, "451203"),
    ("administrator", "系统管理员甲", Role.ADMINISTRATOR, "451203"),
]


@transaction.atomic
def build_world() -> World:
    """Write the world into the test database and return it by name."""
    regions = _regions()
    households = _households(regions)
    departments, keys, accounts = {}, {}, {}
    for name, (code, full, short) in DEPARTMENTS.items():
        departments[name] = Department.objects.create(code=code, name=full, short_name=short)
        keys[f"{name}_key"] = add_key(departments[name])
        clerk = accounts[f"clerk_{name}"] = add_account(f"clerk_{name}", f"{short}报送员甲")
        add_post(clerk, Role.DEPARTMENT_CLERK, department=departments[name])
    for name, label, role, code in OFFICES:
        accounts[name] = add_account(name, label)
        add_post(accounts[name], role, region=regions[code])
    accounts["stranger"] = add_account("stranger", "外人甲")
    Establishment.objects.bulk_create(
        [
            Establishment(role=role, seats=rule.seats, source="测试")
            for role, rule in ROLES.items()
            if rule.seats is not None
        ],
        ignore_conflicts=True,
    )
    return World(
        county=regions["451203"],
        township=regions["451203104"],
        village=regions["451203104207"],
        tun=regions["451203104207001"],
        grid=regions["45120310420700101"],
        next_grid=regions["45120310420700102"],
        far_tun=regions["451203104207002"],
        far_grid=regions["45120310420700201"],
        bare_village=regions["451203104202"],
        bare_tun=regions["451203104202001"],
        bare_grid=regions["45120310420200101"],
        other_township=regions["451203106"],
        other_village=regions["451203106201"],
        other_tun=regions["451203106201001"],
        other_grid=regions["45120310620100101"],
        people={p.name: p for p in Person.objects.order_by("pk")},
        **households,
        **departments,
        **keys,
        **accounts,
    )


def pair_second_level(world: World) -> None:
    """worker_2 helps the household of its grid: it sees no other."""
    Pairing.objects.create(worker=world.worker_2, household=world.household, from_on=SINCE)
    forget_sight(world.worker_2)
