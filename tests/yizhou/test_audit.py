"""Audit rows: append-only, in the same transaction, with the place of what they speak of."""

import pytest
from django.db import DatabaseError, connection, transaction

from grid.signing import KeyUser
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry, record


def test_row_names_the_actor_the_subject_and_its_place(world: World) -> None:
    record(acting=world.worker_1, verb="read", subject=world.household, reason="入户前查看")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.actor_name) == (world.worker_1, "一级网格员甲")
    assert (entry.subject_type, entry.subject_id) == ("grid.household", str(world.household.pk))
    assert entry.code == world.grid.code


def test_row_about_no_single_row_has_a_type_and_a_name(world: World) -> None:
    record(acting=world.worker_1, verb="searched", subject=("grid.household", "id"))
    assert AuditEntry.objects.get().code == ""


def test_program_itself_acts_without_an_account(db: None) -> None:
    record(acting=SYSTEM, verb="swept", subject=("monitoring.upload", ""))
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.actor_name) == (None, "系统")


def test_machine_of_a_department_acts_under_its_key(world: World) -> None:
    key = world.medical.keys.get()
    record(acting=KeyUser(key), verb="received_upload", subject=("monitoring.upload", "1"))
    entry = AuditEntry.objects.get()
    assert entry.actor_id is None
    assert key.prefix in entry.actor_name


@pytest.mark.parametrize(
    "sql", ["UPDATE yizhou_auditentry SET verb = 'x'", "DELETE FROM yizhou_auditentry"]
)
def test_database_refuses_to_change_or_remove_rows(world: World, sql: str) -> None:
    record(acting=world.worker_1, verb="read", subject=world.household)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert AuditEntry.objects.get().verb == "read"


@transaction.atomic
def read_and_fail(world: World) -> None:
    record(acting=world.worker_1, verb="read", subject=world.household)
    raise ZeroDivisionError


def test_row_goes_when_the_act_is_undone(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        read_and_fail(world)
    assert not AuditEntry.objects.exists()


def test_newest_row_stands_first(world: World) -> None:
    for verb in ("first", "second"):
        record(acting=world.worker_1, verb=verb, subject=world.household)
    assert [e.verb for e in AuditEntry.objects.all()] == ["second", "first"]
