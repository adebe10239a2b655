"""Order of batches, the quality gate, taking a batch back: what may overwrite what."""

from datetime import date, datetime
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from monitoring.actions import undos, upload_steps, uploads
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import DibaoPayment, RegistryProposal, ScreeningRun, Upload, UploadUndo
from tests.monitoring.batches import as_csv, counts, dibao, send, titles, work
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db


def batch(world: World, rows: list[list[Any]], **more: Any) -> Upload:
    return work(send(world.clerk_civil, as_csv([titles(), *rows]), **more))


def amounts() -> list[str]:
    """Current amounts in the order of the people."""
    rows = DibaoPayment.objects.filter(superseded_at=None).order_by("id_digest")
    return sorted(str(row.amount_yuan) for row in rows)


def undone(world: World, upload: Upload, reason: str = "报成了上个月的文件") -> UploadUndo:
    request = undos.request_undo(acting=world.clerk_civil, upload=upload, reason=reason)
    undos.advance_undo(request.pk)
    request.refresh_from_db()
    return request


# ---- order ----


def test_an_older_batch_does_not_overwrite_a_newer_one(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    late = batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30))
    assert amounts() == ["800.00"]
    assert (late.accepted, late.unchanged, late.notes["older"]) == (1, 0, 1)


def test_the_older_row_is_kept_as_history(world: World) -> None:
    newer = batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    late = batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30))
    row = DibaoPayment.objects.get(upload=late)
    assert row.superseded_at is not None
    assert row.superseded_by == newer


def test_the_same_older_rows_again_change_nothing(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30))
    again = batch(world, [dibao(amount_yuan="700.00"), dibao(1)], as_of=date(2026, 9, 30))
    assert (again.accepted, again.unchanged) == (1, 1)
    assert DibaoPayment.objects.count() == 3


def test_a_batch_of_the_same_day_supersedes(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 10, 31))
    assert amounts() == ["700.00"]


def test_a_correction_supersedes_whatever_its_day(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30), is_correction=True)
    assert amounts() == ["700.00"]


def test_the_same_content_may_come_again_as_a_correction(world: World) -> None:
    first = batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30))
    batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    again = batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30), is_correction=True)
    assert again.pk != first.pk
    assert amounts() == ["700.00"]


def test_the_month_in_the_name_is_the_day_of_the_data() -> None:
    assert uploads.checked_as_of(None, "低保发放202609.xlsx") == date(2026, 9, 30)
    assert uploads.checked_as_of(None, "低保 2026年02月.csv") == date(2026, 2, 28)


def test_a_number_that_is_no_month_is_not_taken_for_one() -> None:
    assert uploads.checked_as_of(None, "批次120260931.csv") > date(2026, 11, 1)


def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(Refusal, match="不晚于今天"):
        uploads.checked_as_of(date(2999, 1, 1), "")


def test_the_same_batch_ten_times_changes_nothing(world: World) -> None:
    rows = [dibao(n) for n in range(5)]
    batch(world, rows)
    before = list(DibaoPayment.objects.order_by("pk").values())
    for n in range(10):
        again = batch(world, [*rows, [""] * (n + 7)])
        assert again.accepted == 0
    assert list(DibaoPayment.objects.order_by("pk").values()) == before


# ---- the quality gate ----


@pytest.fixture
def gates(world: World) -> World:
    load_shipped_rules(acting=SYSTEM)
    return world


def test_half_the_rows_missing_is_held(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(60)])
    held = batch(gates, [dibao(n, amount_yuan="1.00") for n in range(30)])
    assert held.stage == Upload.Stage.HELD
    assert held.held_for[0]["code"] == "rows_missing"
    assert "少了 50%" in held.held_for[0]["sentence"]


def test_a_little_less_than_half_missing_passes(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(60)])
    assert batch(gates, [dibao(n) for n in range(100, 131)]).stage == Upload.Stage.MERGED


def test_nearly_everything_changed_is_held_and_nothing_stays(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(40)])
    held = batch(gates, [dibao(n, amount_yuan="7.35") for n in range(40)])
    assert held.stage == Upload.Stage.HELD
    assert held.held_for[0]["code"] == "rows_changed"
    assert amounts() == ["735.00"] * 40
    assert not DibaoPayment.objects.filter(upload=held).exists()


def test_all_amounts_zero_is_held(gates: World) -> None:
    held = batch(gates, [dibao(n, amount_yuan="0") for n in range(25)])
    assert [reason["code"] for reason in held.held_for] == ["all_zero"]


def test_one_amount_that_is_not_zero_passes(gates: World) -> None:
    rows = [dibao(n, amount_yuan="0") for n in range(25)]
    assert batch(gates, [*rows, dibao(25)]).stage == Upload.Stage.MERGED


def test_a_correction_is_not_held(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(40)])
    rows = [dibao(n, amount_yuan="7.35") for n in range(40)]
    assert batch(gates, rows, is_correction=True).stage == Upload.Stage.MERGED


def test_corrected_fault_rows_are_not_compared_with_the_whole(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(60)])
    rows = [[*dibao(n), "原第 7 行。"] for n in range(100, 125)]
    supplement = work(send(gates.clerk_civil, as_csv([[*titles(), "错误说明"], *rows])))
    assert supplement.stage == Upload.Stage.MERGED


def test_a_person_releases_with_a_reason(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(40)])
    held = batch(gates, [dibao(n, amount_yuan="7.35") for n in range(40)])
    uploads.release_upload(acting=gates.clerk_civil, upload=held, reason="标准调整，已核实")
    assert work(held).stage == Upload.Stage.MERGED
    assert amounts() == ["7.35"] * 40
    said = AuditEntry.objects.get(verb="released_upload")
    assert said.detail["reason"] == "标准调整，已核实"


def test_releasing_needs_a_reason(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(40)])
    held = batch(gates, [dibao(n, amount_yuan="7.35") for n in range(40)])
    with pytest.raises(Refusal, match="核实的情况"):
        uploads.release_upload(acting=gates.clerk_civil, upload=held, reason=" ")


def test_faults_are_decided_first_and_the_gate_comes_after(gates: World) -> None:
    batch(gates, [dibao(n) for n in range(60)])
    rows = [dibao(n) for n in range(100, 125)] + [dibao(200, people="x")]
    upload = batch(gates, rows, on_faults=Upload.OnFaults.ASK)
    assert upload.stage == Upload.Stage.DECIDING
    uploads.decide_upload(acting=gates.clerk_civil, upload=upload, take="good")
    assert work(upload).stage == Upload.Stage.HELD


def test_a_held_batch_can_be_discarded(gates: World) -> None:
    held = batch(gates, [dibao(n, amount_yuan="0") for n in range(25)])
    uploads.discard_upload(acting=gates.clerk_civil, upload=held)
    assert held.stage == Upload.Stage.DISCARDED


# ---- taking back ----


def test_undo_reverses_new_rows(world: World) -> None:
    upload = batch(world, [dibao(0), dibao(1)])
    request = undone(world, upload)
    upload.refresh_from_db()
    assert upload.stage == Upload.Stage.UNDONE
    assert (request.reversed, request.restored, request.kept, request.failed) == (2, 0, 0, 0)
    assert amounts() == []
    assert DibaoPayment.objects.count() == 2


def test_undo_brings_back_what_was_replaced(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")])
    wrong = batch(world, [dibao(amount_yuan="8.00")])
    assert undone(world, wrong).restored == 1
    assert amounts() == ["800.00"]


def known_at(moment: datetime) -> list[str]:
    """Amounts as they were known at that moment."""
    rows = DibaoPayment.objects.filter(
        Q(superseded_at=None) | Q(superseded_at__gt=moment), received_at__lte=moment
    )
    return sorted(str(row.amount_yuan) for row in rows)


def test_what_was_believed_before_an_undo_can_still_be_replayed(world: World) -> None:
    batch(world, [dibao(amount_yuan="800.00")])
    first = timezone.now()
    wrong = batch(world, [dibao(amount_yuan="8.00")])
    between = timezone.now()
    undone(world, wrong)
    assert [known_at(moment) for moment in (first, between, timezone.now())] == [
        ["800.00"],
        ["8.00"],
        ["800.00"],
    ]


def test_what_came_back_names_its_own_batch_and_row(world: World) -> None:
    first = batch(world, [dibao(1), dibao(amount_yuan="800.00")])
    original = DibaoPayment.objects.get(amount_yuan="800.00")
    undone(world, batch(world, [dibao(amount_yuan="8.00")]))
    back = DibaoPayment.objects.get(amount_yuan="800.00", superseded_at=None)
    assert (back.upload, back.row_number) == (first, original.row_number)
    assert back.pk != original.pk


def test_row_that_came_back_counts_once_when_its_own_batch_is_undone(world: World) -> None:
    first = batch(world, [dibao(n) for n in range(3)])
    for amount in ("8.00", "9.00"):
        undone(world, batch(world, [dibao(amount_yuan=amount)]))
    batch(world, [dibao(1, amount_yuan="7.00")])
    request = undone(world, first)
    assert (request.reversed, request.kept, request.failed) == (2, 1, 0)
    assert amounts() == ["7.00"]


def test_row_acted_on_before_it_came_back_stays(world: World) -> None:
    first = batch(world, [dibao(), dibao(1)])
    acted_on = DibaoPayment.objects.get(upload=first, row_number=2)
    RegistryProposal.objects.create(
        feed="dibao_payment",
        happening="death",
        record=acted_on.pk,
        id_digest=acted_on.id_digest,
        name="某甲",
        happened_on=date(2026, 9, 1),
        code=world.grid.code,
        found_at=timezone.now(),
        decided_at=timezone.now(),
        state="confirmed",
    )
    undone(world, batch(world, [dibao(amount_yuan="8.00")]))
    request = undone(world, first)
    assert (request.reversed, request.kept) == (1, 1)
    assert request.rows.get().reason.startswith("已有人据此办理")


def test_undo_keeps_what_a_later_batch_replaced(world: World) -> None:
    wrong = batch(world, [dibao(0, amount_yuan="8.00"), dibao(1)])
    batch(world, [dibao(0, amount_yuan="800.00")])
    request = undone(world, wrong)
    assert (request.reversed, request.kept) == (1, 1)
    assert request.rows.get().reason.startswith("后来的批次")
    assert amounts() == ["800.00"]


def test_undoing_both_in_the_order_of_sending_brings_back_the_first(world: World) -> None:
    batch(world, [dibao(amount_yuan="1.00")])
    second = batch(world, [dibao(amount_yuan="2.00")])
    third = batch(world, [dibao(amount_yuan="3.00")])
    undone(world, second)
    assert amounts() == ["3.00"]
    undone(world, third)
    assert amounts() == ["1.00"]


def test_undoing_the_newer_batch_brings_back_the_history_it_stood_before(world: World) -> None:
    newer = batch(world, [dibao(amount_yuan="800.00")], as_of=date(2026, 10, 31))
    batch(world, [dibao(amount_yuan="700.00")], as_of=date(2026, 9, 30))
    undone(world, newer)
    assert amounts() == ["700.00"]


def test_reversed_kept_and_failed_are_all_rows_brought_in(world: World) -> None:
    wrong = batch(world, [dibao(n) for n in range(6)])
    batch(world, [dibao(n, amount_yuan="9.00") for n in range(2)])
    request = undone(world, wrong)
    assert request.reversed + request.kept + request.failed == wrong.accepted


def test_undo_asks_for_a_new_screening(world: World) -> None:
    upload = batch(world, [dibao()])
    before = ScreeningRun.objects.count()
    undone(world, upload)
    assert ScreeningRun.objects.count() == before + 1


def test_undone_content_may_be_sent_again(world: World) -> None:
    upload = batch(world, [dibao()])
    undone(world, upload)
    again = batch(world, [dibao()])
    assert again.pk != upload.pk
    assert again.accepted == 1


def test_undo_needs_a_reason_and_the_own_department(world: World) -> None:
    upload = batch(world, [dibao()])
    with pytest.raises(Refusal, match="撤回的原因"):
        undos.request_undo(acting=world.clerk_civil, upload=upload, reason="")
    with pytest.raises(NotAllowed):
        undos.request_undo(acting=world.clerk_medical, upload=upload, reason="试试看")


def test_undo_happens_once(world: World) -> None:
    upload = batch(world, [dibao()])
    undone(world, upload)
    with pytest.raises(Overtaken):
        undos.request_undo(acting=world.clerk_civil, upload=upload, reason="再撤一次")


def test_a_failed_undo_changes_nothing_and_can_be_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = batch(world, [dibao()])
    request = undos.request_undo(acting=world.clerk_civil, upload=upload, reason="报错了文件")

    def fails(**_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(undos, "request_screening", fails)
        undos.advance_undo(request.pk)
    assert amounts() == ["735.00"]
    UploadUndo.objects.filter(pk=request.pk).update(job_state="failed")
    undos.retry_undo(acting=world.clerk_civil, upload=upload)
    undos.advance_undo(request.pk)
    assert amounts() == []


# ---- one pass ----


def test_a_row_that_breaks_a_check_is_not_the_one_that_is_kept(world: World) -> None:
    upload = batch(world, [dibao(amount_yuan="99999.00", people="1"), dibao()])
    assert counts(upload)["accepted"] == 1
    assert (upload.faulty, upload.duplicate) == (1, 0)


def test_the_staging_table_is_gone_after_merging(world: World) -> None:
    upload = batch(world, [dibao()])
    assert upload_steps.Staging.find(upload, upload_steps.FEEDS[upload.feed]) is None


def test_rows_of_a_person_who_is_known_are_matched(world: World) -> None:
    batch(world, [dibao(id_number=world.id_number_of("韦甲"))])
    assert DibaoPayment.objects.get().person == world.people["韦甲"]


def test_a_batch_finds_the_person_of_an_earlier_row_too(world: World) -> None:
    batch(world, [dibao(id_number=world.id_number_of("韦甲"))])
    DibaoPayment.objects.update(person=None)  # as if nobody had been registered yet
    later = batch(world, [dibao(1)])
    assert later.notes["matched_late"] == 1
    assert DibaoPayment.objects.filter(person=world.people["韦甲"]).count() == 1
