"""Who holds which post: vacancies, the 4+2+2 of every village, open work of every visitor.

Plain queries over one region and all below it. The caller has loaded the region through scope.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from grid.models import Account, Department, Establishment, Post, Region, WorkItem
from grid.roles import CODE_LENGTH, ROLES, Act, Level, Role

# The 4+2+2: four levels of heads, two kinds of officers and workers. Source: Yizhou's own
# structure; the meaning of the middle "2" is to be confirmed (docs/glossary.md).
HEADS = (Role.COUNTY_HEAD, Role.TOWNSHIP_HEAD, Role.VILLAGE_HEAD, Role.TUN_HEAD)
STRUCTURE = (*HEADS, Role.INFO_OFFICER, Role.GRID_WORKER_1, Role.GRID_WORKER_2)
VISITING = tuple(role for role, rule in ROLES.items() if Act.RECORD_VISIT in rule.acts)


def seats_of(role: str) -> int | None:
    """Seats of the role in each region of its level: the Establishment's, else the table's."""
    return seats_by_role()[Role(role)]


def seats_by_role() -> dict[Role, int | None]:
    settled = dict(Establishment.objects.values_list("role", "seats"))
    return {role: settled.get(role, rule.seats) for role, rule in ROLES.items()}


@dataclass(frozen=True, slots=True)
class Vacancy:
    """Seats of one role in one region that nobody holds today."""

    role: Role
    region: Region
    seats: int
    held: int

    @property
    def missing(self) -> int:
        return self.seats - self.held


def _held(region: Region, on: date) -> dict[tuple[str, str], int]:
    """Current posts below the region: (role, region code) -> how many."""
    counted = (
        Post.objects.current(on)
        .filter(region__code__gte=region.code, region__code__lt=f"{region.code}~")
        .filter(account__is_active=True)
        .values_list("role", "region_id")
        .annotate(held=Count("pk"))
        .order_by()
    )
    return {(role, code): held for role, code, held in counted}


def vacancies(region: Region, *, on: date) -> list[Vacancy]:
    """Every seat of the region and below that nobody holds, in the order of the tree. 3 queries."""
    seats = seats_by_role()
    held = _held(region, on)
    at: dict[str, list[Role]] = defaultdict(list)
    for role in STRUCTURE:
        if seats[role]:
            at[str(ROLES[role].level)].append(role)
    return [
        Vacancy(role, place, seats[role] or 0, held.get((role, place.code), 0))
        for place in Region.objects.within(region.code)
        for role in at[place.level]
        if held.get((role, place.code), 0) < (seats[role] or 0)
    ]


@dataclass(frozen=True, slots=True)
class Filled:
    """Seats held of seats wanted; `wanted` 0 means as many as appointed."""

    held: int
    wanted: int

    @property
    def complete(self) -> bool:
        return self.held >= self.wanted


@dataclass(frozen=True, slots=True)
class VillageStaffing:
    """The lower part of the 4+2+2 in one village: what is wanted and what is held."""

    village: Region
    township: str
    village_head: Filled
    tun_heads: Filled
    info_officers: Filled
    first_workers: Filled
    second_workers: int

    @property
    def missing(self) -> int:
        wanted = (self.village_head, self.tun_heads, self.info_officers, self.first_workers)
        return sum(max(0, filled.wanted - filled.held) for filled in wanted)


def completeness(region: Region, *, on: date) -> list[VillageStaffing]:
    """One line for each village of the region (or the village it lies in). 4 queries."""
    seats = seats_by_role()
    top = region.code[: CODE_LENGTH[Level.VILLAGE]]
    places = list(Region.objects.within(top))
    names = dict(
        Region.objects.filter(
            level=Level.TOWNSHIP, code__in={p.code[:9] for p in places}
        ).values_list("code", "name")
    )
    held: Counter[tuple[str, str]] = Counter()
    root = next((p for p in places if p.code == top), region)
    for (role, code), count in _held(root, on).items():
        held[role, code[:12]] += count
    below: Counter[tuple[str, str]] = Counter((p.code[:12], p.level) for p in places)

    def filled(role: Role, village: str, regions: int) -> Filled:
        return Filled(held[role, village], regions * (seats[role] or 0))

    return [
        VillageStaffing(
            village=place,
            township=names.get(place.code[:9], ""),
            village_head=filled(Role.VILLAGE_HEAD, place.code, 1),
            tun_heads=filled(Role.TUN_HEAD, place.code, below[place.code, Level.TUN]),
            info_officers=filled(Role.INFO_OFFICER, place.code, 1),
            first_workers=filled(Role.GRID_WORKER_1, place.code, below[place.code, Level.GRID]),
            second_workers=held[Role.GRID_WORKER_2, place.code],
        )
        for place in places
        if place.level == Level.VILLAGE
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """One visitor's open work in the region."""

    account: Account
    posts: tuple[Post, ...]
    opened: int
    overdue: int

    @property
    def is_stranded(self) -> bool:
        """Holds open work here without a current post here: it must be handed over."""
        return bool(self.opened) and not self.posts


def open_load(region: Region, *, on: date) -> list[Load]:
    """Everybody with a visiting post or open work in the region, most work first. 3 queries."""
    counts = {
        account: (opened, overdue)
        for account, opened, overdue in WorkItem.objects.open()
        .filter(code__gte=region.code, code__lt=f"{region.code}~", assignee__isnull=False)
        .values_list("assignee")
        .annotate(opened=Count("pk"), overdue=Count("pk", filter=Q(due_on__lt=on)))
        .order_by()
    }
    posts: dict[int, list[Post]] = defaultdict(list)
    for post in (
        Post.objects.current(on)
        .filter(role__in=VISITING, account__is_active=True)
        .filter(
            Q(region__code__gte=region.code, region__code__lt=f"{region.code}~")
            | Q(region__in=_above(region), account__in=counts)
        )
        .select_related("region")
    ):
        posts[post.account_id].append(post)
    accounts = Account.objects.filter(pk__in={*counts, *posts})
    loads = [
        Load(account, tuple(posts[account.pk]), *counts.get(account.pk, (0, 0)))
        for account in accounts
    ]
    return sorted(loads, key=lambda load: (-load.opened, -load.overdue, load.account.pk))


def _above(region: Region) -> list[str]:
    """Codes of the regions that contain this one."""
    return [region.code[:n] for n in CODE_LENGTH.values() if n < len(region.code)]


def totals(villages: list[VillageStaffing]) -> dict[str, Filled]:
    """The lines of several villages added up, by column name."""
    columns = ("village_head", "tun_heads", "info_officers", "first_workers")
    sums = {
        name: Filled(
            sum(getattr(line, name).held for line in villages),
            sum(getattr(line, name).wanted for line in villages),
        )
        for name in columns
    }
    return sums | {"second_workers": Filled(sum(line.second_workers for line in villages), 0)}


def account_named(username: str) -> Account | None:
    """An active account by its exact sign-in name."""
    return Account.objects.filter(username=username.strip(), is_active=True).first()


def departments() -> QuerySet[Department]:
    return Department.objects.all()
