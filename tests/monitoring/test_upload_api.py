"""The REST API: what a department's machine sends and gets back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from monitoring.models import DibaoPayment, Upload
from tests.monitoring.batches import as_csv, dibao, medical, titles, work
from tests.world import World

pytestmark = pytest.mark.django_db
UPLOADS = "/api/uploads/"


class Machine:
    """A department's machine with its key."""

    def __init__(self, key: str) -> None:
        self.client = Client()
        self.headers = {"Authorization": f"Key {key}"} if key else {}

    def get(self, address: str, **query: Any) -> Any:
        return self.client.get(address, query, headers=self.headers)

    def post(self, address: str, data: Any, **headers: str) -> Any:
        return self.client.post(
            address, data, content_type="application/json", headers=self.headers | headers
        )

    def send(self, content: bytes, *, feed: str = "dibao_payment", **more: Any) -> Any:
        headers = self.headers | more.pop("headers", {})
        file = SimpleUploadedFile("数据.csv", content)
        return self.client.post(UPLOADS, {"feed": feed, "file": file, **more}, headers=headers)


@pytest.fixture
def machine(world: World) -> Machine:
    return Machine(world.civil_key)


CONTENT = as_csv([titles(), dibao(0), dibao(1, people="零")])


def done(answer: Any) -> Upload:
    return work(Upload.objects.get(pk=answer.json()["id"]))


def test_a_file_is_answered_with_202_and_its_address(machine: Machine) -> None:
    answer = machine.send(CONTENT)
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["address"])


def test_the_same_file_is_answered_with_200_and_repeated(machine: Machine) -> None:
    machine.send(CONTENT)
    answer = machine.send(CONTENT)
    assert (answer.status_code, answer.json()["repeated"]) == (200, True)


def test_rows_as_json_are_merged(machine: Machine) -> None:
    rows = [dict(zip(titles(), dibao(), strict=True))]
    done(machine.post(UPLOADS, {"feed": "dibao_payment", "rows": rows}))
    assert DibaoPayment.objects.count() == 1


def test_the_address_tells_the_receipt(machine: Machine) -> None:
    upload = done(machine.send(CONTENT))
    told = machine.get(f"{UPLOADS}{upload.pk}/").json()
    assert (told["stage"], told["receipt"]["accepted"], told["receipt"]["faulty"]) == (
        "merged",
        1,
        1,
    )


def test_faults_are_paged(machine: Machine) -> None:
    upload = done(machine.send(as_csv([titles(), *(dibao(n, people="零") for n in range(5))])))
    told = machine.get(f"{UPLOADS}{upload.pk}/faults/", limit=2).json()
    assert (told["count"], [f["row_number"] for f in told["results"]]) == (5, [2, 3])


def test_a_decision_merges_the_good_rows(machine: Machine) -> None:
    upload = done(machine.send(CONTENT, on_faults="ask"))
    machine.post(f"{UPLOADS}{upload.pk}/decision/", {"take": "good"})
    assert work(upload).accepted == 1


def test_the_list_holds_only_the_own_department(machine: Machine, world: World) -> None:
    machine.send(CONTENT)
    assert Machine(world.medical_key).get(UPLOADS).json()["count"] == 0


def test_a_batch_of_another_department_is_not_found(machine: Machine, world: World) -> None:
    upload = done(machine.send(CONTENT))
    assert Machine(world.medical_key).get(f"{UPLOADS}{upload.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (lambda m: m.send(CONTENT, feed="medical_settlement"), 403, "not_allowed"),
        (lambda m: m.send(CONTENT, feed="weather"), 404, "not_found"),
        (lambda m: m.send(b""), 415, "empty_file"),
        (lambda m: m.send(b"%PDF-1.7 ..."), 415, "not_a_table"),
        (lambda m: m.send(CONTENT, on_faults="maybe"), 400, "invalid"),
        (lambda m: m.post(UPLOADS, {"feed": "dibao_payment"}), 400, "invalid"),
        (lambda m: m.post(UPLOADS, {"feed": "dibao_payment", "rows": []}), 400, "no_rows"),
        (lambda m: m.post(UPLOADS, "{"), 400, "parse_error"),
        (lambda m: m.post(UPLOADS, []), 400, "invalid"),
        (lambda m: Machine("").send(CONTENT), 401, "not_authenticated"),
        (lambda m: Machine("abc.def").send(CONTENT), 401, "authentication_failed"),
    ],
)
def test_a_wrong_request_gets_its_status_and_code(
    machine: Machine, act: Callable[[Machine], Any], status: int, code: str
) -> None:
    answer = act(machine)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_error_is_a_problem_with_a_chinese_sentence(machine: Machine) -> None:
    answer = machine.send(b"")
    assert (answer.headers["Content-Type"], answer.json()["title"][:5]) == (
        "application/problem+json",
        "文件是空的",
    )


def test_a_file_over_the_limit_gets_413(machine: Machine, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    assert machine.send(CONTENT).status_code == 413


def test_another_content_type_gets_415(machine: Machine) -> None:
    answer = machine.client.post(UPLOADS, b"a", content_type="text/csv", headers=machine.headers)
    assert answer.status_code == 415


def test_an_idempotency_key_with_other_content_gets_409(machine: Machine) -> None:
    key = {"Idempotency-Key": "batch-1"}
    machine.send(CONTENT, headers=key)
    other = as_csv([titles(), dibao(5)])
    assert machine.send(other, headers=key).json()["code"] == "idempotency_key_reused"


def test_a_worker_of_a_grid_cannot_send(world: World, signed_in: Callable[[Any], Client]) -> None:
    file = SimpleUploadedFile("a.csv", CONTENT)
    answer = signed_in(world.worker_1).post(UPLOADS, {"feed": "dibao_payment", "file": file})
    assert answer.status_code == 403


def test_the_contract_names_every_column(machine: Machine) -> None:
    told = machine.get("/api/feeds/dibao_payment/").json()
    assert [column["title"] for column in told["columns"]] == titles()


def test_only_the_own_data_sets_are_listed(machine: Machine) -> None:
    told = machine.get("/api/feeds/").json()
    assert {feed["department"] for feed in told} == {"civil_affairs"}


def test_the_template_is_a_workbook(machine: Machine) -> None:
    assert machine.get("/api/feeds/dibao_payment/template/").content[:2] == b"PK"


def test_a_contract_of_another_department_is_not_found(machine: Machine) -> None:
    assert machine.get("/api/feeds/medical_settlement/").status_code == 404


def test_the_medical_feed_takes_its_own_file(world: World) -> None:
    content = as_csv([titles("medical_settlement"), medical()], encoding="gb18030")
    assert done(Machine(world.medical_key).send(content, feed="medical_settlement")).accepted == 1


def test_the_schema_documents_the_answers_of_an_upload(
    world: World, signed_in: Callable[[Any], Client]
) -> None:
    told = signed_in(world.clerk_civil).get("/api/schema/", {"format": "json"})
    answers = json.loads(told.content)["paths"]["/api/uploads/"]["post"]["responses"]
    assert {"200", "202", "400", "401", "403", "413", "415"} <= set(answers)
