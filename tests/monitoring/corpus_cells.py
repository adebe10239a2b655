"""Kinds of the corpus: single cells that senders write in every way there is."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.monitoring.batches import as_csv, dibao, medical, person_id, titles
from tests.monitoring.corpus import DIBAO, MEDICAL, changed, kind, rows

# ---- cells ----


def cell(
    family: str,
    column: str,
    value: Any,
    *,
    code: str | tuple[str, ...] = "",
    reads: str | None = None,
    feed: str = DIBAO,
) -> None:
    one = dibao if feed == DIBAO else medical
    content = as_csv([titles(feed), one(0, **{column: value}), one(1), one(2)])
    shown = f"{family}:{str(value)[:40]!r} in {column}"
    if code:
        kind(shown, content, feed=feed, good=2, faulty=1, codes=code, at=3)
    else:
        found = {} if reads is None else {column: reads}
        kind(shown, content, feed=feed, good=3, reads=found)


ID = person_id(0)
X_ID = next(i for i in map(person_id, range(400)) if i.endswith("X"))
SHORT_ID = ID[:6] + ID[8:17]
for value, reads in (
    (X_ID.lower(), X_ID),
    (ID.translate(str.maketrans("0123456789", "０１２３４５６７８９")), ID),
    (f" {ID[:6]} {ID[6:14]} {ID[14:]} ", ID),
    (f"'{ID}", ID),
    (f'"=""{ID}"""', ID),
    (SHORT_ID, ID),
):
    cell("id", "id_number", value, reads=reads)
for value, code in (
    (ID[:17] + ("0" if ID[17] != "0" else "1"), "id_check"),
    (f"{ID[:5]}E+12", "id_scientific"),
    ("4.50122E+17", "id_scientific"),
    (ID[:17], "id_length"),
    (ID + "1", "id_length"),
    (ID[:10] + "0230" + ID[14:], "id_birth"),
    (ID[:6] + "20991231" + ID[14:], "id_birth"),
    (ID[:5] + "O" + ID[6:], "id_characters"),
    (ID[:17] + "Ⅹ", "id_check"),
    ("无", "id_length"),
    ("", "required"),
):
    cell("id", "id_number", value, code=code)
for value, reads in (
    ("2026-3-5", "2026-03-05"),
    ("20260305", "2026-03-05"),
    ("2026年3月5日", "2026-03-05"),
    ("2026.03.05", "2026-03-05"),
    ("2026/3/5 08:30", "2026-03-05"),
    ("２０２６－０３－０５", "2026-03-05"),
):
    cell("day", "settled_on", value, reads=reads, feed=MEDICAL)
TOMORROW = (timezone.localdate() + timedelta(days=1)).isoformat()
for value, code in (
    ("2026-02-30", "no_such_day"),
    ("2026-13-01", "no_such_day"),
    (TOMORROW, "future"),
    ("46000", "serial_day"),
    ("2026.10", "day_missing"),
    ("5/3/2026", "not_a_day"),
    ("26-3-5", "not_a_day"),
    ("上月", "not_a_day"),
    ("0000-00-00", "no_such_day"),
    ("1026-03-05", "year_implausible"),
    ("٢٠٢٦-٠٣-٠٥", "not_a_day"),
):
    cell("day", "settled_on", value, code=code, feed=MEDICAL)
for value in ("2025.10", "202510", "2025年10月", "2025-10-31"):
    cell("month", "month_on", value, reads="2025-10-01")
cell("month", "month_on", "2025.1", code="month_ambiguous")
cell("month", "month_on", "2025-13", code="no_such_day")
for value, reads in (
    ('"18,640.50"', "18640.50"),
    ("１８６４０．５", "18640.50"),
    ("¥18640.5", "18640.50"),
    ("18640.50元", "18640.50"),
    ("+18640.5", "18640.50"),
    ("018640.5", "18640.50"),
):
    cell("amount", "amount_yuan", value, reads=reads)
for value, code in (
    ("1_000", "not_an_amount"),
    ("Infinity", "not_an_amount"),
    ("NaN", "not_an_amount"),
    ("1e5", "not_an_amount"),
    ('"1,86,40"', "not_an_amount"),
    ("一千元", "not_an_amount"),
    ("--5", "not_an_amount"),
    ("0x10", "not_an_amount"),
    ("٧٣٥", "not_an_amount"),
    ("1.8万元", "amount_unit"),
    ("73500分", "amount_unit"),
    ("735.123", "amount_decimals"),
    ("9" * 17, "amount_too_large"),
    ("9" * 400, "not_an_amount"),
    ("=SUM(F2:F9)", "not_an_amount"),
    ("#REF!", "error_cell"),
):
    cell("amount", "amount_yuan", value, code=code)
for unit, sent in (("万元", "0.0735"), ("千元", "0.735"), ("分", "73500"), ("角", "7350")):
    heading = [t if t != "发放金额" else f"发放金额（{unit}）" for t in titles()]
    kind(
        f"unit:{unit} in the heading",
        as_csv([heading, dibao(amount_yuan=sent)]),
        good=1,
        reads={"amount_yuan": "735.00"},
    )
    kind(
        f"unit:{unit} in a title",
        as_csv([[f"单位：{unit}", *[""] * 6], titles(), dibao(amount_yuan=sent)]),
        good=1,
        reads={"amount_yuan": "735.00"},
        at=3,
    )
for value, reads in (
    ("韦㼆䶮", "韦㼆䶮"),
    ("𠮷𡘙", "𠮷𡘙"),
    ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
    ("韦 甲", "韦甲"),
    ("韦　　甲", "韦甲"),
    ("John  Smith", "John Smith"),
    ("韦\u202e甲\u2066", "韦甲"),
    ("韦\x07甲\u200b", "韦甲"),
):
    cell("name", "person_name", value, reads=reads)
for value, code in (
    ("韦甲1", "not_a_name"),
    ("韦甲１", "not_a_name"),
    ("TRUE", "not_a_name"),
    ("#N/A", "error_cell"),
    ("韦" * 61, "too_long"),
    ("\u200b", "required"),
    ("韦\ufffd", "unreadable"),
):
    cell("name", "person_name", value, code=code)
for value in (
    "=cmd|'/C calc'!A0",
    "@SUM(1+1)",
    "+HYPERLINK(1)",
    "-2+3",
    "<script>alert(1)</script>",
    "'; DROP TABLE x;--",
    "C:\\temp\\n",
):
    cell("injection", "hospital", value, reads=value.replace("\\", "\\\\"), feed=MEDICAL)
cell("text", "hospital", "5.3E+11", code="became_number", feed=MEDICAL)
cell("text", "hospital", "医" * 81, code="too_long", feed=MEDICAL)
cell("text", "disease", "", reads="", feed=MEDICAL)
cell("choice", "kind", "农村低保 ")
cell("choice", "kind", "镇上的", code="not_in_list")
cell("choice", "kind", "", code="required")
for value, code in (
    ("3.5", "not_whole"),
    ("三", "not_whole"),
    ("-1", "too_small"),
    ("99999", "too_large"),
    ("٣", "not_whole"),
):
    cell("whole", "people", value, code=code)
cell("whole", "people", "3.0", reads="3")
cell("whole", "people", "３", reads="3")
kind(
    "cells:all faulty at once",
    changed(id_number="1", people="零", amount_yuan="NaN", kind="无"),
    good=2,
    faulty=1,
    codes=("id_length", "not_in_list", "not_whole", "not_an_amount"),
)
kind(
    "cells:a NUL far below",
    as_csv([titles(), *rows(200)]) + as_csv([dibao(200, person_name="韦\0甲")]),
    good=201,
)
kind("cells:a NUL near the top", changed(person_name="韦\0甲"), refused="not_a_table")
