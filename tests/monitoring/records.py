"""Department rows put straight into the feeds, for tests that are not about intake."""

import hashlib
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from grid.models import Department, Person
from monitoring.models import (
    DibaoPayment,
    DisabilityCertificate,
    MedicalSettlement,
    SchoolStatus,
    Upload,
)

_numbers = count(1)


def add_upload(feed: str, department: str) -> Upload:
    n = next(_numbers)
    return Upload.objects.create(
        feed=feed,
        department=Department.objects.get(pk=department),
        channel=Upload.Channel.API_FILE,
        size_bytes=1,
        sha256=hashlib.sha256(str(n).encode()).hexdigest(),
        on_faults=Upload.OnFaults.TAKE_GOOD,
        stage=Upload.Stage.MERGED,
        job_state="done",
        merged_at=timezone.now(),
        rows_in=1,
        accepted=1,
    )


def _shared(person: Person, feed: str, department: str) -> dict[str, Any]:
    n = next(_numbers)
    return {
        "person": person,
        "person_name": person.name,
        "id_digest": bytes(person.id_digest or b""),
        "id_tail": person.id_tail,
        "upload": add_upload(feed, department),
        "row_number": n,
        "content_hash": n.to_bytes(16, "big"),
        "received_at": timezone.now(),
    }


def add_settlement(person: Person, on: date, self_paid: str, **more: Any) -> MedicalSettlement:
    """One settlement; the other columns fit the self-paid amount (yuan)."""
    amount = Decimal(self_paid)
    shared = _shared(person, "medical_settlement", "medical_insurance")
    values = {
        "settlement_no": f"T{shared['row_number']:08d}",
        "kind": "normal" if amount >= 0 else "reversal",
        "hospital": "某医院",
        "care": "inpatient",
        "settled_on": on,
        "total_yuan": amount * 3,
        "basic_paid_yuan": amount * 2,
        "serious_paid_yuan": 0,
        "assistance_paid_yuan": 0,
        "self_paid_yuan": amount,
    }
    return MedicalSettlement.objects.create(**(shared | values | more))


def add_certificate(person: Person, on: date, level: int, **more: Any) -> DisabilityCertificate:
    shared = _shared(person, "disability_certificate", "disabled_federation")
    values = {
        "category": "limb",
        "level": level,
        "issued_on": on,
        "valid_until_on": on.replace(year=on.year + 10, day=1),
        "standing": "valid",
    }
    return DisabilityCertificate.objects.create(**(shared | values | more))


def add_school_status(person: Person, on: date, standing: str, **more: Any) -> SchoolStatus:
    shared = _shared(person, "school_status", "education")
    values = {
        "term": f"{on.year}秋",
        "school": "某小学",
        "stage": "primary",
        "standing": standing,
        "absent_days": 15 if standing == "suspected_dropout" else 0,
        "status_on": on,
    }
    return SchoolStatus.objects.create(**(shared | values | more))


def add_dibao_payment(person: Person, month: date) -> DibaoPayment:
    shared = _shared(person, "dibao_payment", "civil_affairs")
    return DibaoPayment.objects.create(
        **shared, kind="rural", people=1, month_on=month, amount_yuan=300, paid_on=month
    )
