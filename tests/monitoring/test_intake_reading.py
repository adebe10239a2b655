"""Every kind of file through the real child process: formats, headings, dirt, hostile content."""

import io
import os
import re
import signal
import struct
import sys
import zipfile
import zlib
from datetime import date

import openpyxl
import pytest
import xlsxwriter

from monitoring.intake import disposable, reading
from tests.monitoring.batches import (
    Outcome,
    as_csv,
    as_xlsx,
    dibao,
    medical,
    person_id,
    titles,
    write_sheet,
)
from yizhou.refusals import Refusal


def refused(content: bytes, feed: str = "dibao_payment") -> Refusal:
    with pytest.raises(Refusal) as caught:
        Outcome(content, feed)
    return caught.value


GOOD = [titles(), dibao(0), dibao(1)]


# ---- text files ----


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_file_is_read_in_its_encoding(encoding: str) -> None:
    assert Outcome(as_csv(GOOD, encoding=encoding)).values("person_name") == ["韦甲", "韦甲"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_text_file_is_read_with_its_delimiter(delimiter: str) -> None:
    assert len(Outcome(as_csv(GOOD, delimiter=delimiter)).rows) == 2


def test_a_name_outside_gb2312_survives_gb18030() -> None:
    content = as_csv([titles(), dibao(person_name="韦㼆䶮")], encoding="gb18030")
    assert Outcome(content).values("person_name") == ["韦㼆䶮"]


def test_one_broken_byte_spoils_one_row_of_a_utf8_file() -> None:
    rows = [titles(), *(dibao(n) for n in range(50))]
    content = as_csv(rows).replace("韦甲".encode(), b"\xe9\x9f", 1)
    assert Outcome(content).codes == [(2, "unreadable")]


def test_a_stray_quote_swallows_no_other_row() -> None:
    content = as_csv([titles(), dibao(0, person_name='"韦甲'), dibao(1), dibao(2)])
    outcome = Outcome(content)
    assert (list(outcome.rows), outcome.codes) == ([3, 4], [(2, "stray_quote")])


def test_a_quoted_cell_may_hold_the_delimiter() -> None:
    content = as_csv([titles(), dibao(0, amount_yuan='"1,735.00"')])
    assert Outcome(content).values("amount_yuan") == ["1735.00"]


def test_a_quoted_cell_may_span_two_lines() -> None:
    content = as_csv(
        [titles("medical_settlement"), medical(0, hospital='"某医院\n分院"'), medical(1)]
    )
    outcome = Outcome(content, "medical_settlement")
    assert outcome.values("hospital") == ["某医院 分院", "某定点医院"]


def test_a_row_with_an_extra_cell_is_a_fault_of_that_row() -> None:
    content = as_csv([titles(), [*dibao(0), "多"], dibao(1)])
    assert Outcome(content).codes == [(2, "row_width")]


def test_a_row_with_a_missing_cell_is_a_fault_of_that_row() -> None:
    assert Outcome(as_csv([titles(), dibao(0)[:-1], dibao(1)])).codes == [(2, "row_width")]


def test_all_faults_of_a_row_are_told_at_once() -> None:
    content = as_csv([titles(), dibao(0, people="零", amount_yuan="NaN"), dibao(1)])
    assert Outcome(content).codes == [(2, "not_whole"), (2, "not_an_amount")]


# ---- headings ----


def test_the_heading_is_found_below_title_lines() -> None:
    title = ["低保金发放明细表", *[""] * 6]
    outcome = Outcome(as_csv([title, ["制表日期：2026-11-01", *[""] * 6], titles(), dibao()]))
    assert (outcome.notes["heading_row"], list(outcome.rows)) == (3, [4])


def test_columns_may_stand_in_any_order() -> None:
    reverse = [row[::-1] for row in GOOD]
    assert Outcome(as_csv(reverse)).rows == Outcome(as_csv(GOOD)).rows


def test_other_headings_of_the_contract_are_known() -> None:
    heading = ["户主姓名", "证件号码", "低保类别", "保障人口", "月份", "金额（元）", "打卡日期"]
    assert len(Outcome(as_csv([heading, dibao()])).rows) == 1


def test_columns_without_use_are_noted() -> None:
    content = as_csv([["序号", *titles(), "备注栏"], ["1", *dibao(), "无"]])
    assert Outcome(content).notes["unused_columns"] == ["序号", "备注栏"]


def test_missing_required_columns_are_named() -> None:
    heading = titles()[:-2]
    assert "发放金额、发放日期" in refused(as_csv([heading, dibao()[:-2]])).sentence


def test_a_file_without_a_heading_is_refused() -> None:
    assert refused(as_csv([dibao(0), dibao(1)])).code == "heading_not_found"


def test_a_heading_merged_over_two_rows_is_read() -> None:
    columns = titles("medical_settlement")
    upper = [*columns[:8], "费用（元）", "", "", "", ""]
    lower = [*[""] * 8, *columns[8:]]
    outcome = Outcome(as_xlsx([upper, lower, medical()]), "medical_settlement")
    assert (list(outcome.rows), outcome.values("self_paid_yuan")) == ([3], ["350.00"])


def test_the_unit_of_a_heading_converts_its_column() -> None:
    heading = [t if t != "发放金额" else "发放金额（万元）" for t in titles()]
    assert Outcome(as_csv([heading, dibao(amount_yuan="0.0735")])).values("amount_yuan") == [
        "735.00"
    ]


def test_the_unit_of_a_title_line_converts_all_amounts() -> None:
    content = as_csv([["单位：万元", *[""] * 6], titles(), dibao(amount_yuan="0.0735")])
    assert Outcome(content).values("amount_yuan") == ["735.00"]


# ---- rows that are none ----


def test_totals_and_signatures_are_passed_over_and_noted() -> None:
    totals = ["合 计", *[""] * 4, "1470.00", ""]
    signed = ["制表人：韦某", "", "审核人：覃某", *[""] * 4]
    outcome = Outcome(as_csv([*GOOD, totals, signed]))
    assert (
        outcome.end["faulty"],
        outcome.notes["totals_lines"]["rows"],
        outcome.notes["signature_lines"]["rows"],
    ) == (0, [4], [5])


def test_a_heading_repeated_on_the_next_page_is_passed_over() -> None:
    outcome = Outcome(as_csv([*GOOD, titles(), dibao(2)]))
    assert (outcome.end["faulty"], outcome.notes["repeated_headings"]["rows"]) == (0, [4])


def test_blank_rows_are_counted() -> None:
    blank = [""] * 7
    assert Outcome(as_csv([titles(), dibao(0), blank, blank, dibao(1)])).end["blank"] == 2


def test_a_person_whose_name_begins_like_a_totals_line_is_still_checked() -> None:
    content = as_csv([titles(), dibao(0, person_name="合计", id_number=person_id(0)[:-1] + "Z")])
    assert Outcome(content).end["faulty"] == 1


# ---- workbooks ----


def test_a_workbook_with_real_dates_and_numbers_is_read() -> None:
    row = dibao(people=3, amount_yuan=735.0, paid_on=date(2026, 10, 18))
    assert Outcome(as_xlsx([titles(), row])).rows[2] == Outcome(as_csv(GOOD)).rows[2]


def test_a_workbook_of_1904_keeps_its_days() -> None:
    content = as_xlsx([titles(), dibao(paid_on=date(2026, 10, 18))], date_1904=True)
    assert Outcome(content).values("paid_on") == ["2026-10-18"]


def test_an_unformatted_serial_of_1904_keeps_its_day() -> None:
    serial = (date(2026, 10, 18) - date(1904, 1, 1)).days
    content = as_xlsx([titles(), dibao(paid_on=serial)], date_1904=True)
    assert Outcome(content).values("paid_on") == ["2026-10-18"]


def test_an_identity_number_stored_as_a_number_is_a_fault_with_its_own_hint() -> None:
    outcome = Outcome(as_xlsx([titles(), dibao(id_number=float(person_id()[:17] + "0"))]))
    assert [code for _, _, code, _ in outcome.faults] == ["id_scientific"]


def test_a_hidden_sheet_is_not_read_but_noted() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        write_sheet(book, "数据", GOOD)
        write_sheet(book, "旧数据", [titles(), dibao(7)]).hide()
    outcome = Outcome(content.getvalue())
    assert (len(outcome.rows), outcome.notes["hidden_sheets"]) == (2, ["旧数据"])


def test_two_sheets_with_data_are_refused() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        write_sheet(book, "一月", GOOD)
        write_sheet(book, "二月", [titles(), dibao(7)])
    assert "一月、二月" in refused(content.getvalue()).sentence


def test_the_filled_in_template_is_read() -> None:
    from monitoring.feeds import FEEDS
    from monitoring.intake.template import template_file

    book = openpyxl.load_workbook(io.BytesIO(template_file(FEEDS["dibao_payment"])))
    book.worksheets[0].append(dibao())
    filled = io.BytesIO()
    book.save(filled)
    outcome = Outcome(filled.getvalue())
    assert (list(outcome.rows), outcome.notes["other_sheets"]) == ([2], ["填写说明"])


def test_a_workbook_that_lies_about_its_dimension_is_read_whole() -> None:
    content = rezipped(
        as_xlsx([titles(), *(dibao(n) for n in range(100))]),
        lambda xml: re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:G2"/>', xml),
    )
    assert len(Outcome(content).rows) == 100


def rezipped(content: bytes, change: object) -> bytes:
    """The workbook with its first sheet's XML changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                data = change(data)  # type: ignore[operator]
            new.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


# ---- what is refused, each with its own code ----


def test_an_empty_file_is_refused() -> None:
    assert refused(b"").code == "empty_file"


def test_a_web_page_named_like_a_workbook_is_refused() -> None:
    assert refused(b"<html><body><table></table></body></html>").code == "web_page"


def test_a_picture_is_refused() -> None:
    assert refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50).code == "not_a_table"


def test_a_word_document_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refused(content.getvalue()).code == "not_a_table"


def test_a_workbook_with_a_password_is_refused() -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    content = head + "EncryptedPackage".encode("utf-16-le") + b"\0" * 400
    assert refused(content).code == "encrypted"


def test_a_damaged_workbook_is_refused() -> None:
    assert refused(as_xlsx(GOOD)[:-300]).code == "damaged"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (120 * 1024 * 1024))
    assert refused(content.getvalue()).code == "zip_bomb"


def test_a_zip_with_a_million_entries_is_refused_by_its_directory() -> None:
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65000, 65000, 2**31, 0, 0)
    assert refused(b"PK\x03\x04" + b"\0" * 100 + end).code == "zip_bomb"


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    assert refused(_lying_workbook()).code == "damaged"


def _lying_workbook() -> bytes:
    """Its directory says 1 KB, the stream unpacks to 64 MB."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = packer.compress(b"<row><c><v>" + b"1" * (64 << 20)) + packer.flush()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(GOOD))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            if entry.filename != "xl/worksheets/sheet1.xml":
                new.writestr(entry, old.read(entry))
        lie = zipfile.ZipInfo("xl/worksheets/sheet1.xml")
        lie.compress_type, lie.CRC = zipfile.ZIP_DEFLATED, 0
        lie.compress_size, lie.file_size = len(packed), 1024
        lie.header_offset = new.fp.tell()  # type: ignore[union-attr]
        new.fp.write(lie.FileHeader() + packed)  # type: ignore[union-attr]
        new.filelist.append(lie)
        new.start_dir = new.fp.tell()  # type: ignore[union-attr]
    return out.getvalue()


def test_a_child_that_needs_too_much_memory_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposable, "MAX_MEMORY", 150 << 20)
    content = as_csv([titles(), [*dibao()[:-1], "x" * (40 << 20)]])
    assert refused(content).code == "reading_died"


def in_the_corners(*cells: str) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for cell in cells:
            sheet.write(cell, "x")
    return content.getvalue()


def test_cells_in_both_far_corners_kill_only_the_child() -> None:
    assert refused(in_the_corners("A1", "XFD1048576")).code == "reading_died"


def test_a_lone_cell_in_the_last_corner_is_refused() -> None:
    assert refused(in_the_corners("XFD1048576")).code == "heading_not_found"


def test_a_child_that_is_killed_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    real = disposable.subprocess.Popen

    def killed(*args: object, **kwargs: object) -> object:
        process = real(*args, **kwargs)
        os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(disposable.subprocess, "Popen", killed)
    assert refused(as_csv(GOOD)).code == "reading_too_long"


def test_a_child_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposable, "MAX_SECONDS", 0.01)
    monkeypatch.setattr(disposable, "QUIET", 0.05)
    real = disposable.subprocess.Popen
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(disposable.subprocess, "Popen", lambda _, **more: real(sleeper, **more))
    assert refused(as_csv(GOOD)).code == "reading_too_long"


def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    real = disposable.subprocess.Popen

    def spied(*args: object, **kwargs: object) -> object:
        seen.update(kwargs["env"])  # type: ignore[call-overload]
        return real(*args, **kwargs)

    monkeypatch.setattr(disposable.subprocess, "Popen", spied)
    Outcome(as_csv(GOOD))
    assert set(seen) == {"PATH", "LANG", "PYTHONUTF8"}


def test_the_reading_process_imports_no_django() -> None:
    script = "import monitoring.intake.child, sys; print('django' in sys.modules)"
    done = disposable.subprocess.run(
        [sys.executable, "-c", script],
        cwd=reading.__file__.rsplit("/monitoring/", 1)[0],
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == b"False"
