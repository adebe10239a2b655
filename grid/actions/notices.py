"""Telling people of visits whose time runs out: up the chain by the day, each notice a row.

Set-based: one statement ends what is past, one tells what has come. Doing it twice changes
nothing. What goes out of the program (SMS, WeCom) waits as rows and carries a number and a link.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min
from django.db.models.functions import TruncDate
from django.utils import timezone

from grid.messages_out import channel, text_of
from grid.models import Account, Notice, NoticeStep, OutgoingMessage, Stage, WorkItem
from grid.roles import CODE_LENGTH, ROLES, Role
from yizhou.audit import record
from yizhou.refusals import NotAllowed
from yizhou.workdays import workday_numbers

# Who answers when a seat is vacant: the next level up. Heads stand beside their office.
CHAIN: tuple[tuple[Role, int], ...] = (
    (Role.TUN_HEAD, 1),
    (Role.INFO_OFFICER, 2),
    (Role.VILLAGE_HEAD, 2),
    (Role.TOWNSHIP_OFFICER, 3),
    (Role.TOWNSHIP_HEAD, 3),
    (Role.COUNTY_OFFICER, 4),
    (Role.COUNTY_HEAD, 4),
)
NOBODY_ASSIGNED = Role.TOWNSHIP_OFFICER  # a visit without a visitor is the township's to give
MOST_MESSAGES = 500  # of one beat
MESSAGE_OLD = timedelta(days=1)  # a count of the day before yesterday helps nobody
INTERRUPTED = "发送中断，稍后自动重试。"

# A pause stands until its day, unless something came since that must be seen sooner: a grave
# alert is not put off with the rest.
PAUSED = """
EXISTS (SELECT 1 FROM grid_clockpause p
        WHERE p.work_item_id = i.id AND p.ended_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM grid_workitempurpose q
                          WHERE q.work_item_id = i.id AND q.state = 'wanted'
                            AND q.added_at > p.paused_at AND q.due_on < p.until_on))
"""
# `used`, `total`, `left`: working days; days before the first known one cannot occur.
CLOCK = f"""
day AS (SELECT * FROM unnest(%(days)s::date[], %(numbers)s::integer[]) AS d(day, n)),
clock AS (
    SELECT i.id, i.household_id, i.code, i.due_on, i.assignee_id,
           coalesce(a.is_active, false) AS has_visitor,
           due.n - started.n - stood.days AS total, now.n - started.n - stood.days AS used,
           due.n - now.n AS left_over
    FROM grid_workitem i
    JOIN day started
      ON started.day = (i.opened_at AT TIME ZONE 'Asia/Shanghai')::date
    JOIN day due ON due.day = i.due_on
    JOIN day now ON now.day = %(today)s
    LEFT JOIN grid_account a ON a.id = i.assignee_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(over.n - began.n), 0) AS days
        FROM grid_clockpause p
        JOIN day began ON began.day = p.from_on
        JOIN day over ON over.day =
            least(p.until_on, (p.ended_at AT TIME ZONE 'Asia/Shanghai')::date)
        WHERE p.work_item_id = i.id AND p.ended_at IS NOT NULL) stood
    WHERE i.state = 'to_visit' AND NOT {PAUSED}
)
"""  # noqa: S608 - no value in it
# The highest rung alone is told: a worker who hears "overdue" need not hear "soon" as well.
TELL = f"""
WITH {CLOCK},
step AS (SELECT * FROM unnest(%(stages)s::integer[], %(told)s::text[], %(at)s::integer[])
         AS s(stage, told, at)),
reached AS (
    SELECT c.*, s.stage,
           CASE WHEN s.told = 'assignee' AND NOT c.has_visitor THEN %(unassigned)s
                ELSE s.told END AS told
    FROM clock c JOIN step s ON CASE s.stage
        WHEN 1 THEN c.due_on >= %(today)s AND c.left_over <= s.at AND c.used >= 1
                    AND c.used * 100 < c.total * %(orange)s
        WHEN 2 THEN c.due_on >= %(today)s AND c.used * 100 >= c.total * s.at
        ELSE c.due_on < %(today)s AND -c.left_over >= s.at END
),
chain AS (SELECT * FROM unnest(%(roles)s::text[], %(lengths)s::integer[], %(ranks)s::integer[])
          AS c(role, length, rank)),
holder AS (
    SELECT code, told, account_id FROM (
        SELECT p.code, p.told, a.id AS account_id,
               rank() OVER (PARTITION BY p.code, p.told
                            ORDER BY CASE WHEN up.role = own.role THEN 0 ELSE up.rank END) AS place
        FROM (SELECT DISTINCT code, told FROM reached WHERE told <> 'assignee') p
        JOIN chain own ON own.role = p.told
        JOIN chain up ON up.role = own.role OR up.rank > own.rank
        JOIN grid_post post ON post.region_id = left(p.code, up.length) AND post.role = up.role
         AND post.from_on <= %(today)s
         AND (post.until_on IS NULL OR post.until_on > %(today)s)
        LEFT JOIN grid_leave l ON l.post_id = post.id AND l.state <> 'cancelled'
         AND l.from_on <= %(today)s AND l.until_on > %(today)s
        JOIN grid_account a
          ON a.id = coalesce(l.stand_in_id, post.account_id) AND a.is_active
    ) h WHERE place = 1
),
wanted AS (
    SELECT DISTINCT ON (id, account_id) * FROM (
        SELECT r.id, r.household_id, r.code, r.due_on, r.left_over, r.stage, r.told,
               r.assignee_id AS account_id
        FROM reached r WHERE r.told = 'assignee'
        UNION ALL
        SELECT r.id, r.household_id, r.code, r.due_on, r.left_over, r.stage, r.told, h.account_id
        FROM reached r JOIN holder h ON h.code = r.code AND h.told = r.told
    ) w ORDER BY id, account_id, stage DESC, told = 'assignee' DESC, told
)
INSERT INTO grid_notice (work_item_id, household_id, code, account_id, stage, told_as, workdays,
    due_on, told_at)
SELECT w.id, w.household_id, w.code, w.account_id, w.stage, w.told, w.left_over, w.due_on, %(now)s
FROM wanted w
WHERE NOT EXISTS (
    SELECT 1 FROM grid_notice n
    WHERE n.work_item_id = w.id AND n.account_id = w.account_id AND n.ended_at IS NULL
      AND n.stage >= w.stage)
ORDER BY w.code, w.id, w.account_id
ON CONFLICT DO NOTHING
RETURNING id
"""  # noqa: S608 - the pieces are constants of this module

# Past: the visit is made, put off, paused or somebody else's, or its person was told worse.
END = f"""
UPDATE grid_notice n SET ended_at = %(now)s
FROM grid_workitem i
WHERE i.id = n.work_item_id AND n.ended_at IS NULL AND (
    i.state <> 'to_visit' OR i.due_on <> n.due_on
    OR (n.told_as = 'assignee' AND i.assignee_id IS DISTINCT FROM n.account_id)
    OR {PAUSED}
    OR EXISTS (SELECT 1 FROM grid_notice worse
               WHERE worse.work_item_id = n.work_item_id AND worse.account_id = n.account_id
                 AND worse.ended_at IS NULL AND worse.stage > n.stage))
"""  # noqa: S608 - no value in it
FOLLOW = """
UPDATE {table} n SET code = i.code FROM grid_workitem i
WHERE i.id = n.work_item_id AND n.ended_at IS NULL AND n.code <> i.code
"""
DRAW_UP = """
INSERT INTO grid_outgoingmessage (account_id, day, notices, made_at, channel, job_state, attempt,
    progress, job_error)
SELECT n.account_id, %(today)s, count(*), %(now)s, '', 'waiting', 0, 0, ''
FROM grid_notice n
WHERE n.ended_at IS NULL AND n.seen_at IS NULL
GROUP BY n.account_id HAVING max(n.told_at) = %(now)s ORDER BY n.account_id
ON CONFLICT (account_id, day) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Told:
    """How many notices were written, how many came to an end, how many messages wait to go out."""

    told: int
    ended: int
    messages: int


@transaction.atomic
def tell_of_deadlines(*, acting: Any, today: date | None = None) -> Told:
    """Everybody whose turn it is hears of visits that run late. Doing it twice changes nothing."""
    today = today or timezone.localdate()
    now = timezone.now()
    ended = _execute(END, {"now": now})
    for table in ("grid_notice", "grid_clockpause"):
        _execute(FOLLOW.format(table=table), {})
    told = messages = 0
    if values := _values(today):
        told = _execute(TELL, values | {"now": now})
    if told:
        ended += _execute(END, {"now": now})  # what the new ones are worse than
        messages = _execute(DRAW_UP, {"today": today, "now": now})
    if told or ended:
        record(
            acting=acting,
            verb="told_of_deadlines",
            subject=("grid.notice", f"{today}"),
            detail={"told": told, "ended": ended, "messages": messages},
        )
    return Told(told, ended, messages)


def _execute(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _values(today: date) -> dict[str, Any]:
    """What the statement asks for; nothing when no visit is open or no step in force."""
    steps = list(NoticeStep.objects.on(today))
    span = WorkItem.objects.to_visit().aggregate(
        first=Min(TruncDate("opened_at")), last=Max("due_on")
    )
    if not steps or span["first"] is None:
        return {}
    days = workday_numbers(min(span["first"], today), max(span["last"], today))
    orange = [step.at for step in steps if step.stage == Stage.ORANGE]
    return {
        "days": list(days),
        "numbers": list(days.values()),
        "today": today,
        "stages": [step.stage for step in steps],
        "told": [step.told for step in steps],
        "at": [step.at for step in steps],
        "orange": min(orange, default=1_000_000),
        "unassigned": NOBODY_ASSIGNED.value,
        "roles": [role.value for role, _ in CHAIN],
        "lengths": [_code_length(role) for role, _ in CHAIN],
        "ranks": [rank for _, rank in CHAIN],
    }


def _code_length(role: Role) -> int:
    level = ROLES[role].level
    assert level is not None  # everybody in the chain works in a place
    return CODE_LENGTH[level]


@transaction.atomic
def see_notices(*, acting: Account, notices: Sequence[Notice]) -> int:
    """The person has read these notices. Returns how many were new. Raises NotAllowed."""
    if any(notice.account_id != acting.pk for notice in notices):
        raise NotAllowed("提醒由收到它的人自己标为已阅。")
    keys = [notice.pk for notice in notices]
    seen = Notice.objects.filter(pk__in=keys, seen_at=None).update(seen_at=timezone.now())
    if seen:
        record(
            acting=acting,
            verb="saw_notices",
            subject=("grid.notice", keys[0]),
            detail={"count": seen},
        )
    return seen


def send_messages() -> int:
    """Send what waits, one transaction a message and none around the sending. How many went."""
    now = timezone.now()
    OutgoingMessage.objects.claimable().filter(made_at__lt=now - MESSAGE_OLD).update(
        job_state="stopped"
    )
    waiting = OutgoingMessage.objects.claimable().order_by("pk")[:MOST_MESSAGES]
    sent = 0
    for key in list(waiting.values_list("pk", flat=True)):
        sent += OutgoingMessage.carry_out(key, _send, interrupted=INTERRUPTED)
    return sent


def _send(message: OutgoingMessage, token: uuid.UUID) -> None:
    way = channel()
    way.send(to=message.account, text=text_of(message.notices))
    OutgoingMessage.objects.filter(pk=message.pk, lease_token=token).update(
        sent_at=timezone.now(), channel=way.name
    )
    OutgoingMessage.finish(message.pk, token)
