"""Every operation of the OpenAPI document, called with what schemathesis thinks up.

No 5xx, no undocumented status or content type, every answer in the shape of its schema.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from grid.models import DepartmentKey
from monitoring.actions.transfers import start_transfer
from tests.monitoring.batches import as_csv, dibao, send, titles, work
from tests.world import World
from yizhou.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
SEED = 20261031
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
METADATA = "feed ZGliYW9fcGF5bWVudA==,filename YS5jc3Y="


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The application inside the test's transaction, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class Known(NamedTuple):
    """A key without a limit in the way, and rows of its department to find."""

    key: str
    upload: str
    transfer: str


@pytest.fixture
def known(world: World, one_connection: None) -> Known:
    DepartmentKey.objects.update(per_minute=6000)
    upload = work(send(world.clerk_civil, as_csv([titles(), dibao(0), dibao(1, people="零")])))
    transfer = start_transfer(acting=world.clerk_civil, feed="dibao_payment", size_bytes=999)
    return Known(world.civil_key, str(upload.pk), str(transfer.pk))


def point_at_known(case: Any, known: Known) -> None:
    """Half of the calls go to rows that exist; thought-up keys would all be "not found"."""
    path = case.operation.path
    if "{id}" in path:
        case.path_parameters["id"] = known.transfer if "transfers" in path else known.upload
    if "{code}" in path:
        case.path_parameters["code"] = "dibao_payment"
    if "Upload-Metadata" in case.headers:
        case.headers["Upload-Metadata"] = METADATA


def document() -> Any:
    raw = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = application
    return schema


OPERATIONS = [found.ok() for found in document().get_all_operations()]


def test_the_document_has_all_operations() -> None:
    labels = {operation.label for operation in OPERATIONS}
    assert {"POST /api/uploads/", "PATCH /api/transfers/{id}/", "GET /api/feeds/"} <= labels


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_operation_answers_as_documented(operation: Any, known: Known) -> None:
    answered = []

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        if len(answered) % 2:
            point_at_known(case, known)
        response = case.call_and_validate(
            headers={"Authorization": f"Key {known.key}"}, checks=CHECKS
        )
        answered.append(response.status_code)

    call()
    assert len(answered) >= 1
