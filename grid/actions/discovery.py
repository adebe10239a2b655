"""Household reports: received once by the id made where they were written, read, decided, told."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from grid.actions.people import read_phone
from grid.actions.visits import Incomplete
from grid.actions.work_items import VisitRequest, open_work_items
from grid.discovery import due_day, reportable_place
from grid.models import Account, Household, HouseholdReport, Outcome, ReportLimit, Severity
from grid.models.discovery import Difficulty
from grid.roles import Act
from grid.scope import require, sight_of
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal, reason_given
from yizhou.sealed import digest, seal

PURPOSE = "discovery"
OLDEST = timedelta(days=31)  # a report kept on a phone without signal may arrive late
CLOCK_SLACK = timedelta(minutes=10)
MOST_PEOPLE = 30
TABLE = "grid_householdreport"
# Proposed, to be confirmed by the county: what cannot wait comes before the rest.
GRAVE = frozenset({Difficulty.ACCIDENT, Difficulty.DISASTER})
State = HouseholdReport.State
Said = dict[str, Any]


@transaction.atomic
def report_household(
    *,
    acting: Account,
    report_id: uuid.UUID,
    found_at: datetime | None,
    name: str,
    phone: str,
    place: str,
    address: str,
    people: int | None,
    difficulty: str,
    sentence: str,
    household_id: int | None = None,
    position: Mapping[str, Any] | None = None,
) -> HouseholdReport:
    """A household in difficulty, told once: the same id and content again gives the first answer.

    `place` is a code of a tun, grid or village. Raises NotAllowed, Incomplete (errors by field),
    Refusal when the id stands for something else.
    """
    require(acting, Act.REPORT_HOUSEHOLD)
    said = _read(acting, found_at, name, phone, place, address, people, difficulty, sentence)
    said |= {"household_id": household_id, "position": _point(position)}
    said_digest = digest(json.dumps(said, sort_keys=True, default=str), kind="report")
    if kept := _kept(acting, report_id, said_digest):
        return kept
    if not acting.sees(Household).living().filter(pk=household_id).exists():
        said["household_id"] = None  # moved or gone meanwhile: the township matches by name
    report = _row(acting, report_id, said, said_digest)
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:  # the same report arrives twice at once, or an id out of sight
        if kept := _kept(acting, report_id, said_digest):
            return kept
        raise Refusal("这个上报编号已被别的记录使用，请重新填写。", code="id_used") from None
    record(acting=acting, verb="reported_household", subject=report)
    return report


def _kept(acting: Account, report_id: uuid.UUID, said_digest: bytes) -> HouseholdReport | None:
    kept = HouseholdReport.objects.filter(pk=report_id).first()
    if kept is not None and (kept.by_id != acting.pk or bytes(kept.said_digest) != said_digest):
        raise Refusal("这个上报编号已用于另一份内容。请重新打开表单再填。", code="id_used")
    return kept


def _row(acting: Account, report_id: uuid.UUID, said: Said, said_digest: bytes) -> HouseholdReport:
    report = HouseholdReport(
        pk=report_id,
        by=acting,
        said_digest=said_digest,
        due_on=due_day(ReportLimit.Step.DECIDE, timezone.localdate()),
        **{k: v for k, v in said.items() if k not in ("phone", "position", "place")},
        place_id=said["place"],
    )
    if said["phone"]:
        report.phone_sealed = seal(said["phone"], column=f"{TABLE}.phone_sealed", row=report_id)
        report.phone_tail = said["phone"][-4:]
    if said["position"]:
        text = json.dumps(said["position"])
        report.position_sealed = seal(text, column=f"{TABLE}.position_sealed", row=report_id)
    return report


def _read(
    acting: Account,
    found_at: datetime | None,
    name: str,
    phone: str,
    place: str,
    address: str,
    people: int | None,
    difficulty: str,
    sentence: str,
) -> Said:
    """The report as it will be kept. Raises Incomplete with one sentence a field."""
    said: Said = {
        "found_at": found_at,
        "name": " ".join(name.split()),
        "phone": "",
        "place": place,
        "address": " ".join(address.split()),
        "people": people or None,  # phones send 0 for a number nobody gave
        "difficulty": difficulty,
        "sentence": " ".join(sentence.split()),
    }
    errors = {field: words for field, is_wrong, words in _checks(said) if is_wrong}
    if phone.strip():
        try:
            said["phone"] = read_phone(phone)
        except Refusal as no:
            errors["phone"] = no.sentence
    if reportable_place(acting, place) is None:
        errors["place"] = "请选择在哪个村屯，只能上报本乡镇的农户。"
    if errors:
        raise Incomplete(errors)
    return said


def _checks(said: Said) -> list[tuple[str, bool, str]]:
    """Field, whether it is wrong, and the sentence for it."""
    now, found_at, people = timezone.now(), said["found_at"], said["people"]
    in_time = found_at is not None and now - OLDEST <= found_at <= now + CLOCK_SLACK
    when = "发现时间应在最近 31 天内，不能晚于现在。请重新打开表单。"
    crowd = people is None or 1 <= people <= MOST_PEOPLE
    return [
        ("found_at", not in_time, when),
        (
            "name",
            not 1 <= len(said["name"]) <= 40,
            "请填写姓名，不超过 40 个字。",
        ),
        ("address", len(said["address"]) > 120, "住址不超过 120 个字。"),
        ("people", not crowd, f"人口填 1 到 {MOST_PEOPLE}，不清楚可不填。"),
        ("difficulty", said["difficulty"] not in Difficulty.values, "请选择主要的难处。"),
        (
            "sentence",
            not 4 <= len(said["sentence"]) <= 300,
            "请用一句话写明情况，4 到 300 个字。",
        ),
    ]


def _point(position: Mapping[str, Any] | None) -> dict[str, float] | None:
    """Latitude, longitude and accuracy; a position that is none is left out, not refused."""
    try:
        lat, lon, off = (float((position or {})[k]) for k in ("lat", "lon", "accuracy_m"))
    except (KeyError, TypeError, ValueError):
        return None
    whole = -90 <= lat <= 90 and -180 <= lon <= 180 and 0 <= off < 100_000
    return {"lat": round(lat, 6), "lon": round(lon, 6), "accuracy_m": round(off)} if whole else None


@transaction.atomic
def open_report(*, acting: Account, report: HouseholdReport) -> bool:
    """The township has begun to read; the reporter sees it. False when somebody had before."""
    require(acting, Act.SETTLE_ALERT, code=report.place_id)
    opened = HouseholdReport.objects.filter(pk=report.pk, state=State.RECEIVED).update(
        state=State.WITH_TOWNSHIP,
        opened_by=acting,
        opened_at=timezone.now(),
        version=F("version") + 1,
    )
    if opened:
        report.refresh_from_db()
        record(acting=acting, verb="opened_report", subject=report)
    return bool(opened)


@transaction.atomic
def take_up_report(
    *, acting: Account, report: HouseholdReport, version_seen: int, household: Household
) -> None:
    """Somebody visits the household: a purpose on its open item, or a new item for its worker.

    Raises NotAllowed, Refusal for a household dissolved, Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=report.place_id)
    require(acting, Act.SETTLE_ALERT, code=household.cell_id)
    if household.dissolved_on is not None:
        raise Refusal("这一户已经销户。请选别的农户，或先登记新农户。", code="household")
    _decide(acting, report, version_seen, state=State.TAKEN_UP, household=household)
    label = Difficulty(report.difficulty).label
    open_work_items(
        acting=acting,
        requests=[
            VisitRequest(
                household_id=household.pk,
                code=household.cell_id,
                kind=PURPOSE,
                subject=report.number,
                title=f"新发现困难：{label}",
                sentence=f"{_who(report)}上报：{report.sentence}"[:300],
                severity=Severity.ORANGE if report.difficulty in GRAVE else Severity.YELLOW,
                due_on=due_day(ReportLimit.Step.VISIT, timezone.localdate()),
            )
        ],
    )
    detail = {"household": household.pk}
    record(acting=acting, verb="took_up_report", subject=report, detail=detail)


def _who(report: HouseholdReport) -> str:
    """The post, not the name: who told on a neighbour is nobody's business at the door."""
    holdings = sight_of(report.by).holdings
    return holdings[0].role.label if holdings else "群众"


@transaction.atomic
def set_aside_report(
    *, acting: Account, report: HouseholdReport, version_seen: int, reason: str
) -> None:
    """Nothing is to be done; the reason goes back to the reporter, and to those who said the same.

    Raises NotAllowed, Refusal without a reason, Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=report.place_id)
    reason = reason_given(reason, ask="请写明不予采纳的原因，上报人会看到。", most=300)
    _decide(acting, report, version_seen, state=State.SET_ASIDE, reason=reason)
    HouseholdReport.objects.filter(same_as=report).update(
        state=State.SET_ASIDE, reason=reason, told_at=None, version=F("version") + 1
    )
    record(acting=acting, verb="set_aside_report", subject=report, reason=reason)


@transaction.atomic
def join_report(
    *, acting: Account, report: HouseholdReport, version_seen: int, other: HouseholdReport
) -> None:
    """Two people told of the same household: this one follows the other. Raises Refusal."""
    require(acting, Act.SETTLE_ALERT, code=report.place_id)
    require(acting, Act.SETTLE_ALERT, code=other.place_id)
    other = HouseholdReport.objects.select_for_update().get(pk=other.pk)
    if other.pk == report.pk or other.same_as_id or other.state == State.SET_ASIDE:
        raise Refusal("那一份上报已经并入别处或不予采纳，不能并入。请刷新再选。", code="other")
    if HouseholdReport.objects.filter(same_as=report).exists():
        raise Refusal("已有别的上报并入这一份。请直接处理这一份。", code="other")
    _decide(
        acting,
        report,
        version_seen,
        state=State.TAKEN_UP,
        same_as=other,
        household=other.household,
        outcome=other.outcome,
        outcome_at=other.outcome_at,
    )
    detail = {"other": str(other.pk)}
    record(acting=acting, verb="joined_report", subject=report, detail=detail)


@transaction.atomic
def name_reported_household(
    *, acting: Account, report: HouseholdReport, household: Household
) -> None:
    """The household was registered from the report: it is the one meant. Raises Overtaken."""
    require(acting, Act.EDIT_REGISTRY, code=household.cell_id)
    named = HouseholdReport.objects.filter(
        pk=report.pk, household=None, state__in=HouseholdReport.WAITING
    ).update(household=household, version=F("version") + 1)
    if not named:
        raise Overtaken("这份上报已经处理过。农户已登记，不用再办。")
    detail = {"household": household.pk}
    record(acting=acting, verb="named_reported_household", subject=report, detail=detail)


@transaction.atomic
def end_report(*, acting: Any, report: HouseholdReport, outcome: str) -> None:
    """The visit has said what it found. Nobody met: the township decides anew."""
    now = timezone.now()
    changes: dict[str, Any] = {"outcome": outcome, "outcome_at": now, "told_at": None}
    if outcome == Outcome.NOT_CONTACTABLE:
        changes |= {
            "state": State.WITH_TOWNSHIP,
            "decided_at": None,
            "decided_by": None,
            "due_on": due_day(ReportLimit.Step.DECIDE, timezone.localdate()),
        }
    HouseholdReport.objects.filter(pk=report.pk, state=State.TAKEN_UP).update(
        **changes, version=F("version") + 1
    )
    HouseholdReport.objects.filter(same_as=report, state=State.TAKEN_UP).update(
        outcome=outcome, outcome_at=now, told_at=None, version=F("version") + 1
    )
    record(acting=acting, verb="ended_report", subject=report, detail={"outcome": outcome})


@transaction.atomic
def see_decisions(*, acting: Account) -> int:
    """The reporter has looked at what became of the own reports; returns how many were new."""
    new = (Q(decided_at__isnull=False) | Q(outcome_at__isnull=False)) & Q(told_at=None)
    seen = HouseholdReport.objects.filter(new, by=acting).update(told_at=timezone.now())
    if seen:
        record(
            acting=acting,
            verb="saw_decisions",
            subject=("grid.householdreport", ""),
            detail={"count": seen},
        )
    return seen


def _decide(acting: Account, report: HouseholdReport, version_seen: int, **changes: Any) -> None:
    decided = HouseholdReport.objects.filter(
        pk=report.pk, version=version_seen, state__in=HouseholdReport.WAITING
    ).update(
        decided_by=acting,
        decided_at=timezone.now(),
        told_at=None,
        version=F("version") + 1,
        **({"outcome": "", "outcome_at": None} | changes),
    )
    if not decided:
        raise Overtaken("这份上报已经有人处理。请刷新页面，看清结果。")
