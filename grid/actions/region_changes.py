"""Grids split, merged and renamed; everything that bears their code follows in the same act."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import CharField, ForeignKey, Q
from django.utils import timezone
from psycopg2 import sql

from grid.actions.holders import set_holders, tell_of
from grid.actions.posts import appoint_post
from grid.actions.work_items import NOBODY, route, visiting_roles
from grid.grids import moving, next_code
from grid.models import (
    Account,
    Household,
    Leave,
    Post,
    Region,
    RegionChange,
    WorkItem,
    WorkItemEvent,
)
from grid.roles import CODE_LENGTH, Act, Level, Role
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Refusal, reason_given
from yizhou.statements import run

Kind = RegionChange.Kind
LONGEST_NAME = 60
ONE_AT_A_TIME = 7_340_011  # class of the advisory locks, one a village
FOLLOW_HOUSEHOLD = sql.SQL(
    "UPDATE {table} t SET {column} = %(new)s WHERE t.{column} <> %(new)s"
    " AND t.{key} = ANY (%(households)s::bigint[])"
)
FOLLOW_PERSON = sql.SQL(
    "UPDATE {table} t SET {column} = %(new)s FROM grid_person p"
    " WHERE p.id = t.{key} AND t.{column} <> %(new)s"
    " AND p.household_id = ANY (%(households)s::bigint[])"
)
FOLLOW_CODE = sql.SQL("UPDATE {table} SET {column} = %(new)s WHERE {column} = %(old)s")


@transaction.atomic
def split_grid(
    *,
    acting: Account,
    key: uuid.UUID,
    grid: Region,
    households: Iterable[int],
    name: str,
    reason: str,
    first_worker: Account | None = None,
) -> RegionChange:
    """Some households of the grid found a new grid of the same hamlet; the same key does nothing.

    Their visits stay with who may visit there still, else go up the chain. Raises NotAllowed,
    Refusal.
    """
    if kept := _begun(acting, key, grid):
        return kept
    grid = _standing(grid)
    reason = _reason(reason)
    name = _name(name, grid)
    chosen = sorted(set(households))
    locked = Household.objects.select_for_update(of=("self",)).filter(cell=grid).order_by("pk")
    living = [home.pk for home in locked if home.dissolved_on is None]
    if not chosen:
        raise Refusal("请勾选划到新网格的农户。", code="households")
    if strangers := set(chosen) - set(living):
        raise Refusal(
            f"勾选的农户里有 {len(strangers)} 户已不在这个网格。请刷新页面重新勾选。",
            code="households",
        )
    if len(chosen) == len(living):
        raise Refusal("不能把全部农户都划走；只是改名字请办“更名”。", code="households")
    tun = grid.code[: CODE_LENGTH[Level.TUN]]
    code = next_code(tun)
    if code is None:
        raise Refusal("这个屯的网格编号已经用完（最多 99 个）。请与县里联系。", code="name")
    fresh = Region.objects.create(
        code=code, name=name, level=Level.GRID, parent_id=tun, source=f"由{grid.name}拆分"
    )
    counts = moving(chosen)
    _carry(chosen, fresh.code)
    if first_worker is not None:
        appoint_post(
            acting=acting,
            account=first_worker,
            role=Role.GRID_WORKER_1,
            region=fresh,
            from_on=timezone.localdate(),
        )
    _hand_items(acting, chosen, fresh, f"{grid.name}拆分，转入{name}")
    return _keep(acting, key, Kind.SPLIT, grid, fresh, reason, counts)


@transaction.atomic
def merge_grids(
    *,
    acting: Account,
    key: uuid.UUID,
    source: Region,
    target: Region,
    reason: str,
    first_worker_stays: bool = True,
) -> RegionChange:
    """All of `source` goes to `target`, a grid of the same village; the old code is retired.

    Second-level workers go along. The first-level worker takes the free seat of `target`, else
    becomes second-level there or leaves. Raises NotAllowed, Refusal.
    """
    if kept := _begun(acting, key, source, target):
        return kept
    source, target = _standing(source), _standing(target)
    reason = _reason(reason)
    if source.pk == target.pk:
        raise Refusal("不能和自己合并。请选另一个网格。", code="target")
    village = CODE_LENGTH[Level.VILLAGE]
    if source.code[:village] != target.code[:village]:
        raise Refusal("只能和同一个村的网格合并。", code="target")
    homes = Household.objects.select_for_update(of=("self",)).filter(cell=source).order_by("pk")
    households = [home.pk for home in homes]
    counts = moving(households)
    posts = _posts_that_end(source)
    _carry(households, target.code)
    _follow_old_code(source.code, target.code)
    _pass_posts(acting, posts, target, first_worker_stays)
    Region.objects.filter(pk=source.pk).update(retired_on=timezone.localdate())
    _hand_items(acting, households, target, f"{source.name}并入{target.name}")
    return _keep(acting, key, Kind.MERGED, source, target, reason, counts)


@transaction.atomic
def rename_grid(
    *, acting: Account, key: uuid.UUID, grid: Region, name: str, reason: str
) -> RegionChange:
    """A new name for the same grid and code. Raises NotAllowed, Refusal."""
    if kept := _begun(acting, key, grid):
        return kept
    grid = _standing(grid)
    reason = _reason(reason)
    name = _name(name, grid)
    Region.objects.filter(pk=grid.pk).update(name=name)
    renamed = Region.objects.get(pk=grid.pk)
    return _keep(acting, key, Kind.RENAMED, grid, renamed, reason, None)


def _begun(acting: Account, key: uuid.UUID, *grids: Region) -> RegionChange | None:
    """Behind the villages' locks, so that two changes do not cross: what this key did already."""
    for grid in grids:
        require(acting, Act.EDIT_REGISTRY, code=grid.code)
        require(acting, Act.APPOINT, code=grid.code)
    with connection.cursor() as cursor:
        for village in sorted({grid.code[: CODE_LENGTH[Level.VILLAGE]] for grid in grids}):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [ONE_AT_A_TIME, village]
            )
    change = RegionChange.objects.filter(key=key).first()
    if change is not None and change.by_id != acting.pk:
        raise NotAllowed("这个页面的提交编号不是您的。请重新打开页面。")
    return change


def _standing(grid: Region) -> Region:
    if grid.level != Level.GRID:
        raise Refusal("只有网格可以拆分、合并、更名。", code="grid")
    now = Region.objects.standing().filter(pk=grid.pk).first()
    if now is None:
        raise Refusal("这个网格已经并入别的网格。请刷新页面。", code="grid")
    return now


def _reason(reason: str) -> str:
    return reason_given(reason, ask="请写明为什么变动，2 到 200 个字，例如“户数过多”。")


def _name(name: str, grid: Region) -> str:
    """Clean and not taken by another standing grid of the hamlet."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= LONGEST_NAME:
        raise Refusal("请填写新名称，2 到 60 个字。", code="name")
    if name == grid.name:
        raise Refusal("新名称与现在的名称相同。", code="name")
    if Region.objects.standing().filter(parent=grid.parent_id, name=name).exists():
        raise Refusal(f"本屯已有“{name}”。请换一个名称。", code="name")
    return name


# What bears a grid's code: every model whose SCOPE is a column of its own


def _code_columns() -> list[tuple[type[Any], str]]:
    """(model, column) of all floors, the highest floor first, as everybody locks."""
    found = []
    for model in reversed(apps.get_models()):
        scope = getattr(model, "SCOPE", "")
        if not scope or "__" in scope or model in (Region, Post, RegionChange, Household):
            continue
        names = {f.name: f for f in model._meta.concrete_fields}
        field = names.get(scope)
        is_place = isinstance(field, ForeignKey) and field.related_model is Region
        if field is not None and (is_place or (isinstance(field, CharField) and scope == "code")):
            found.append((model, str(field.column)))
    return found


def _carry(households: Sequence[int], new: str) -> None:
    """Households take the new code, then whatever belongs to them, a statement a table."""
    values = {"new": new, "households": list(households)}
    Household.objects.filter(pk__in=households).update(cell=new)
    for model, column in _code_columns():
        names = {f.name: f for f in model._meta.concrete_fields}
        for name, statement in (("household", FOLLOW_HOUSEHOLD), ("person", FOLLOW_PERSON)):
            if name in names:
                table, key = sql.Identifier(model._meta.db_table), names[name].column
                run(
                    statement.format(
                        table=table, column=sql.Identifier(column), key=sql.Identifier(key)
                    ),
                    values,
                )
                break


def _follow_old_code(old: str, new: str) -> None:
    """What bears the retired code without belonging to a household."""
    for model, column in _code_columns():
        table = sql.Identifier(model._meta.db_table)
        run(
            FOLLOW_CODE.format(table=table, column=sql.Identifier(column)),
            {"old": old, "new": new},
        )


# People


def _posts_that_end(source: Region) -> list[Post]:
    today = timezone.localdate()
    posts = list(
        Post.objects.filter(region=source)
        .filter(Q(until_on=None) | Q(until_on__gt=today))
        .select_related("account")
        .order_by("role", "seat")
    )
    if late := [post for post in posts if post.from_on >= today]:
        raise Refusal(
            f"{late[0].account.name}在{source.name}的任职今天或以后才开始，今天不能合并。"
            "请先办离任，或明天再办。",
            code="posts",
        )
    away = Leave.objects.filter(post__in=posts, state__in=["planned", "running"])
    if leave := away.select_related("post__account").first():
        raise Refusal(
            f"{leave.post.account.name}的请假还没有结束。请先销假，再合并。", code="posts"
        )
    return posts


def _pass_posts(acting: Account, posts: Sequence[Post], target: Region, stays: bool) -> None:
    """End each post today and give its holder a seat of the target."""
    today = timezone.localdate()
    for post in posts:
        Post.objects.filter(pk=post.pk).update(until_on=today)
        record(acting=acting, verb="ended_post", subject=post, detail={"until_on": str(today)})
        role = _role_in(target, post, stays)
        held = Post.objects.current(today).filter(region=target, account=post.account)
        if role is not None and not held.exists() and post.account.is_active:
            appoint_post(
                acting=acting,
                account=post.account,
                role=role,
                region=target,
                from_on=today,
                until_on=post.until_on,
            )


def _role_in(target: Region, post: Post, stays: bool) -> Role | None:
    if post.role != Role.GRID_WORKER_1:
        return Role(post.role)
    first = Post.objects.filter(region=target, role=Role.GRID_WORKER_1)
    taken = first.filter(Q(until_on=None) | Q(until_on__gt=timezone.localdate())).exists()
    if not taken:
        return Role.GRID_WORKER_1
    return Role.GRID_WORKER_2 if stays else None


def _hand_items(acting: Account, households: Sequence[int], grid: Region, why: str) -> None:
    """Open visits stay with who may visit there, else go the way of a new one; each is told."""
    items = list(
        WorkItem.objects.open()
        .select_for_update(of=("self",))
        .filter(household__in=households)
        .select_related("assignee")
        .order_by("pk")
    )
    holders = {item.assignee_id: item.assignee for item in items if item.assignee}
    roles = {pk: visiting_roles(who, [grid.code])[grid.code] for pk, who in holders.items()}
    taker, role = route([grid.code], on=timezone.localdate()).get(grid.code, (None, ""))
    name = Account.objects.get(pk=taker).name if taker else ""
    rows, said = [], []
    for item in items:
        kept = roles.get(item.assignee_id)
        if kept is not None:
            rows.append((item.pk, item.assignee_id, kept.value))
            said.append((item.pk, f"{why}，承办人不变"))
        else:
            rows.append((item.pk, taker, role))
            to = f"改由{Role(role).label}{name}承办" if role else NOBODY
            said.append((item.pk, f"{why}，{to}"))
    set_holders(rows)
    tell_of(acting, WorkItemEvent.Verb.HANDED_OVER, said)


def _keep(
    acting: Account,
    key: uuid.UUID,
    kind: Kind,
    old: Region,
    new: Region,
    reason: str,
    counts: Any,
) -> RegionChange:
    """The line of history, and the audit row."""
    change = RegionChange.objects.create(
        key=key,
        kind=kind,
        old_code=old.code,
        old_name=old.name,
        new_code=new.code,
        new_name=new.name,
        on=timezone.localdate(),
        by=acting,
        reason=reason,
        households=counts.households if counts else 0,
        people=counts.people if counts else 0,
        items=counts.items if counts else 0,
    )
    detail = {"from": old.code, "to": new.code, "households": change.households}
    if kind == Kind.SPLIT:
        record(acting=acting, verb="split_grid", subject=old, reason=reason, detail=detail)
    elif kind == Kind.MERGED:
        record(acting=acting, verb="merged_grids", subject=old, reason=reason, detail=detail)
    else:
        record(acting=acting, verb="renamed_grid", subject=old, reason=reason, detail=detail)
    return change
