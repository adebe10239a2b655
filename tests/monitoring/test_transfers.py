"""Large files in parts that resume (tus 1.0.0), and the example client that sends them."""

import base64
import hashlib
import importlib.util
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from grid.actions.keys import demand_signature
from grid.models import DepartmentKey
from monitoring.actions import transfers
from monitoring.models import Transfer, TransferPart, Upload
from tests.monitoring.batches import as_csv, dibao, titles, work
from tests.world import World
from yizhou.settings import ROOT

TRANSFERS = "/api/transfers/"
CONTENT = as_csv([titles(), *(dibao(n) for n in range(40)), dibao(50, people="零")])
PART_TYPE = "application/offset+octet-stream"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Sender:
    """A department's machine that speaks tus."""

    def __init__(self, key: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Key {key}", "Tus-Resumable": "1.0.0"}

    def start(self, size: int = len(CONTENT), *, feed: str = "dibao_payment", **said: str) -> Any:
        pairs = {"feed": feed, "filename": "十月.csv", **said}
        metadata = ",".join(f"{name} {encoded(text)}" for name, text in pairs.items())
        lengths = {"Upload-Length": str(size), "Upload-Metadata": metadata}
        return self.client.post(
            TRANSFERS, content_type="application/json", headers=self.headers | lengths
        )

    def address(self, size: int = len(CONTENT), **said: str) -> str:
        return str(self.start(size, **said)["Location"])

    def patch(self, address: str, offset: int, content: bytes, **headers: str) -> Any:
        more = {"Upload-Offset": str(offset)} | headers
        return self.client.patch(
            address, content, content_type=PART_TYPE, headers=self.headers | more
        )

    def head(self, address: str) -> Any:
        return self.client.head(address, headers=self.headers)

    def delete(self, address: str) -> Any:
        return self.client.delete(address, headers=self.headers)


@pytest.fixture
def sender(world: World) -> Sender:
    return Sender(world.civil_key)


def test_parts_become_an_upload_with_its_receipt(sender: Sender) -> None:
    address = sender.address(as_of="2026-10-31", is_correction="true")
    assert sender.patch(address, 0, CONTENT[:900])["Upload-Offset"] == "900"
    answer = sender.patch(address, 900, CONTENT[900:])
    upload = work(Upload.objects.get(pk=answer["X-Yizhou-Upload"].split("/")[-2]))
    assert (answer.status_code, upload.accepted, upload.faulty) == (204, 40, 1)
    assert (str(upload.as_of), upload.is_correction, upload.filename) == (
        "2026-10-31",
        True,
        "十月.csv",
    )


def test_the_whole_file_has_the_fingerprint_of_what_was_sent(sender: Sender) -> None:
    address = sender.address()
    for start in range(0, len(CONTENT), 700):
        sender.patch(address, start, CONTENT[start : start + 700])
    assert Upload.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert not TransferPart.objects.exists()


def test_parts_lie_sealed(sender: Sender) -> None:
    sender.patch(sender.address(), 0, CONTENT[:900])
    assert CONTENT[100:160] not in bytes(TransferPart.objects.get().sealed)


def test_a_part_larger_than_a_piece_is_put_together_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "PIECE", 256)
    sender.patch(sender.address(), 0, CONTENT)
    assert Upload.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_head_tells_where_to_go_on(sender: Sender) -> None:
    address = sender.address()
    sender.patch(address, 0, CONTENT[:900])
    told = sender.head(address)
    assert (told["Upload-Offset"], told["Upload-Length"]) == ("900", str(len(CONTENT)))
    assert told["Cache-Control"] == "no-store"


def test_head_after_the_last_part_tells_the_upload(sender: Sender) -> None:
    address = sender.address()
    sender.patch(address, 0, CONTENT)
    assert sender.head(address)["X-Yizhou-Upload"] == f"/api/uploads/{Upload.objects.get().pk}/"


def test_a_part_sent_twice_is_taken_once(sender: Sender) -> None:
    address = sender.address()
    sender.patch(address, 0, CONTENT[:900])
    again = sender.patch(address, 0, CONTENT[:900])
    assert (again.status_code, again.json()["code"]) == (409, "offset_mismatch")
    assert Transfer.objects.get().received == 900


def checksum(content: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_right_checksum_is_taken(sender: Sender, algorithm: str) -> None:
    said = {"Upload-Checksum": checksum(CONTENT[:900], algorithm)}
    assert sender.patch(sender.address(), 0, CONTENT[:900], **said).status_code == 204


def test_a_wrong_checksum_takes_nothing(sender: Sender) -> None:
    address = sender.address()
    answer = sender.patch(address, 0, CONTENT[:900], **{"Upload-Checksum": checksum(b"other")})
    assert (answer.status_code, answer.json()["code"]) == (460, "checksum_mismatch")
    assert sender.head(address)["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (lambda s: s.start(0), 400, "empty_file"),
        (lambda s: s.start(10**12), 413, "file_too_large"),
        (lambda s: s.start(feed="weather"), 404, "not_found"),
        (lambda s: s.start(feed="medical_settlement"), 403, "not_allowed"),
        (lambda s: s.start(on_faults="maybe"), 400, "invalid"),
        (lambda s: s.start(as_of="2999-01-01"), 400, "as_of"),
        (lambda s: s.patch(s.address(), 0, CONTENT + b"x"), 400, "past_the_end"),
        (lambda s: s.patch(s.address(), 7, b"x"), 409, "offset_mismatch"),
        (lambda s: s.patch(s.address(), 0, b"x", **{"Upload-Offset": "-1"}), 400, "bad_header"),
        (
            lambda s: s.patch(s.address(), 0, b"x", **{"Upload-Checksum": "md5 x"}),
            400,
            "bad_checksum",
        ),
        (
            lambda s: s.patch(s.address(), 0, b"x", **{"Tus-Resumable": "0.9"}),
            412,
            "tus_version",
        ),
        (
            lambda s: s.client.patch(
                s.address(), b"{}", content_type="application/json", headers=s.headers
            ),
            400,
            "bad_header",
        ),
    ],
)
def test_a_wrong_request_gets_its_status_and_code(
    sender: Sender, act: Callable[[Sender], Any], status: int, code: str
) -> None:
    answer = act(sender)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Tus-Resumable"] == "1.0.0"


def test_a_part_over_the_bound_is_refused(sender: Sender, monkeypatch: Any) -> None:
    monkeypatch.setattr(transfers, "MAX_PART", 100)
    assert sender.patch(sender.address(), 0, CONTENT[:101]).status_code == 413


def test_a_part_of_another_content_type_is_refused(sender: Sender) -> None:
    answer = sender.client.patch(
        sender.address(),
        b"x",
        content_type="text/csv",
        headers=sender.headers | {"Upload-Offset": "0"},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_file_that_is_no_table_is_refused_and_remembered(sender: Sender) -> None:
    address = sender.address(20)
    answer = sender.patch(address, 0, b"%PDF-1.7 ..........."[:20])
    assert (answer.status_code, answer.json()["code"]) == (415, "not_a_table")
    told = sender.client.get(address, headers=sender.headers)
    assert (told.status_code, told.json()["code"]) == (410, "transfer_refused")
    assert told.json()["title"] == answer.json()["title"]


def test_the_same_file_again_becomes_the_same_upload(sender: Sender) -> None:
    told = [sender.patch(sender.address(), 0, CONTENT)["X-Yizhou-Upload"] for _ in range(2)]
    assert told[0] == told[1]
    assert Upload.objects.count() == 1


def test_another_department_does_not_find_it(sender: Sender, world: World) -> None:
    address = sender.address()
    other = Sender(world.medical_key)
    answers = [other.head(address), other.patch(address, 0, b"x"), other.delete(address)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_an_ended_transfer_is_gone(sender: Sender) -> None:
    address = sender.address()
    sender.patch(address, 0, CONTENT[:900])
    assert sender.delete(address).status_code == 204
    assert sender.head(address).status_code == 410
    assert sender.patch(address, 900, b"x").json()["code"] == "transfer_ended"
    assert not TransferPart.objects.exists()


def test_a_transfer_past_its_time_is_gone_and_swept(sender: Sender) -> None:
    address = sender.address()
    sender.patch(address, 0, CONTENT[:900])
    Transfer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sender.patch(address, 900, CONTENT[900:]).json()["code"] == "transfer_expired"
    transfers.sweep_transfers()
    assert sender.head(address).status_code == 410
    assert not TransferPart.objects.exists()


def test_a_whole_file_whose_web_process_died_is_finished_by_the_sweep(sender: Sender) -> None:
    sender.address()
    transfer = Transfer.objects.get()
    transfers.append_part(transfer=transfer, offset=0, content=CONTENT)
    assert not Upload.objects.exists()
    transfers.sweep_transfers()
    assert Upload.objects.get().submitted_key == transfer.started_key


def test_a_department_keeps_few_open(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "MAX_OPEN", 2)
    assert [sender.start().status_code for _ in range(3)] == [201, 201, 409]


def test_options_tell_the_abilities(sender: Sender) -> None:
    told = sender.client.options(TRANSFERS, headers=sender.headers)
    assert told.status_code == 204
    assert set(told["Tus-Extension"].split(",")) == {
        "creation",
        "checksum",
        "termination",
        "expiration",
    }


def test_post_with_an_override_goes_on(sender: Sender) -> None:
    more = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    answer = sender.client.post(
        sender.address(), CONTENT, content_type=PART_TYPE, headers=sender.headers | more
    )
    assert (answer.status_code, Upload.objects.count()) == (204, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_parts_at_the_same_offset_one_is_taken(world: World) -> None:
    sender = Sender(world.civil_key)
    address = sender.address()
    answers: list[int] = []
    together = threading.Barrier(4)

    def patch() -> None:
        try:
            together.wait()
            answers.append(Sender(world.civil_key).patch(address, 0, CONTENT[:900]).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=patch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 409, 409, 409]
    assert TransferPart.objects.count() == 1


# ---- the example client ----


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("send_file", ROOT / "docs/examples/send_file.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client_program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example as a department runs it, with a worker that works while it waits."""
    module = example()

    def sleep(seconds: float) -> None:
        for upload in Upload.objects.filter(stage__in=["received", "checking", "merging"]):
            work(upload)

    monkeypatch.setattr(module.time, "sleep", sleep)
    monkeypatch.setattr(module, "PART", 1000)
    return module


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signed", [False, True])
def test_the_example_sends_a_file_and_prints_its_faults(
    client_program: ModuleType,
    live_server: Any,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    signed: bool,
) -> None:
    monkeypatch.setenv("YIZHOU_KEY", world.civil_key)
    if signed:
        key = DepartmentKey.objects.get(department=world.civil)
        secret = demand_signature(acting=world.county_officer, key=key)
        monkeypatch.setenv("YIZHOU_SIGNING", secret)
    file = tmp_path / "十月.csv"
    file.write_bytes(CONTENT)
    code = client_program.main([live_server.url, "dibao_payment", str(file)])
    told = capsys.readouterr().out
    assert (code, "入库 40" in told, "第 42 行" in told) == (1, True, True)
    assert not (tmp_path / "十月.csv.transfer").exists()


@pytest.mark.django_db(transaction=True)
def test_the_example_goes_on_where_the_line_broke(
    client_program: ModuleType,
    live_server: Any,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YIZHOU_KEY", world.civil_key)
    file = tmp_path / "a.csv"
    file.write_bytes(CONTENT)
    once, broken, offsets = client_program.Platform._once, [], []

    def breaking(self: Any, method: str, path: str, headers: Any, body: Any) -> Any:
        if method == "PATCH":
            offsets.append(headers["Upload-Offset"])
        answer = once(self, method, path, headers, body)
        if method == "PATCH" and len(broken) < 2:
            broken.append(path)
            raise ConnectionResetError("taken, but the answer was lost")
        return answer

    monkeypatch.setattr(client_program.Platform, "_once", breaking)
    assert client_program.main([live_server.url, "dibao_payment", str(file)]) == 1
    assert len(broken) == 2
    assert len(offsets) == len(set(offsets))
    assert Upload.objects.get().sha256 == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_the_example_says_why_a_file_is_refused(
    client_program: ModuleType,
    live_server: Any,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("YIZHOU_KEY", world.civil_key)
    file = tmp_path / "a.csv"
    file.write_bytes(b"%PDF-1.7 ...")
    assert client_program.main([live_server.url, "dibao_payment", str(file)]) == 2
    assert "not_a_table" in capsys.readouterr().err
