"""Leave: a post holder is away for some days, a stand-in has the work and sight meanwhile."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from grid.actions.holders import tell_of
from grid.actions.posts import check_may_appoint
from grid.actions.work_items import VISITING, send_down_the_chain
from grid.models import Account, Leave, LeaveItem, Post, WorkItem, WorkItemEvent
from grid.roles import ROLES, Act, Role
from grid.scope import forget_sight, in_subtrees
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Overtaken, Refusal, broken_constraint, reason_given

LONGEST = timedelta(days=183)  # longer than half a year somebody else is appointed
State = Leave.State


@transaction.atomic
def grant_leave(
    *,
    acting: Any,
    post: Post,
    stand_in: Account,
    from_on: date,
    until_on: date,
    reason: str,
) -> Leave:
    """The holder is away from `from_on` and back on `until_on`; the stand-in holds the post then.

    A leave that begins today takes the open work over at once, a later one by beat. Raises
    NotAllowed (oneself, above oneself, elsewhere), Refusal.
    """
    reason = reason_given(reason, ask="请写明事由（2 到 200 个字），例如：住院、外出培训。")
    check_may_appoint(acting, post.account, Role(post.role), post.region)
    # Two leaves that name each other's people wait for one another here.
    list(
        Account.objects.select_for_update()
        .filter(pk__in=[post.account_id, stand_in.pk])
        .order_by("pk")
    )
    _check_days(post, from_on, until_on)
    _check_stand_in(acting, post, stand_in, from_on, until_on)
    leave = Leave(
        post=post,
        stand_in=stand_in,
        from_on=from_on,
        until_on=until_on,
        reason=reason,
        granted_by=acting,
    )
    try:
        with transaction.atomic():
            leave.save(force_insert=True)
    except IntegrityError as broken:
        if broken_constraint(broken) != "leave_one_at_a_time":
            raise
        raise _overlaps(post, from_on, until_on) from None
    record(
        acting=acting,
        verb="granted_leave",
        subject=leave,
        reason=reason,
        detail={
            "post": post.pk,
            "stand_in": stand_in.pk,
            "from": str(from_on),
            "to": str(until_on),
        },
    )
    if from_on <= timezone.localdate():
        _begin(acting, leave)
    return leave


def _check_days(post: Post, from_on: date, until_on: date) -> None:
    today = timezone.localdate()
    if post.region is None or Act.RECORD_VISIT not in ROLES[Role(post.role)].acts:
        raise Refusal("只有能入户的职务办理请假代班。其他职务请直接办离任和任职。", code="post")
    if from_on < today:
        raise Refusal("请假第一天不能早于今天。", code="from_on")
    if until_on <= from_on:
        raise Refusal("回岗日期必须晚于请假第一天。", code="until_on")
    if until_on - from_on > LONGEST:
        raise Refusal("请假超过半年的，请办离任，另任他人。", code="until_on")
    if post.from_on > from_on or (post.until_on is not None and post.until_on < until_on):
        raise Refusal("请假期间不全在任期内。请核对任职和离任日期。", code="until_on")


def _check_stand_in(
    acting: Any, post: Post, stand_in: Account, from_on: date, until_on: date
) -> None:
    if stand_in.pk == post.account_id:
        raise Refusal("代班人和请假人是同一个人。请另选一个人。", code="stand_in")
    if stand_in.pk == getattr(acting, "pk", None):
        raise Refusal("不能批准由自己代班。请由上级或另一名审核员办理。", code="stand_in")
    place = (post.region_id or "")[:9]
    serves = Post.objects.filter(
        in_subtrees("region", (place,)),
        account=stand_in,
        account__is_active=True,
        role__in=VISITING,
    )
    if not serves.current(timezone.localdate()).exists():
        raise Refusal(
            f"{stand_in.name}在本乡镇没有能入户的在任职务，不能代班。请另选一个人。",
            code="stand_in",
        )
    meanwhile = Leave.objects.filter(
        state__in=[State.PLANNED, State.RUNNING], from_on__lt=until_on, until_on__gt=from_on
    )
    if meanwhile.filter(post__account=stand_in).exists():
        raise Refusal(f"{stand_in.name}这段时间自己也请假。请另选一个人。", code="stand_in")
    if other := meanwhile.filter(stand_in=post.account_id).select_related("post__account").first():
        raise Refusal(
            f"{post.account.name}这段时间正替{other.post.account.name}代班。请先给那次请假换人。",
            code="from_on",
        )


def _overlaps(post: Post, from_on: date, until_on: date) -> Refusal:
    other = (
        post.leaves.exclude(state=State.CANCELLED)
        .filter(from_on__lt=until_on, until_on__gt=from_on)
        .first()
    )
    days = f"{other.from_on} 至 {other.until_on}" if other else "这段时间"
    return Refusal(f"这个职务{days}已有一次请假，日期重叠。请改日期。", code="from_on")


@transaction.atomic
def end_leave(*, acting: Any, leave: Leave) -> int:
    """The holder is back today, or the leave that has not begun is called off.

    Returns how many visits came back. Raises Overtaken when it is over already.
    """
    locked = Leave.objects.select_for_update(of=("self",)).get(pk=leave.pk)
    check_may_appoint(acting, locked.post.account, Role(locked.post.role), locked.post.region)
    today = timezone.localdate()
    if locked.state == State.PLANNED:
        locked.state = State.CANCELLED
        locked.save(update_fields=["state"])
        record(acting=acting, verb="cancelled_leave", subject=locked)
        forget_sight(locked.stand_in)
        return 0
    if locked.state != State.RUNNING:
        raise Overtaken("这次请假已经销假或取消。请刷新页面。")
    locked.until_on = max(today, locked.from_on)
    return _end(acting, locked)


@transaction.atomic
def turn_leaves(*, acting: Any = SYSTEM) -> tuple[int, int]:
    """Beat: leaves that began hand the open work over, those that ended give it back.

    Doing it twice changes nothing. Returns (begun, ended).
    """
    today = timezone.localdate()
    held = Leave.objects.select_for_update(of=("self",)).select_related("post__account", "stand_in")
    over = Q(until_on__lte=today) | Q(post__until_on__lte=today)
    ending = list(held.filter(over, state=State.RUNNING).order_by("pk"))
    for leave in ending:
        _end(acting, leave)
    # A leave of which beat saw no day at all is over without having begun.
    missed = list(held.filter(over, state=State.PLANNED).order_by("pk"))
    for leave in missed:
        _end(acting, leave)
    beginning = list(held.to_begin(today).order_by("pk"))
    for leave in beginning:
        _begin(acting, leave)
    return len(beginning), len(ending) + len(missed)


def _begin(acting: Any, leave: Leave) -> None:
    """All the holder's open visits of this post go over, each remembered for the way back."""
    post = leave.post
    items = _of_post(post).filter(assignee=post.account_id)
    keys = list(items.select_for_update().order_by("pk").values_list("pk", flat=True))
    WorkItem.objects.filter(pk__in=keys).update(
        assignee=leave.stand_in_id, version=F("version") + 1
    )
    LeaveItem.objects.bulk_create(LeaveItem(leave=leave, work_item_id=pk) for pk in keys)
    _tell(acting, keys, f"{post.account.name}请假，由{leave.stand_in.name}代班至{leave.until_on}")
    leave.state, leave.begun_at = State.RUNNING, timezone.now()
    leave.save(update_fields=["state", "begun_at"])
    forget_sight(leave.stand_in)
    record(acting=acting, verb="began_leave", subject=leave, detail={"items": keys})


def _end(acting: Any, leave: Leave) -> int:
    """What went over comes back, with what the stand-in got in the holder's place meanwhile."""
    post, today = leave.post, timezone.localdate()
    went = set(leave.items.values_list("work_item", flat=True))
    held = list(
        _of_post(post).filter(assignee=leave.stand_in_id).select_for_update().order_by("pk")
    )
    own = _own_places(leave.stand_in_id, post.role, today)
    back = [item for item in held if item.pk in went or not item.code.startswith(own)]
    serves = post.account.is_active and (post.until_on is None or post.until_on > today)
    if serves:
        WorkItem.objects.filter(pk__in=[item.pk for item in back]).update(
            assignee=post.account_id, version=F("version") + 1
        )
        words = f"{post.account.name}回岗，由{leave.stand_in.name}交回"
    else:
        send_down_the_chain(back, on=today)
        words = f"{leave.stand_in.name}代班结束，原任职人已离任，按网格员、屯、村逐级改派"
    keys = [item.pk for item in back]
    leave.items.filter(work_item__in=keys).update(came_back=True)
    _tell(acting, keys, words)
    leave.state, leave.ended_at = State.ENDED, timezone.now()
    leave.save(update_fields=["state", "ended_at", "until_on"])
    forget_sight(leave.stand_in)
    record(acting=acting, verb="ended_leave", subject=leave, detail={"items": keys})
    return len(keys)


def _of_post(post: Post) -> Any:
    places = (post.region_id or "-",)
    return WorkItem.objects.open().filter(in_subtrees("code", places), assigned_role=post.role)


def _own_places(account_id: int, role: str, on: date) -> tuple[str, ...]:
    """Where the stand-in holds the same role in their own name."""
    posts = Post.objects.filter(account=account_id, role=role, region__isnull=False).current(on)
    return tuple(code for code in posts.values_list("region", flat=True) if code)


def _tell(acting: Any, keys: Sequence[int], sentence: str) -> None:
    tell_of(acting, WorkItemEvent.Verb.HANDED_OVER, ((pk, sentence) for pk in keys))
