"""The grid workers' phones as locust drives them: real HTTP, one token a worker, no password.

Each phone comes once: ping, pack, three sealed visits, ping. What they need stands in the JSON file
named by PHONES: tokens, the county's public key, answers of an ordinary household.
"""

import base64
import json
import os
import time
import uuid
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from locust import FastHttpUser, constant, task
from locust.exception import StopUser

PREPARED = json.loads(Path(os.environ["PHONES"]).read_text())
TOKENS: list[str] = PREPARED["tokens"]
PUBLIC: Any = serialization.load_der_public_key(base64.b64decode(PREPARED["key"]["spki"]))
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
HERE = timezone(timedelta(hours=8))
PAUSE = 2.0  # seconds between two visits that a phone sends
SPACING = float(os.environ["SPACING"])  # seconds between two phones
VISITS = 3
turn = count()


def sealed(letter: dict[str, Any]) -> dict[str, str]:
    secret, nonce = os.urandom(32), os.urandom(12)
    content = json.dumps(letter).encode()
    body = nonce + AESGCM(secret).encrypt(nonce, content, letter["id"].encode())
    return {
        "id": letter["id"],
        "kid": PREPARED["key"]["kid"],
        "key": base64.b64encode(PUBLIC.encrypt(secret, OAEP)).decode(),
        "body": base64.b64encode(body).decode(),
    }


class WorkerPhone(FastHttpUser):
    wait_time = constant(0)

    def on_start(self) -> None:
        number = next(turn)
        if number >= len(TOKENS):
            raise StopUser
        self.token = TOKENS[number]
        time.sleep(number * SPACING)

    def called(self, method: str, path: str, name: str, **more: Any) -> Any:
        headers = {
            "Cookie": f"field_device={self.token}",
            "X-Field-App": "1",
            "X-Phone-Now": datetime.now(HERE).isoformat(),
            "Accept-Encoding": "gzip",
        }
        with self.client.request(
            method, f"/api/field/{path}", name=name, headers=headers, catch_response=True, **more
        ) as answer:
            if answer.status_code not in (200, 201):
                answer.failure(f"{answer.status_code} {(answer.text or '')[:200]}")
                raise StopUser
            return answer.json()

    @task
    def morning(self) -> None:
        self.called("GET", "ping/?unsent=3", "ping")
        pack = self.called("GET", "pack/", "pack")
        for place in range(min(VISITS, len(pack["households"]))):
            time.sleep(PAUSE)
            letter = self.letter(pack, place)
            answer = self.called("POST", "visits/", "visit", json=sealed(letter))
            if not answer["receipt"]:
                raise RuntimeError("a visit without a receipt")
        self.called("GET", "ping/?unsent=0", "ping")
        raise StopUser

    def letter(self, pack: dict[str, Any], place: int) -> dict[str, Any]:
        """A visit to an item's household while there are any, else to another of the pack."""
        now = datetime.now(HERE).isoformat()
        item = pack["items"][place] if place < len(pack["items"]) else None
        asked = {i["household"] for i in pack["items"]}
        others = [h["id"] for h in pack["households"] if h["id"] not in asked]
        spare = others or [h["id"] for h in pack["households"]]
        return {
            "id": str(uuid.uuid4()),
            "household": item["household"] if item else spare[place % len(spare)],
            "item": item["id"] if item else None,
            "form_version": pack["form"]["version"],
            "visited_at": now,
            "sealed_at": now,
            "mode": "in_person",
            "answers": PREPARED["answers"],
            "reports": [
                {"purpose": p["id"], "outcome": "no_risk_self_solved", "note": ""}
                for p in (item["purposes"] if item else [])
            ],
            "note": "",
            "edits": [],
            "position": None,
            "attachments": [],
            "replaces": None,
            "corrects": None,
            "correction_reason": "",
        }
