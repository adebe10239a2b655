"""People enter the registry: read from a form, sealed, and never registered twice."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from django.utils import timezone

from grid.models import Person, Relation
from grid.models.person import Health, Labour, Sex
from grid.places import place_of
from yizhou.id_number import FULL_WIDTH, IdNumber, read_id_number
from yizhou.refusals import Overtaken, Refusal, broken_constraint
from yizhou.sealed import digest, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A member as the form gives it. Without an ID number (a newborn) sex and birthday count."""

    name: str
    relation: str
    id_number: str = ""
    sex: str = ""
    born_on: date | None = None
    phone: str = ""
    ethnic_group: str = ""
    labour: str = Labour.ORDINARY
    health: str = Health.HEALTHY


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Keys for rows to come: a seal is bound to its row's key, so the key must be known first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [key for (key,) in cursor.fetchall()]


def read_phone(text: str) -> str:
    """Digits of a mobile or area-code number. Raises Refusal (code phone)."""
    digits = "".join(text.translate(FULL_WIDTH).replace("-", "").split())
    known = set(digits) <= set("0123456789")
    mobile = len(digits) == 11 and digits.startswith("1")
    landline = 10 <= len(digits) <= 12 and digits.startswith("0")
    if not (known and (mobile or landline)):
        raise Refusal("电话应为 11 位手机号，或带区号的座机号。请核对后重填。", code="phone")
    return digits


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    sex: str
    born_on: date
    number: IdNumber | None
    phone: str


def _read(member: NewMember) -> _Read:
    today = timezone.localdate()
    name = " ".join(member.name.split())
    if not 1 <= len(name) <= 60:
        raise Refusal("请填写姓名，不超过 60 个字。", code="name")
    if member.relation not in Relation.values:
        raise Refusal("请选择与户主关系。", code="relation")
    number = _read_number(member.id_number, today) if member.id_number.strip() else None
    if number is None:
        if member.sex not in Sex.values or member.born_on is None:
            raise Refusal("没有身份证号的人，请填写性别和出生日期。", code="born_on")
        if member.born_on > today:
            raise Refusal("出生日期不能晚于今天。", code="born_on")
    elif member.sex and member.sex != number.sex:
        raise Refusal("所选性别与身份证号不一致。请核对身份证。", code="sex")
    elif member.born_on and member.born_on != number.born_on:
        raise Refusal("所填出生日期与身份证号不一致。请核对身份证。", code="born_on")
    sex = number.sex if number else member.sex
    born_on = number.born_on if number else member.born_on
    assert born_on is not None
    return _Read(name, sex, born_on, number, read_phone(member.phone) if member.phone else "")


def _read_number(text: str, today: date) -> IdNumber:
    try:
        return read_id_number(text, today=today)
    except Refusal as no:
        raise Refusal(f"身份证号{no.sentence}。请核对后重填。", code=no.code) from None


@transaction.atomic
def admit_person(*, asker: Any, member: NewMember, household_id: int, code: str) -> Person:
    """The person of a new member: a new row, or one who left another household before.

    Part of the household actions: call it inside their transaction. Raises Refusal when the ID
    number is registered; where, is told only within the asker's sight.
    """
    read = _read(member)
    if read.number is not None:
        key = digest(read.number.value, kind="id")
        registered = asker.sees(Person).select_related("household").filter(id_digest=key).first()
        if registered is not None:
            return _take_back(registered, read.name, household_id, code)
    (pk,) = reserve_ids(Person, 1)
    person = Person(
        pk=pk,
        name=read.name,
        sex=read.sex,
        born_on=read.born_on,
        ethnic_group=member.ethnic_group.strip(),
        labour=member.labour,
        health=member.health,
        household_id=household_id,
        code=code,
    )
    if read.number is not None:
        person.id_sealed = seal(read.number.value, column="grid_person.id_sealed", row=pk)
        person.id_digest = digest(read.number.value, kind="id")
        person.id_tail = read.number.tail
    if read.phone:
        person.phone_sealed = seal(read.phone, column="grid_person.phone_sealed", row=pk)
        person.phone_tail = read.phone[-4:]
    _insert(person)
    return person


def _take_back(person: Person, name: str, household_id: int, code: str) -> Person:
    if person.died_on is not None:
        raise Refusal("这个身份证号的人已登记死亡。请核对身份证号。", code="id_registered")
    if person.household is not None:
        raise Refusal(
            f"这个身份证号已登记在{place_of(person.code).full} {person.household.number} 户"
            f"（{person.name}）。请先在那一户办理迁出，再加入本户。",
            code="id_registered",
        )
    if person.name != name:
        raise Refusal(
            f"这个身份证号登记的姓名是“{person.name}”，与所填不同。请核对身份证。", code="name"
        )
    taken = Person.objects.filter(pk=person.pk, household=None, version=person.version).update(
        household=household_id, code=code, version=F("version") + 1
    )
    if not taken:
        raise Overtaken()
    person.refresh_from_db()
    return person


def _insert(person: Person) -> None:
    """The digest's unique index also knows people whom row-level security hides from the query."""
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as broken:
        if broken_constraint(broken) != "person_one_per_id_number":
            raise
        raise Refusal(
            "这个身份证号已在您管辖范围以外的一户登记。请联系县级监测专员办理迁移。",
            code="id_registered",
        ) from None
