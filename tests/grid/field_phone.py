"""A phone in Python: enrols, seals as the field app does, and sends through the test client."""

import base64
import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.test import Client
from django.utils import timezone

from grid.actions.work_items import VisitRequest, open_work_items
from grid.models import Account, Household, Phone, WorkItem
from grid.visit_form import FORM_VERSION
from tests.world import PASSWORD
from yizhou.audit import SYSTEM

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xda\x00\x02"
ANSWERS: dict[str, Any] = {
    "members_right": "yes",
    "water_safe": "yes",
    "house_safe": "yes",
    "school_ok": "none",
    "insured": "yes",
    "ill": "no",
}


class FieldPhone:
    """One device. `off`: how much its clock is ahead of ours."""

    def __init__(self, account: Account | None = None, *, off: timedelta = timedelta()) -> None:
        self.client = Client()
        self.off = off
        self.install = str(uuid.uuid4())
        self.key: dict[str, str] = {}
        self.enrolled: dict[str, Any] = {}
        if account is not None:
            answer = self.enrol(account.username)
            assert answer.status_code == 201, answer.content.decode()

    @property
    def row(self) -> Phone:
        return Phone.objects.get(pk=self.enrolled["device"])

    def now(self) -> datetime:
        return timezone.now() + self.off

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else ""
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        sent = {"X-Field-App": "1", "X-Phone-Now": self.now().isoformat()} | headers
        return self.client.generic(
            method, f"/api/field/{path}", data, content_type=kind, headers=sent
        )

    def enrol(self, username: str, password: str = PASSWORD) -> Any:
        said = {"username": username, "password": password, "name": "测试机"}
        answer = self.call("POST", "enrol/", said | {"install": self.install})
        if answer.status_code == 201:
            self.enrolled = answer.json()
            self.key = self.enrolled["key"]
        return answer

    # ---- sealing ----

    def seal(self, content: bytes, name: str) -> dict[str, Any]:
        secret, nonce = os.urandom(32), os.urandom(12)
        public: Any = serialization.load_der_public_key(base64.b64decode(self.key["spki"]))
        return {
            "kid": self.key["kid"],
            "key": base64.b64encode(public.encrypt(secret, OAEP)).decode(),
            "body": nonce + AESGCM(secret).encrypt(nonce, content, name.encode()),
        }

    def envelope(self, letter: dict[str, Any]) -> dict[str, Any]:
        sealed = self.seal(json.dumps(letter).encode(), letter["id"])
        return sealed | {"id": letter["id"], "body": base64.b64encode(sealed["body"]).decode()}

    def send(self, letter: dict[str, Any], path: str = "visits/") -> Any:
        return self.call("POST", path, self.envelope(letter))

    def photo(
        self, entry: dict[str, Any], visit: str, content: bytes = JPEG, **headers: str
    ) -> Any:
        sealed = self.seal(content, entry["id"])
        checksum = hashlib.sha256(sealed["body"]).hexdigest()
        given = {
            "X-Visit": visit,
            "X-Kid": sealed["kid"],
            "X-Key": sealed["key"],
            "X-Content-SHA256": checksum,
        }
        return self.call("PUT", f"photos/{entry['id']}/", sealed["body"], **given | headers)

    # ---- letters ----

    def letter(self, home: Household, item: WorkItem | None = None, **said: Any) -> Any:
        at = self.now().isoformat()
        purposes = item.purposes.filter(state="wanted") if item else []
        return {
            "id": str(uuid.uuid4()),
            "household": home.pk,
            "item": item.pk if item else None,
            "form_version": FORM_VERSION,
            "visited_at": at,
            "sealed_at": at,
            "mode": "in_person",
            "answers": answers(),
            "reports": [
                {"purpose": p.pk, "outcome": "no_risk_self_solved", "note": ""} for p in purposes
            ],
            "note": "",
            "edits": [],
            "position": None,
            "attachments": [],
            "replaces": None,
            "corrects": None,
            "correction_reason": "",
        } | said


def answers(kinds: Sequence[str] = ("verify_alert",), **more: Any) -> dict[str, Any]:
    """Every required question of the newest form, answered as in an ordinary household.

    `kinds`: of the purposes whose sections are answered too.
    """
    from grid.visit_form import FORM, is_shown

    values: dict[str, Any] = {}
    for question in FORM.questions(kinds).values():
        if question.required and is_shown(question, values):
            good = [v for v, _ in question.options if v != question.bad_value]
            plain: dict[str, Any] = {"stepper": "1", "amount": "0", "text": "没有"}
            values[question.name] = plain.get(question.kind) or (good[0] if good else "")
            if question.kind == "chips":
                values[question.name] = good[:1]
            if question.kind == "lines":
                values[question.name] = []
    return values | more


def listed(content: bytes = JPEG, kind: str = "photo", **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "slot": "house",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "taken_at": timezone.now().isoformat(),
    } | more


def ask_visit(household: Household, subject: int = 1, **more: Any) -> WorkItem:
    """An open work item with one purpose for the household."""
    request = {
        "household_id": household.pk,
        "code": household.cell_id,
        "kind": "verify_alert",
        "subject": subject,
        "title": "医疗支出偏高",
        "sentence": "近 12 个月自付 12000 元",
        "severity": 2,
        "due_on": timezone.localdate() + timedelta(days=5),
    } | more
    open_work_items(acting=SYSTEM, requests=[VisitRequest(**request)])
    return WorkItem.objects.open().get(household=household)
