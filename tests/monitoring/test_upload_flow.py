"""From receipt to record: counts that add up, corrections, repeats, crashes, decisions."""

from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.actions import upload_steps, uploads
from monitoring.feeds import FEEDS
from monitoring.intake import disposable
from monitoring.intake.keeping import pieces
from monitoring.intake.staging import Staging
from monitoring.models import (
    DibaoPayment,
    ScreeningRun,
    Upload,
    UploadChunk,
    UploadFault,
)
from tests.monitoring.batches import (
    as_csv,
    as_xlsx,
    counts,
    dibao,
    medical,
    person_id,
    send,
    titles,
    work,
)
from tests.world import World, add_person
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

pytestmark = pytest.mark.django_db
Stage = Upload.Stage


def good(n: int = 3) -> bytes:
    return as_csv([titles(), *(dibao(i) for i in range(n))])


ONE_FAULT = as_csv([titles(), dibao(0), dibao(1, people="零")])


def faults(upload: Upload) -> list[tuple[int, str]]:
    found = UploadFault.objects.filter(upload=upload).order_by("row_number", "id")
    return list(found.values_list("row_number", "code"))


# ---- receiving ----


def test_a_good_file_is_merged(world: World) -> None:
    assert work(send(world.clerk_civil, good())).stage == Stage.MERGED


def test_the_file_is_sealed_at_rest(world: World) -> None:
    upload = send(world.clerk_civil, good())
    sealed = bytes(UploadChunk.objects.get(upload=upload).sealed)
    assert "韦甲".encode() not in sealed


def test_what_was_sealed_opens_to_what_was_sent(world: World) -> None:
    upload = send(world.clerk_civil, good())
    assert b"".join(pieces(upload, UploadChunk.Part.FILE)) == good()


def test_no_whole_identity_number_is_kept_in_a_record(world: World) -> None:
    work(send(world.clerk_civil, good(1)))
    record = DibaoPayment.objects.get()
    assert person_id(0) not in str(
        {f.name: getattr(record, f.attname) for f in record._meta.fields}
    )


def test_the_same_file_twice_is_one_upload(world: World) -> None:
    first = work(send(world.clerk_civil, good()))
    assert send(world.clerk_civil, good()).pk == first.pk


def test_the_same_file_may_come_again_after_it_was_refused(world: World) -> None:
    content = as_csv([titles(), dibao(people="零")])
    first = work(send(world.clerk_civil, content))
    assert send(world.clerk_civil, content).pk != first.pk


def test_an_idempotency_key_with_other_content_is_refused(world: World) -> None:
    send(world.clerk_civil, good(1), idempotency_key="k")
    with pytest.raises(uploads.KeyReused):
        send(world.clerk_civil, good(2), idempotency_key="k")


def test_a_clerk_sends_only_the_own_department(world: World) -> None:
    with pytest.raises(NotAllowed):
        send(world.clerk_medical, good())


def test_a_stranger_sends_nothing(world: World) -> None:
    with pytest.raises(NotAllowed):
        send(world.stranger, good())


def test_a_county_officer_sends_for_any_department(world: World) -> None:
    assert send(world.county_officer, good()).department_id == "civil_affairs"


def test_an_unknown_data_set_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        send(world.county_officer, good(), feed="weather")


def test_a_file_over_the_limit_is_refused(world: World, settings: Any) -> None:
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(uploads.TooLarge):
        send(world.clerk_civil, good())


# ---- a dirty file, row by row ----


def test_the_receipt_of_a_dirty_file_is_exact(world: World) -> None:
    rows = [
        ["低保金发放明细", *[""] * 6],
        titles(),
        dibao(0, id_number=world.id_number_of("韦甲")),
        dibao(1),
        dibao(1),  # the same again
        dibao(2, id_number=person_id(2)[:17] + "?"),
        [""] * 7,
        dibao(3, paid_on="2099-01-01"),
        dibao(4, amount_yuan="90000.00"),  # more than 3,000 a head
        dibao(5),
        ["合计", *[""] * 4, "99999.00", ""],
    ]
    upload = work(send(world.clerk_civil, as_csv(rows, encoding="gb18030")))
    assert counts(upload) == {
        "rows_in": 8,
        "accepted": 3,
        "unchanged": 0,
        "faulty": 3,
        "duplicate": 1,
        "blank": 1,
        "unmatched": 2,
    }


def test_every_fault_names_its_row_and_kind(world: World) -> None:
    rows = [
        titles(),
        dibao(0, amount_yuan="90000.00"),
        dibao(1),
        dibao(1),
        dibao(1, amount_yuan="1.00"),
        dibao(2, kind="无"),
    ]
    upload = work(send(world.clerk_civil, as_csv(rows)))
    assert faults(upload) == [
        (2, "amount_per_head_implausible"),
        (4, "same_row"),
        (5, "same_key"),
        (6, "not_in_list"),
    ]


def test_a_duplicate_names_the_first_row(world: World) -> None:
    upload = work(send(world.clerk_civil, as_csv([titles(), dibao(1), dibao(2), dibao(1)])))
    assert UploadFault.objects.get(upload=upload).problem == "与第 2 行完全相同"


def test_a_check_across_columns_shows_the_label_the_sender_wrote(world: World) -> None:
    row = medical(
        kind="正常",
        total_yuan="-10",
        self_paid_yuan="-10",
        basic_paid_yuan="0",
        serious_paid_yuan="0",
    )
    upload = work(
        send(
            world.clerk_medical,
            as_csv([titles("medical_settlement"), row]),
            feed="medical_settlement",
        )
    )
    assert UploadFault.objects.get(upload=upload, code="sign_does_not_fit_kind").seen == "正常"


def test_a_file_without_one_good_row_is_refused(world: World) -> None:
    upload = work(send(world.clerk_civil, as_csv([titles(), dibao(people="零")])))
    assert (upload.stage, upload.faulty) == (Stage.REFUSED, 1)


def test_a_heading_alone_is_refused(world: World) -> None:
    assert "没有数据行" in work(send(world.clerk_civil, as_csv([titles()]))).refusal


def test_all_or_nothing_refuses_a_file_with_a_fault(world: World) -> None:
    upload = send(world.clerk_civil, ONE_FAULT, on_faults=Upload.OnFaults.TAKE_NOTHING)
    assert work(upload).stage == Stage.REFUSED


def test_a_file_that_kills_its_reader_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disposable, "MAX_MEMORY", 1 << 20)
    upload = work(send(world.clerk_civil, as_csv([titles(), *[dibao(n) for n in range(40_000)]])))
    assert (upload.stage, upload.job_state) == (Stage.REFUSED, "done")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(["good", "again", "faulty", "blank", "wide", "quote", "implausible"]),
        min_size=1,
        max_size=25,
    )
)
def test_every_row_of_any_file_is_accounted_for(world: World, kinds: list[str]) -> None:
    made: dict[str, Callable[[int], list[str]]] = {
        "good": lambda n: dibao(n),
        "again": lambda n: dibao(0),
        "faulty": lambda n: dibao(n, people="零"),
        "blank": lambda n: [""] * 7,
        "wide": lambda n: [*dibao(n), "多"],
        "quote": lambda n: dibao(n, person_name='"韦甲'),
        "implausible": lambda n: dibao(n, amount_yuan="99999.00"),
    }
    rows = [made[kind](n) for n, kind in enumerate(kinds)]
    told = counts(work(send(world.clerk_civil, as_csv([titles(), *rows]))))
    parts = ("unchanged", "faulty", "duplicate", "blank")
    good_rows = told["accepted"] or told["rows_in"] - sum(told[p] for p in parts)
    assert len(kinds) == told["rows_in"] == good_rows + sum(told[p] for p in parts)


# ---- merging ----


def test_a_row_finds_its_person(world: World) -> None:
    row = dibao(id_number=world.id_number_of("韦甲"))
    work(send(world.clerk_civil, as_csv([titles(), row])))
    assert DibaoPayment.objects.get().person == world.people["韦甲"]


def test_a_row_of_nobody_is_kept_without_a_person(world: World) -> None:
    work(send(world.clerk_civil, good(1)))
    assert DibaoPayment.objects.get().person is None


def test_a_person_registered_later_is_matched_by_the_next_batch(world: World) -> None:
    work(send(world.clerk_civil, good(1)))
    person = add_person("韦戌", "M", _born(), serial=0)
    work(send(world.clerk_civil, as_csv([titles(), dibao(9)])))
    assert DibaoPayment.objects.get(id_tail=person.id_tail, row_number=2).person == person


def _born() -> Any:
    from datetime import date

    number = person_id(0)
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def test_rows_that_did_not_change_are_left_alone(world: World) -> None:
    work(send(world.clerk_civil, good(2)))
    assert counts(work(send(world.clerk_civil, good(3)))) | {"unmatched": 0} == {
        "rows_in": 3,
        "accepted": 1,
        "unchanged": 2,
        "faulty": 0,
        "duplicate": 0,
        "blank": 0,
        "unmatched": 0,
    }


def test_the_same_rows_as_a_workbook_did_not_change(world: World) -> None:
    work(send(world.clerk_civil, good(3)))
    content = as_xlsx([titles(), *(dibao(i, amount_yuan=735.0, people=3) for i in range(3))])
    assert work(send(world.clerk_civil, content)).unchanged == 3


def test_a_corrected_row_supersedes_the_older_one(world: World) -> None:
    work(send(world.clerk_civil, good(1)))
    newer = work(send(world.clerk_civil, as_csv([titles(), dibao(0, amount_yuan="800.00")])))
    old = DibaoPayment.objects.exclude(superseded_at=None).get()
    assert (str(old.amount_yuan), old.superseded_by) == ("735.00", newer)


def test_exactly_one_version_of_a_row_is_current(world: World) -> None:
    for amount in ("1.00", "2.00", "3.00"):
        work(send(world.clerk_civil, as_csv([titles(), dibao(0, amount_yuan=amount)])))
    assert [str(r.amount_yuan) for r in DibaoPayment.objects.filter(superseded_at=None)] == ["3.00"]


def test_what_was_known_before_a_correction_can_be_replayed(world: World) -> None:
    first = work(send(world.clerk_civil, good(1)))
    work(send(world.clerk_civil, as_csv([titles(), dibao(0, amount_yuan="800.00")])))
    then = DibaoPayment.objects.filter(
        received_at__lte=first.merged_at, superseded_at__gt=first.merged_at
    )
    assert str(then.get().amount_yuan) == "735.00"


def test_a_row_with_another_name_than_the_registry_is_merged_and_noted(world: World) -> None:
    row = dibao(person_name="韦乙", id_number=world.id_number_of("韦甲"))
    upload = work(send(world.clerk_civil, as_csv([titles(), row])))
    assert (upload.accepted, upload.notes["renamed_rows"]) == (1, [2])


def test_a_merge_asks_for_one_screening(world: World) -> None:
    upload = work(send(world.clerk_civil, good()))
    assert ScreeningRun.objects.get().upload == upload


def test_the_staging_table_is_gone_after_the_merge(world: World) -> None:
    upload = work(send(world.clerk_civil, good()))
    assert Staging.find(upload, FEEDS[upload.feed]) is None


# ---- crashes and rivals ----


def test_a_crash_between_check_and_merge_loses_nothing(world: World) -> None:
    upload = send(world.clerk_civil, good())
    upload_steps.advance_upload(upload.pk)  # checked; the worker dies before it merges
    upload_steps.sweep_uploads()
    upload.refresh_from_db()
    assert (upload.stage, upload.accepted) == (Stage.MERGED, 3)


def test_a_staging_table_emptied_by_a_crash_is_filled_again(world: World) -> None:
    upload = send(world.clerk_civil, good())
    upload_steps.advance_upload(upload.pk)
    upload.refresh_from_db()
    staging = Staging.find(upload, FEEDS[upload.feed])
    assert staging
    staging.run("TRUNCATE {table}")
    assert work(upload).accepted == 3


def test_a_merge_that_fails_leaves_no_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = send(world.clerk_civil, good())
    upload_steps.advance_upload(upload.pk)
    monkeypatch.setattr(upload_steps, "request_screening", _fails)
    upload_steps.advance_upload(upload.pk)
    assert not DibaoPayment.objects.exists()


def test_an_unexpected_failure_is_tried_again_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send(world.clerk_civil, good())
    monkeypatch.setattr(upload_steps, "check", _fails)
    upload_steps.advance_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.job_state, upload.not_before is not None) == ("waiting", True)


def _fails(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("out of luck")


def test_a_lease_that_was_lost_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = send(world.clerk_civil, good())
    real = upload_steps.check

    def slow(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        Upload.objects.filter(pk=upload.pk).update(lease_token=None)  # another worker took over
        return found

    monkeypatch.setattr(upload_steps, "check", slow)
    assert upload_steps.advance_upload(upload.pk) is False


def test_an_upload_in_work_is_not_claimed_twice(world: World) -> None:
    upload = send(world.clerk_civil, good())
    Upload.claim(upload.pk)
    assert upload_steps.advance_upload(upload.pk) is False


def test_a_failed_upload_can_be_tried_again(world: World) -> None:
    upload = send(world.clerk_civil, good())
    Upload.objects.filter(pk=upload.pk).update(job_state="failed")
    uploads.retry_upload(acting=world.clerk_civil, upload=upload)
    assert work(upload).stage == Stage.MERGED


def test_forgotten_staging_tables_are_swept(world: World) -> None:
    upload = send(world.clerk_civil, good())
    Staging.create(upload, FEEDS[upload.feed])
    Upload.objects.filter(pk=upload.pk).update(stage=Stage.DISCARDED, job_state="done")
    upload_steps.sweep_uploads()
    assert Staging.find(upload, FEEDS[upload.feed]) is None


# ---- decisions ----


def deciding(world: World) -> Upload:
    return work(send(world.clerk_civil, ONE_FAULT, on_faults=Upload.OnFaults.ASK))


def test_a_file_with_a_fault_waits_for_a_decision(world: World) -> None:
    assert deciding(world).stage == Stage.DECIDING


def test_a_file_without_a_fault_does_not_wait(world: World) -> None:
    assert work(send(world.clerk_civil, good(), on_faults="ask")).stage == Stage.MERGED


def test_taking_the_good_rows_merges_them(world: World) -> None:
    upload = uploads.decide_upload(acting=world.clerk_civil, upload=deciding(world), take="good")
    assert work(upload).accepted == 1


def test_taking_nothing_merges_nothing(world: World) -> None:
    upload = uploads.decide_upload(acting=world.clerk_civil, upload=deciding(world), take="nothing")
    assert (upload.stage, DibaoPayment.objects.count()) == (Stage.REFUSED, 0)


def test_a_second_decision_is_overtaken(world: World) -> None:
    upload = deciding(world)
    uploads.decide_upload(acting=world.clerk_civil, upload=upload, take="good")
    with pytest.raises(Overtaken):
        uploads.decide_upload(acting=world.clerk_civil, upload=upload, take="nothing")


def test_another_department_does_not_decide(world: World) -> None:
    upload = deciding(world)
    with pytest.raises(NotAllowed):
        uploads.decide_upload(acting=world.clerk_medical, upload=upload, take="good")


def test_a_discarded_upload_keeps_no_file(world: World) -> None:
    upload = uploads.discard_upload(acting=world.clerk_civil, upload=deciding(world))
    assert not UploadChunk.objects.filter(upload=upload).exists()


def test_a_merged_upload_cannot_be_discarded(world: World) -> None:
    upload = work(send(world.clerk_civil, good()))
    with pytest.raises(Overtaken):
        uploads.discard_upload(acting=world.clerk_civil, upload=upload)


def test_the_corrected_fault_file_goes_in_again(world: World) -> None:
    import io

    upload = work(send(world.clerk_civil, ONE_FAULT))
    content = b"".join(uploads.open_fault_file(acting=world.clerk_civil, upload=upload))
    book = openpyxl.load_workbook(io.BytesIO(content))
    heading = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].cell(row=2, column=heading.index("保障人数") + 1).value = "3"
    corrected = io.BytesIO()
    book.save(corrected)
    assert counts(work(send(world.clerk_civil, corrected.getvalue())))["accepted"] == 1


def test_the_fault_file_says_what_is_wrong(world: World) -> None:
    import io

    upload = work(send(world.clerk_civil, ONE_FAULT))
    content = b"".join(uploads.open_fault_file(acting=world.clerk_civil, upload=upload))
    row = [cell.value for cell in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0][2]]
    assert row[-1].startswith("原第 3 行。保障人数：不是整数")


def test_an_upload_without_faults_has_no_fault_file(world: World) -> None:
    upload = work(send(world.clerk_civil, good()))
    with pytest.raises(NotFound):
        uploads.open_fault_file(acting=world.clerk_civil, upload=upload)


# ---- rows as JSON ----


def test_rows_under_field_names_or_headings_are_the_same(world: World) -> None:
    names = FEEDS["dibao_payment"].contract
    for keys in (titles(), names):
        file = uploads.rows_as_file([dict(zip(keys, dibao(), strict=True))])
        upload = uploads.receive_upload(
            acting=world.clerk_civil, feed="dibao_payment", file=file, filename="",
            channel="api_rows", on_faults="take_good",
        ).upload  # fmt: skip
        work(upload)
    assert (upload.accepted, upload.unchanged) == (0, 1)


def test_the_rows_of_a_request_are_counted_from_one(world: World) -> None:
    rows = [dict(zip(titles(), dibao(n), strict=True)) for n in range(2)]
    rows[1]["保障人数"] = "零"
    upload = uploads.receive_upload(
        acting=world.clerk_civil, feed="dibao_payment", file=uploads.rows_as_file(rows),
        filename="", channel="api_rows", on_faults="take_good",
    ).upload  # fmt: skip
    assert faults(work(upload)) == [(2, "not_whole")]


@pytest.mark.parametrize("rows", [[], [{"姓名": {"a": 1}}], [{"姓名": "\ud800"}]])
def test_rows_that_are_no_rows_are_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal):
        uploads.rows_as_file(rows)


# ---- audit ----


def test_every_step_leaves_an_audit_row(world: World) -> None:
    upload = work(send(world.clerk_civil, good()))
    verbs = AuditEntry.objects.filter(subject_id=str(upload.pk)).order_by("id")
    assert [entry.verb for entry in verbs] == [
        "received_upload",
        "checked_upload",
        "merged_upload",
    ]


def test_downloading_faults_is_audited_as_an_export(world: World) -> None:
    upload = work(send(world.clerk_civil, ONE_FAULT))
    uploads.open_fault_file(acting=world.clerk_civil, upload=upload)
    assert AuditEntry.objects.filter(verb="exported_fault_file").exists()
