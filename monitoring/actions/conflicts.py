"""Contradictions between departments: found by SQL, answered by people, decided by the county."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from psycopg2 import sql

from grid.models import Account
from grid.roles import Act, Level
from grid.scope import may, require, sight_of, works_at
from monitoring.conflicts import (
    ANSWER_WORKDAYS,
    DEFAULT_TRUTH,
    DOCUMENT,
    KINDS,
    departments_of_feeds,
    source_name,
)
from monitoring.feeds import FEEDS
from monitoring.models import DataConflict, DataConflictEvent, SourceOfTruth
from monitoring.models.conflict import REGISTRY, Fact
from yizhou import statements
from yizhou.audit import SYSTEM, record
from yizhou.refusals import NotAllowed, Overtaken, Refusal, reason_given
from yizhou.workdays import add_workdays

ONE_AT_A_TIME = 7_340_002  # advisory lock of the detection

FOUND = sql.SQL(
    "CREATE TEMP TABLE found_conflicts (kind text, person_id bigint, left_feed text,"
    " left_record bigint, left_value text, right_feed text, right_record bigint,"
    " right_value text, fingerprint bytea) ON COMMIT DROP"
)
COLLECT = sql.SQL(
    "INSERT INTO found_conflicts SELECT {kind}, person_id, left_feed, left_record,"
    " left(left_value, 200), right_feed, right_record, left(right_value, 200),"
    " decode(md5(left_value || chr(31) || right_value), 'hex') FROM ({query}) found"
)
INDEXED = sql.SQL("CREATE INDEX ON found_conflicts (person_id); ANALYZE found_conflicts")
OPENED = sql.SQL(
    "WITH department (feed, code) AS (SELECT d.feed, g.code FROM"
    " unnest(%(feeds)s::text[], %(departments)s::text[]) d (feed, code)"
    " JOIN grid_department g ON g.code = d.code),"
    " truth (kind, feed) AS (SELECT * FROM unnest(%(kinds)s::text[], %(truths)s::text[])),"
    " opened AS (INSERT INTO monitoring_dataconflict (kind, person_id, person_name, id_tail, code,"
    " left_feed, left_record, left_value, left_department_id, right_feed, right_record,"
    " right_value, right_department_id, fingerprint, owner_id, found_at, due_on, state, answer,"
    " reason) SELECT f.kind, f.person_id, p.name, p.id_tail, p.code, f.left_feed, f.left_record,"
    " f.left_value, l.code, f.right_feed, f.right_record, f.right_value, r.code, f.fingerprint,"
    # The department whose side is not the right one by default has to answer.
    " CASE WHEN t.feed = f.right_feed THEN l.code ELSE r.code END,"
    " %(at)s, %(due)s, 'open', '', '' FROM found_conflicts f"
    " JOIN grid_person p ON p.id = f.person_id JOIN truth t ON t.kind = f.kind"
    " LEFT JOIN department l ON l.feed = f.left_feed"
    " LEFT JOIN department r ON r.feed = f.right_feed"
    " ON CONFLICT (kind, person_id, fingerprint) DO NOTHING RETURNING id)"
    " INSERT INTO monitoring_dataconflictevent (conflict_id, verb, at, by_name, sentence)"
    " SELECT id, 'found', %(at)s, %(system)s, '' FROM opened"
)
GONE = sql.SQL(
    "WITH gone AS (UPDATE monitoring_dataconflict c SET state = 'gone' WHERE c.state = 'open'"
    " AND NOT EXISTS (SELECT 1 FROM found_conflicts f WHERE f.kind = c.kind"
    " AND f.person_id = c.person_id AND f.fingerprint = c.fingerprint) RETURNING id)"
    " INSERT INTO monitoring_dataconflictevent (conflict_id, verb, at, by_name, sentence)"
    " SELECT id, 'gone', %(at)s, %(system)s, '数据更新后不再矛盾' FROM gone"
)
BACK = sql.SQL(
    "WITH back AS (UPDATE monitoring_dataconflict c SET state = 'open', due_on = %(due)s"
    " FROM found_conflicts f WHERE c.state = 'gone' AND f.kind = c.kind"
    " AND f.person_id = c.person_id AND f.fingerprint = c.fingerprint RETURNING c.id)"
    " INSERT INTO monitoring_dataconflictevent (conflict_id, verb, at, by_name, sentence)"
    " SELECT id, 'back', %(at)s, %(system)s, '同样的矛盾再次出现' FROM back"
)
# An open one follows its records and its person's place; an answered one stays as it was answered.
FOLLOW = sql.SQL(
    "UPDATE monitoring_dataconflict c SET left_feed = f.left_feed, left_record = f.left_record,"
    " right_feed = f.right_feed, right_record = f.right_record, code = p.code, person_name = p.name"
    " FROM found_conflicts f JOIN grid_person p ON p.id = f.person_id"
    " WHERE c.state = 'open' AND f.kind = c.kind AND f.person_id = c.person_id"
    " AND f.fingerprint = c.fingerprint AND (c.left_feed, c.left_record, c.right_feed,"
    " c.right_record, c.code, c.person_name) IS DISTINCT FROM (f.left_feed, f.left_record,"
    " f.right_feed, f.right_record, p.code, p.name)"
)


@transaction.atomic
def find_conflicts(*, acting: Any) -> dict[str, int]:
    """Compare all departments' current records; opens, closes and brings back contradictions.

    Returns counts opened, gone, back. A second call with the same data changes nothing.
    """
    today, at = timezone.localdate(), timezone.now()
    statements.run(sql.SQL("SELECT pg_advisory_xact_lock(%s)"), [ONE_AT_A_TIME])
    statements.run(FOUND)
    for kind in KINDS.values():
        statements.run(COLLECT.format(kind=sql.Literal(kind.code), query=kind.query()))
    statements.run(INDEXED)
    values = _values(today, at)
    steps = (("gone", GONE), ("back", BACK), ("opened", OPENED))
    counts = {word: statements.run(step, values) for word, step in steps}
    statements.run(FOLLOW)
    statements.run(sql.SQL("DROP TABLE found_conflicts"))
    if any(counts.values()):
        record(acting=acting, verb="found_conflicts", subject=("conflicts", today), detail=counts)
    return counts


def _values(today: date, at: datetime) -> dict[str, Any]:
    truth = sources_of_truth(today)
    owners = departments_of_feeds()
    return {
        "at": at,
        "due": add_workdays(today, ANSWER_WORKDAYS),
        "system": SYSTEM.display_name,
        "feeds": [feed for feed, _ in owners],
        "departments": [department for _, department in owners],
        "kinds": list(KINDS),
        "truths": [truth[kind.fact] for kind in KINDS.values()],
    }


def sources_of_truth(day: date) -> dict[str, str]:
    """Fact -> the source that is right for it on the day; the default where none is entered."""
    entered = SourceOfTruth.objects.on(day)
    return {
        fact: entered[fact].feed if fact in entered else default
        for fact, default in DEFAULT_TRUTH.items()
    }


def truths_in_force(day: date) -> dict[str, SourceOfTruth]:
    """Fact -> the row that was entered last and has begun."""
    return SourceOfTruth.objects.on(day)


def may_answer(account: Any, conflict: DataConflict) -> bool:
    """The owning department's clerk, and the township's and county's officers of the place."""
    if conflict.owner_id is not None and conflict.owner_id in sight_of(account).departments:
        return True
    return may(account, Act.SETTLE_ALERT, code=conflict.code)


@transaction.atomic
def answer_conflict(*, acting: Account, conflict: DataConflict, answer: str, reason: str) -> None:
    """Say which side is right. Raises NotAllowed, Refusal without a reason, Overtaken when it is
    no longer open.
    """
    if not may_answer(acting, conflict):
        raise NotAllowed("这一条由承办部门或当地乡镇答复，您现在的职务不能答复。")
    if answer not in DataConflict.Answer.values:
        raise Refusal("请选择哪一边是对的。", code="answer")
    reason = reason_given(
        reason, ask="请写明依据，2 到 300 个字，例如“已核对户口注销证明”。", most=300
    )
    now = timezone.now()
    answered = DataConflict.objects.filter(pk=conflict.pk, state=DataConflict.State.OPEN).update(
        state=DataConflict.State.ANSWERED,
        answer=answer,
        reason=reason,
        answered_by=acting,
        answered_at=now,
    )
    if not answered:
        raise Overtaken("这一条已不在“待答复”。请刷新页面，看清后再操作。")
    DataConflictEvent.objects.create(
        conflict_id=conflict.pk,
        verb=DataConflictEvent.Verb.ANSWERED,
        at=now,
        by_name=acting.display_name,
        sentence=f"{DataConflict.Answer(answer).label}：{reason}",
    )
    record(
        acting=acting,
        verb="answered_conflict",
        subject=conflict,
        reason=reason,
        detail={"kind": conflict.kind, "answer": answer},
    )


def may_decide_truth(account: Any) -> bool:
    """The county's monitoring officer."""
    return works_at(account, Level.COUNTY) and may(account, Act.RUN_SCREENING)


@transaction.atomic
def decide_source_of_truth(
    *, acting: Account, fact: str, feed: str, applies_itself: bool, document: str, reason: str
) -> SourceOfTruth:
    """From today on the feed is right for the fact. Raises NotAllowed, Refusal."""
    require(acting, Act.RUN_SCREENING)
    if not may_decide_truth(acting):
        raise NotAllowed("以谁为准由县级监测专员决定。")
    if fact not in Fact.values:
        raise Refusal("请选择哪一项事实。", code="fact")
    if feed != REGISTRY and feed not in FEEDS:
        raise Refusal("请选择一个来源。", code="feed")
    if applies_itself and not _may_apply(fact, feed):
        raise Refusal("只有报送死亡的来源，才能设为直接更新户籍信息。", code="applies_itself")
    reason = reason_given(reason, ask="请写明理由，2 到 200 个字。")
    row = SourceOfTruth.objects.create(
        fact=fact,
        feed=feed,
        since=timezone.localdate(),
        document=document.strip()[:200] or DOCUMENT,
        applies_itself=applies_itself,
        decided_by=acting,
        reason=reason,
    )
    record(
        acting=acting,
        verb="decided_source_of_truth",
        subject=row,
        reason=reason,
        detail={"fact": fact, "feed": feed, "applies_itself": applies_itself},
    )
    return row


def _may_apply(fact: str, feed: str) -> bool:
    return (
        fact == Fact.DEATH
        and feed in FEEDS
        and any(p.happening == "death" for p in FEEDS[feed].proposals)
    )


@transaction.atomic
def enter_sources_of_truth(*, acting: Any) -> int:
    """The shipped list, for facts that have no row yet. Returns rows added."""
    known = set(SourceOfTruth.objects.values_list("fact", flat=True))
    rows = [
        SourceOfTruth(
            fact=fact, feed=feed, since=date(2020, 1, 1), document=DOCUMENT, reason="出厂设置"
        )
        for fact, feed in DEFAULT_TRUTH.items()
        if fact not in known
    ]
    SourceOfTruth.objects.bulk_create(rows)
    if rows:
        record(
            acting=acting,
            verb="decided_source_of_truth",
            subject=("monitoring.sourceoftruth", "shipped"),
            detail={row.fact: row.feed for row in rows},
        )
    return len(rows)


def said_in_words(conflict: DataConflict) -> str:
    """Both sides in one line, for lists and messages."""
    left = f"{source_name(conflict.left_feed)}：{conflict.left_value}"
    return f"{left}；{source_name(conflict.right_feed)}：{conflict.right_value}"
