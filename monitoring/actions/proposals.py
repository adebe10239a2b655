"""What departments tell of the registry: matched, proposed, and confirmed by a person.

A feed never changes the registry on its own, except deaths of the one source the county has
marked as applying itself (SourceOfTruth.applies_itself).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from psycopg2 import sql

from grid.actions.households import record_death, remove_member
from grid.models import Membership, Person
from grid.roles import Act
from grid.scope import require
from monitoring.actions.matching import match_rows
from monitoring.actions.screenings import request_screening
from monitoring.feeds import FEEDS, Happening
from monitoring.models import RegistryProposal, ScreeningRun, SourceOfTruth
from monitoring.models.conflict import Fact
from yizhou import statements
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Denial, Overtaken, Refusal, reason_given

ONE_AT_A_TIME = 7_340_003  # advisory lock of proposing
MOST_AT_ONCE = 50
LEAVES = (Happening.DEATH, Happening.MOVE_OUT)  # of people the registry knows
State = RegistryProposal.State

FOLLOW = sql.SQL(
    "UPDATE monitoring_registryproposal q SET record = r.id, name = r.person_name FROM {table} r"
    " WHERE q.feed = {feed} AND q.happening = {happening} AND q.state = 'open'"
    " AND r.superseded_at IS NULL AND r.id_digest = q.id_digest AND r.{on} = q.happened_on"
    " AND ({when}) AND r.id <> q.record"
)
WITHDRAWN = sql.SQL(
    "UPDATE monitoring_registryproposal q SET state = 'gone', decided_at = %(at)s,"
    " reason = '来源已更正或撤回这一行' WHERE q.feed = {feed} AND q.happening = {happening}"
    " AND q.state = 'open' AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = q.record"
    " AND r.superseded_at IS NULL AND ({when}))"
)
PROPOSE = sql.SQL(
    "INSERT INTO monitoring_registryproposal AS q (happening, person_id, feed, record, id_digest,"
    " name, id_tail, happened_on, detail, code, found_at, state, reason)"
    " SELECT DISTINCT ON (r.id_digest, r.{on}) {happening}, {person}, {feed}, r.id, r.id_digest,"
    " r.person_name, r.id_tail, r.{on}, {detail}, {code}, %(at)s, 'open', ''"
    " FROM {table} r {known} WHERE r.superseded_at IS NULL AND r.{on} <= %(today)s AND ({when})"
    " ORDER BY r.id_digest, r.{on}, r.id DESC"
    " ON CONFLICT (feed, happening, id_digest, happened_on) DO UPDATE"
    " SET state = 'open', record = excluded.record, person_id = excluded.person_id,"
    " code = excluded.code, found_at = excluded.found_at, decided_at = NULL, reason = ''"
    " WHERE q.state = 'gone'"
)
# Who leaves lives in a household, and did not come into it after the day.
STILL_HERE = (
    "JOIN grid_person p ON p.id = r.person_id AND p.died_on IS NULL"
    " JOIN grid_membership m ON m.person_id = p.id AND m.left_on IS NULL AND m.joined_on <= r.{on}"
)
NOT_YET_HERE = (
    "JOIN (SELECT code FROM grid_region WHERE level = 'county' ORDER BY code LIMIT 1) county"
    " ON r.person_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM grid_person p WHERE p.id_digest = r.id_digest)"
)
TOWNSHIP_SAID = (
    "coalesce((SELECT t.code FROM grid_region t WHERE t.level = 'township'"
    " AND strpos(r.{place}, t.name) > 0 ORDER BY t.code LIMIT 1), county.code)"
)
# The registry agrees by now, or nobody of the household is left to change.
SETTLED = sql.SQL(
    "UPDATE monitoring_registryproposal q SET decided_at = %(at)s,"
    " state = CASE WHEN q.happening = 'death' AND p.died_on IS NULL THEN 'gone'"
    " ELSE 'confirmed' END,"
    " reason = CASE WHEN q.happening = 'death' AND p.died_on IS NULL THEN '此人已不在本辖区农户'"
    " ELSE '农户档案已登记' END FROM grid_person p WHERE q.state = 'open' AND ("
    " (q.happening IN ('death', 'move_out') AND p.id = q.person_id AND p.household_id IS NULL)"
    " OR (q.happening NOT IN ('death', 'move_out') AND p.id_digest = q.id_digest))"
)
MOVED_ON = sql.SQL(
    "UPDATE monitoring_registryproposal q SET code = p.code FROM grid_person p"
    " WHERE q.state = 'open' AND p.id = q.person_id AND p.code <> q.code"
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of confirming several: how many, and (name, sentence) of those that were not."""

    done: int
    refused: list[tuple[str, str]]


def _sources() -> Iterator[dict[str, sql.Composable]]:
    """The parts of SQL for every happening that a feed tells of."""
    for code, feed in FEEDS.items():
        names = {f.name for f in feed.model._meta.get_fields()}
        for told in feed.proposals:
            on = sql.Identifier(told.on)
            leaves = told.happening in LEAVES
            place = sql.SQL("county.code")
            if "to_place" in names:
                place = sql.SQL(TOWNSHIP_SAID).format(place=sql.Identifier("to_place"))
            yield {
                "table": sql.Identifier(feed.model._meta.db_table),
                "feed": sql.Literal(code),
                "happening": sql.Literal(told.happening.value),
                "when": sql.SQL(told.when),
                "on": on,
                "person": sql.SQL("p.id" if leaves else "NULL::bigint"),
                "code": sql.SQL("p.code") if leaves else place,
                "known": sql.SQL(STILL_HERE if leaves else NOT_YET_HERE).format(on=on),
                "detail": _detail(names),
            }


def _detail(names: set[str]) -> sql.Composable:
    """What the record says of where; empty for feeds without such columns."""
    said = [
        sql.SQL("nullif({0} || r.{1}, {0})").format(sql.Literal(word), sql.Identifier(name))
        for name, word in (("from_place", "迁出地："), ("to_place", "迁入地："))
        if name in names
    ]
    if not said:
        return sql.Literal("")
    return sql.SQL("left(concat_ws('；', {}), 200)").format(sql.SQL(", ").join(said))


@transaction.atomic
def match_records(*, acting: Any) -> int:
    """Rows whose person has appeared in the registry since; they are screened anew."""
    matched = match_rows(acting=acting)
    if matched:
        request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.UPLOAD)
    return matched


@transaction.atomic
def find_proposals(*, acting: Any) -> int:
    """Propose what current records tell of the registry; close what it has settled. Returns the
    number of new ones. A second call with the same data changes nothing.
    """
    values = {"at": timezone.now(), "today": timezone.localdate()}
    statements.run(sql.SQL("SELECT pg_advisory_xact_lock(%s)"), [ONE_AT_A_TIME])
    closed = opened = 0
    for parts in _sources():
        statements.run(FOLLOW.format(**parts), values)
        closed += statements.run(WITHDRAWN.format(**parts), values)
    closed += statements.run(SETTLED, values)
    statements.run(MOVED_ON, values)
    for parts in _sources():
        opened += statements.run(PROPOSE.format(**parts), values)
    if opened or closed:
        detail = {"opened": opened, "closed": closed}
        record(acting=acting, verb="found_proposals", subject=("proposals", ""), detail=detail)
    return opened


@transaction.atomic
def apply_authoritative(*, acting: Any) -> int:
    """Deaths of the source that applies itself enter the registry; returns how many.

    A head of others is left for a person: somebody has to name the successor.
    """
    truth = SourceOfTruth.objects.on(timezone.localdate()).get(Fact.DEATH)
    if truth is None or not truth.applies_itself:
        return 0
    due = RegistryProposal.objects.filter(
        state=State.OPEN, happening=Happening.DEATH, feed=truth.feed
    ).exclude(Q(person__household__head=F("person")) & Q(person__household__size__gt=1))
    return _confirm_each(acting, list(due.order_by("pk")[:200])).done


@transaction.atomic
def confirm_proposal(*, acting: Any, proposal: RegistryProposal) -> None:
    """Let the registry follow: the grid's own action does the change and says what is wrong.

    Raises NotAllowed, Refusal, Overtaken when somebody has decided.
    """
    require(acting, Act.EDIT_REGISTRY, code=proposal.code)
    if proposal.happening not in LEAVES:
        raise Refusal("新增人口和立户要在农户表单里登记；登记后这条建议会自动关闭。", code="form")
    _decide(acting, proposal, State.CONFIRMED, "")
    person = proposal.person and Person.objects.select_related("household").get(
        pk=proposal.person.pk
    )
    if person is None or person.household is None:
        raise Overtaken("这个人已不在农户里。请刷新页面，看清后再操作。")
    change: dict[str, Any] = {
        "acting": acting,
        "household": person.household,
        "version_seen": person.household.version,
        "person": person,
    }
    if proposal.happening == Happening.DEATH:
        record_death(**change, died_on=proposal.happened_on)
    else:
        reason = Membership.LeaveReason.MOVED
        remove_member(**change, on=proposal.happened_on, reason=reason)
    record(acting=acting, verb="confirmed_proposal", subject=proposal, detail=_told(proposal))


@transaction.atomic
def confirm_proposals(*, acting: Any, proposals: Sequence[RegistryProposal]) -> Confirmed:
    """Deaths of one source, at most 50; each stands or falls by itself. Raises Refusal."""
    if not proposals:
        raise Refusal("请先勾选要确认的死亡。", code="nothing")
    if len(proposals) > MOST_AT_ONCE:
        raise Refusal(f"一次最多确认 {MOST_AT_ONCE} 条。", code="too_many")
    if {p.happening for p in proposals} != {Happening.DEATH} or len(
        {p.feed for p in proposals}
    ) > 1:
        raise Refusal("批量确认只用于同一来源的死亡。其他变动请逐条办理。", code="mixed")
    return _confirm_each(acting, proposals)


def _confirm_each(acting: Any, proposals: Sequence[RegistryProposal]) -> Confirmed:
    done, refused = 0, []
    for proposal in proposals:
        try:
            confirm_proposal(acting=acting, proposal=proposal)
            done += 1
        except Denial as no:
            refused.append((proposal.name, no.sentence))
    return Confirmed(done, refused)


@transaction.atomic
def refuse_proposal(*, acting: Any, proposal: RegistryProposal, reason: str) -> None:
    """The registry stays as it is. Raises NotAllowed, Refusal without a reason, Overtaken."""
    require(acting, Act.EDIT_REGISTRY, code=proposal.code)
    reason = reason_given(
        reason, ask="请写明为什么不登记，2 到 200 个字，例如“已入户核实，本人健在”。"
    )
    _decide(acting, proposal, State.REFUSED, reason)
    record(
        acting=acting,
        verb="refused_proposal",
        subject=proposal,
        reason=reason,
        detail=_told(proposal),
    )


def _decide(acting: Any, proposal: RegistryProposal, state: str, reason: str) -> None:
    moved = RegistryProposal.objects.filter(pk=proposal.pk, state=State.OPEN).update(
        state=state, decided_by_id=acting.pk, decided_at=timezone.now(), reason=reason
    )
    if not moved:
        raise Overtaken("这条建议已经办理过。请刷新页面，看清后再操作。")


def _told(proposal: RegistryProposal) -> dict[str, Any]:
    return {"happening": proposal.happening, "feed": proposal.feed, "person": proposal.person_id}
