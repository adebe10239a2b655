"""Posts: appointed, ended, and all open work handed over in one act."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from grid.actions.holders import tell_of
from grid.actions.work_items import visiting_roles
from grid.models import Account, Department, Post, Region, WorkItem, WorkItemEvent
from grid.roles import ROLES, Act, Level, Role
from grid.scope import forget_sight, in_subtrees, require, sight_of
from grid.staffing import seats_of
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal, broken_constraint

DEPTH = {level: depth for depth, level in enumerate(Level)}
# Whoever watches over the others is not appointed by those who are watched.
ONLY_BY_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


@transaction.atomic
def appoint_post(
    *,
    acting: Any,
    account: Account,
    role: str,
    from_on: date,
    region: Region | None = None,
    department: Department | None = None,
    seat: int | None = None,
    until_on: date | None = None,
) -> Post:
    """Give a seat of a role to an account; without `seat` the lowest free one.

    Raises NotAllowed (oneself, above oneself, elsewhere), Refusal (no free seat, dates).
    """
    wanted = _role(role)
    _check_place(wanted, region, department)
    check_may_appoint(acting, account, wanted, region)
    if until_on is not None and until_on <= from_on:
        raise Refusal("离任日期必须晚于任职日期。", code="until_on")
    overlapping = _overlapping(wanted, region, department, from_on, until_on)
    if any(post.account_id == account.pk for post in overlapping):
        raise Refusal("这个人在这段时间已任该职务。", code="account")
    post = Post(
        account=account,
        role=wanted,
        region=region,
        department=department,
        seat=_free_seat(wanted, seat, overlapping),
        from_on=from_on,
        until_on=until_on,
    )
    try:
        with transaction.atomic():
            post.save(force_insert=True)
    except IntegrityError as broken:  # somebody was appointed to the same seat this moment
        if broken_constraint(broken) != "post_seat_held_once":
            raise
        raise _held_by(_overlapping(wanted, region, department, from_on, until_on)) from None
    forget_sight(account)
    record(
        acting=acting,
        verb="appointed_post",
        subject=post,
        detail={"account": account.pk, "role": wanted, "seat": post.seat},
    )
    return post


def _role(role: str) -> Role:
    if role not in Role.values:
        raise Refusal("请选择职务。", code="role")
    return Role(role)


def _check_place(role: Role, region: Region | None, department: Department | None) -> None:
    level = ROLES[role].level
    if level is None:
        if department is None or region is not None:
            raise Refusal(f"{role.label}任职于部门，请选择部门。", code="department")
    elif region is None or department is not None or region.level != level:
        raise Refusal(f"{role.label}任职于{level.label}，请选对区划。", code="region")


def check_may_appoint(acting: Account, account: Account, role: Role, region: Region | None) -> None:
    """Within one's own places, at or below one's own level, and never for oneself."""
    if getattr(acting, "is_system", False):
        return
    if account.pk == acting.pk:
        raise NotAllowed("不能任免自己的职务。请由上级或系统管理员办理。")
    require(acting, Act.APPOINT, code=region.code if region else None)
    mine = [h.role for h in sight_of(acting).holdings if Act.APPOINT in ROLES[h.role].acts]
    levels = [ROLES[mine_role].level for mine_role in mine]
    highest = min(DEPTH[level] for level in levels if level is not None)
    level = ROLES[role].level or Level.COUNTY  # departments are the county's
    if DEPTH[level] < highest:
        raise NotAllowed("不能任免比自己层级高的职务。请由上级办理。")
    if role in ONLY_BY_ADMINISTRATOR and Role.ADMINISTRATOR not in mine:
        raise NotAllowed(f"{role.label}只能由系统管理员任免。")


def _overlapping(
    role: Role,
    region: Region | None,
    department: Department | None,
    from_on: date,
    until_on: date | None,
) -> list[Post]:
    posts = Post.objects.filter(role=role, region=region, department=department)
    posts = posts.filter(Q(until_on=None) | Q(until_on__gt=from_on))
    if until_on is not None:
        posts = posts.filter(from_on__lt=until_on)
    return list(posts.select_related("account").order_by("seat"))


def _free_seat(role: Role, seat: int | None, overlapping: Sequence[Post]) -> int:
    limit = seats_of(role)
    taken = {post.seat for post in overlapping}
    if seat is not None:
        if seat < 1 or (limit is not None and seat > limit):
            raise Refusal(f"{role.label}只有 {limit or 0} 个席位。", code="seat")
        if seat in taken:
            raise _held_by([post for post in overlapping if post.seat == seat])
        return seat
    free = next(n for n in range(1, len(taken) + 2) if n not in taken)
    if limit is not None and free > limit:
        raise _held_by(overlapping)
    return free


def _held_by(posts: Sequence[Post]) -> Refusal:
    holders = "、".join(f"{post.account.name}（{post.from_on} 起）" for post in posts)
    return Refusal(
        f"这个职务的席位已满，现任：{holders}。请先办理离任，再任新人。", code="seat_held"
    )


@transaction.atomic
def end_post(
    *, acting: Account, post: Post, until_on: date, hand_to: Account | None = None
) -> None:
    """The holder leaves; `until_on` is the first day no longer held.

    Open work the holder keeps in that place must go to somebody: `hand_to` takes it in the same
    act, else Refusal says how much there is.
    """
    check_may_appoint(acting, post.account, Role(post.role), post.region)
    if until_on <= post.from_on:
        raise Refusal("离任日期必须晚于任职日期。", code="until_on")
    if hand_to is not None and post.region is not None:
        hand_over(
            acting=acting,
            from_account=post.account,
            to_account=hand_to,
            region=post.region,
            reason=f"离任{post.get_role_display()}",
        )
    ended = (
        Post.objects.filter(pk=post.pk)
        .filter(Q(until_on=None) | Q(until_on__gt=until_on))
        .update(until_on=until_on)
    )
    if not ended:
        raise Overtaken("这个职务已经办过离任。请刷新页面。")
    forget_sight(post.account)
    if until_on <= timezone.localdate():
        _check_nothing_left(post)
    record(
        acting=acting,
        verb="ended_post",
        subject=post,
        detail={"account": post.account_id, "role": post.role, "until_on": str(until_on)},
    )


@transaction.atomic
def withdraw_post(*, acting: Account, post: Post) -> None:
    """An appointment of today is taken back: it never was. Raises NotAllowed, Refusal."""
    check_may_appoint(acting, post.account, Role(post.role), post.region)
    if post.from_on < timezone.localdate():
        raise Refusal("这个职务不是今天任的，不能撤回。请办理离任。", code="from_on")
    record(
        acting=acting,
        verb="withdrew_post",
        subject=post,
        detail={"account": post.account_id, "role": post.role, "seat": post.seat},
    )
    forget_sight(post.account)
    post.delete()


def _check_nothing_left(post: Post) -> None:
    """Work the holder may no longer visit after this post is gone."""
    if post.region is None:
        return
    rest = [
        held.region_id
        for held in Post.objects.filter(account=post.account).current(timezone.localdate())
        if held.region_id and Act.RECORD_VISIT in ROLES[Role(held.role)].acts
    ]
    left = (
        WorkItem.objects.open()
        .filter(in_subtrees("code", (post.region.code,)), assignee=post.account)
        .exclude(in_subtrees("code", tuple(rest)))
        .count()
    )
    if left:
        raise Refusal(
            f"{post.account.name}还有 {left} 件未办结的入户事项。请选择接手的人，一并移交。",
            code="hand_to",
        )


@transaction.atomic
def hand_over(
    *,
    acting: Account,
    from_account: Account,
    to_account: Account,
    reason: str,
    region: Region | None = None,
    with_posts: bool = False,
) -> int:
    """Move all open work of one account to another in one act; returns how many items moved.

    `region` limits it to one subtree; without it, everything the acting may assign. `with_posts`
    passes the visiting posts on as well, from today. Raises NotAllowed, Refusal.
    """
    if from_account.pk == to_account.pk:
        raise Refusal("移交人和接手人是同一个人。请重新选择。", code="to_account")
    if len(reason.strip()) < 2:
        raise Refusal("请写明移交原因。", code="reason")
    require(acting, Act.ASSIGN_WORK, code=region.code if region else None)
    if with_posts:
        _pass_posts(acting, from_account, to_account, region)
    items = list(_open_items(acting, from_account, region))
    roles = _visiting_roles(to_account, items)
    by_role: dict[Role, list[WorkItem]] = defaultdict(list)
    for item in items:
        by_role[roles[item.code]].append(item)
    for role, group in by_role.items():
        WorkItem.objects.filter(pk__in=[item.pk for item in group]).update(
            assignee=to_account, assigned_role=role, version=F("version") + 1
        )
    sentence = f"由{from_account.name}移交给{to_account.name}：{reason.strip()}"
    tell_of(acting, WorkItemEvent.Verb.HANDED_OVER, ((item.pk, sentence) for item in items))
    record(
        acting=acting,
        verb="handed_over_work",
        subject=from_account,
        reason=reason.strip()[:500],
        detail={
            "to": to_account.pk,
            "region": region.code if region else "",
            "items": [item.pk for item in items],
        },
    )
    return len(items)


def _open_items(acting: Account, holder: Account, region: Region | None) -> list[WorkItem]:
    """The holder's open items where the acting may assign, locked against a second hand-over."""
    places = tuple(
        h.region
        for h in sight_of(acting).holdings
        if h.region and Act.ASSIGN_WORK in ROLES[h.role].acts
    )
    items = WorkItem.objects.open().filter(in_subtrees("code", places), assignee=holder)
    if region is not None:
        items = items.filter(in_subtrees("code", (region.code,)))
    return list(items.select_for_update(of=("self",)).order_by("pk"))


def _visiting_roles(account: Account, items: Sequence[WorkItem]) -> dict[str, Role]:
    """By which nearest post the account visits each code. Raises Refusal when one lacks a post."""
    found = visiting_roles(account, (item.code for item in items))
    roles: dict[str, Role] = {}
    for code in {item.code for item in items}:
        role = found[code]
        if role is None:
            lacking = sum(found[i.code] is None for i in items)
            raise Refusal(
                f"{account.name}没有能入户的在任职务覆盖其中 {lacking} 件。"
                "请先任职，或选“职务一并移交”，或换一个人接手。",
                code="to_account",
            )
        roles[code] = role
    return roles


def _pass_posts(
    acting: Account, from_account: Account, to_account: Account, region: Region | None
) -> None:
    """The successor takes each visiting post from today."""
    today = timezone.localdate()
    posts = Post.objects.filter(account=from_account, region__isnull=False).current(today)
    if region is not None:
        posts = posts.filter(in_subtrees("region", (region.code,)))
    for post in posts.select_related("region"):
        if Act.RECORD_VISIT not in ROLES[Role(post.role)].acts:
            continue
        check_may_appoint(acting, to_account, Role(post.role), post.region)
        if post.from_on >= today:
            raise Refusal("今天刚任的职务不能当天移交。请明天办理。", code="with_posts")
        Post.objects.filter(pk=post.pk).update(until_on=today)
        forget_sight(from_account)
        record(acting=acting, verb="ended_post", subject=post, detail={"until_on": str(today)})
        appoint_post(
            acting=acting,
            account=to_account,
            role=post.role,
            region=post.region,
            seat=post.seat,
            from_on=today,
            until_on=post.until_on,
        )
