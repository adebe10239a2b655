"""Kinds of the corpus: JSON, NDJSON, gzip, and what is no table at all."""

import gzip
import json

from tests.monitoring.batches import as_csv, dibao, person_id, titles
from tests.monitoring.corpus import (
    DIBAO,
    as_json,
    as_lines,
    kind,
    names,
    objects,
    rows,
    table,
    text,
)

# ---- JSON and NDJSON ----

kind("json:an array", as_json(objects()), good=3, at=1)
kind("json:pretty", json.dumps(objects(), ensure_ascii=False, indent=2).encode(), good=3, at=1)
kind("json:rows", as_json({"feed": DIBAO, "rows": objects(), "end": [1, {}]}), good=3, at=1)
kind("json:with a mark", b"\xef\xbb\xbf" + as_json(objects()), good=3, at=1)
kind("json:utf-16", as_json(objects()).decode().encode("utf-16"), good=3, at=1)
kind("json:gb18030", as_json(objects()).decode().encode("gb18030"), good=3, at=1)
kind("json:escaped", json.dumps(objects()).encode(), good=3, at=1)
kind("json:5000 rows", lambda: as_json(objects(5000)), good=5000, at=1)
kind("json:cut off", as_json(objects())[:-20], refused="json_broken")
kind("json:no closing bracket", as_json(objects())[:-1], refused="json_broken")
kind("json:a comma too much", as_json(objects())[:-1] + b",]", refused="json_broken")
kind("json:something behind", as_json(objects()) + b"[1]", refused="json_trailing")
kind(
    "json:rows with something behind", as_json({"rows": objects()}) + b"}", refused="json_trailing"
)
kind(
    "json:single quotes",
    as_json(objects()).replace(b'"', b"'"),
    refused=("json_broken", "json_shape", "heading_not_found"),
)
kind("json:empty array", b"[]", refused="no_rows")
kind("json:empty object", b"{}", refused=("json_shape", "heading_not_found"))
kind("json:a scalar", b"12", refused="heading_not_found")
kind("json:an array of scalars", b"[1, 2, 3]", refused="json_shape")
kind("json:arrays of cells", as_json(table()), refused="json_shape")
kind("json:one pretty object", json.dumps(objects()[0], indent=1).encode(), refused="json_shape")
kind("json:another data set", as_json([{"a": 1, "b": 2}]), refused="heading_not_found")
kind("json:a bottomless nest", b"[" * 100_000, refused="json_broken")
kind("json:a bottomless object", b'[{"a":' * 100_000, refused="json_broken")
kind(
    "json:a row of three megabytes",
    as_json([*objects(), {"姓名": "x" * (3 << 20)}]),
    refused="json_broken",
)


def json_cell(
    name: str,
    value: str,
    *,
    code: str = "",
    reads: dict[str, str] | None = None,
    column: str = "发放金额",
) -> None:
    content = text(
        as_json(objects()),
        f'"{column}": "{dict(zip(titles(), dibao(0), strict=True))[column]}"',
        f'"{column}": {value}',
        1,
    )
    expected = (
        {"good": 2, "faulty": 1, "codes": code, "at": 2}
        if code
        else {"good": 3, "reads": reads, "at": 1}
    )
    kind(f"json:{name}", content, **expected)


json_cell("a number", "735.5", reads={"amount_yuan": "735.50"})
json_cell("null where required", "null", code="required")
json_cell("a nested object", '{"元": 735}', code="nested_value")
json_cell("a nested array", "[735]", code="nested_value")
json_cell("NaN", "NaN", code="not_a_number")
json_cell("minus Infinity", "-Infinity", code="not_a_number")
json_cell("1e999", "1e999", code="not_a_number")
json_cell("true", "true", code="boolean")
json_cell("false in a name", "false", code="boolean", column="姓名")
json_cell("a number of 5000 digits", "9" * 5000, code="not_an_amount")
json_cell("an ID as a number", person_id(0)[:17], code="id_scientific", column="身份证号")
json_cell("a name twice", '1, "发放金额": 2', code="duplicate_name")
json_cell("a lone surrogate", '"韦\\ud800"', code="unreadable", column="姓名")
json_cell("an escaped NUL", '"韦\\u0000甲"', reads={"person_name": "韦甲"}, column="姓名")
kind(
    "json:rows that are no objects",
    as_json([*objects(2), 5, "合同", None, [1]]),
    good=2,
    faulty=4,
    codes=("not_an_object",) * 4,
    at=1,
)
kind(
    "json:other names in later rows",
    as_json([*objects(20), dict(zip(names(), dibao(20), strict=True))]),
    good=21,
    at=1,
)
kind("ndjson:good", as_lines(objects()), good=3, at=1)
kind("ndjson:no last line end", as_lines(objects()).rstrip(), good=3, at=1)
kind("ndjson:windows lines", as_lines(objects()).replace(b"\n", b"\r\n"), good=3, at=1)
kind("ndjson:blank lines", as_lines(objects()).replace(b"\n", b"\n\n"), good=3, blank=3, at=1)
kind(
    "ndjson:a bad line in the middle",
    as_lines(objects(2)) + b'{"a": \n' + as_lines(objects(2)),
    good=4,
    faulty=1,
    codes="json_line",
    at=1,
)
kind(
    "ndjson:a bad first line",
    b'{"a": \n' + as_lines(objects(2)),
    good=2,
    faulty=1,
    codes="json_line",
)
kind("ndjson:cut off", as_lines(objects())[:-30], good=2, faulty=1, codes="json_line", at=1)
kind(
    "ndjson:a scalar line",
    as_lines([*objects(2), 7]),
    good=2,
    faulty=1,
    codes="not_an_object",
    at=1,
)
kind("ndjson:an empty object", as_lines([*objects(2), {}]), good=2, blank=1, at=1)
kind(
    "ndjson:commas behind lines", as_lines(objects()).replace(b"}\n", b"},\n"), refused="json_shape"
)
kind(
    "ndjson:a line of three megabytes",
    as_lines([*objects(2), {"姓名": "x" * (3 << 20)}]),
    good=2,
    faulty=1,
    codes="json_line",
    at=1,
)
kind(
    "ndjson:5000 rows, each tenth broken",
    lambda: b"".join(as_lines([o]) if n % 10 else b'{"x\n' for n, o in enumerate(objects(5000))),
    good=4500,
    faulty=500,
    codes=("json_line",) * 500,
    at=2,
)

# ---- gzip ----

PLAIN = as_csv(table())
PACKED = gzip.compress(PLAIN)
kind("gzip:csv", PACKED, good=3)
kind("gzip:gb18030", gzip.compress(as_csv(table(), encoding="gb18030")), good=3)
kind("gzip:json", gzip.compress(as_json(objects())), good=3, at=1)
kind("gzip:ndjson", gzip.compress(as_lines(objects())), good=3, at=1)
kind("gzip:two members", gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]), good=3)
kind("gzip:truncated", gzip.compress(as_csv([titles(), *rows(2000)]))[:-500], refused="damaged")
kind("gzip:only its first bytes", PACKED[:5], refused="damaged")
kind("gzip:wrong checksum", PACKED[:-8] + b"\0" * 8, refused="damaged")
kind("gzip:garbage behind", PACKED + b"garbage", refused="damaged")
kind("gzip:bomb", lambda: gzip.compress(PLAIN + b",,,,,,\r\n" * (9 << 20)), refused="zip_bomb")
kind("gzip:nested", gzip.compress(PACKED), refused="nested_gzip")
kind("gzip:empty inside", gzip.compress(b""), refused="empty_file")
kind(
    "gzip:a picture inside", gzip.compress(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), refused="not_a_table"
)
kind("gzip:a page inside", gzip.compress(b"<html></html>"), refused="web_page")

# ---- what is no table ----

for name, content, code in (
    ("nothing", b"", "empty_file"),
    ("blanks", b" \r\n\r\n\t ", "empty_file"),
    ("only a mark", b"\xef\xbb\xbf", "empty_file"),
    ("only a utf-16 mark", b"\xff\xfe", "empty_file"),
    ("html as xls", b"<html><table><tr><td>1</td></tr></table></html>", "web_page"),
    ("html in utf-16", "<html><table></table></html>".encode("utf-16"), "web_page"),
    ("xml spreadsheet 2003", b'<?xml version="1.0"?><Workbook/>', "web_page"),
    ("mht", b"MIME-Version: 1.0\r\n", "web_page"),
    ("pdf", b"%PDF-1.7\n" + b"1 0 obj" * 20, "not_a_table"),
    ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50, "not_a_table"),
    ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\1" * 50, "not_a_table"),
    ("gif", b"GIF89a" + b"\1" * 50, "not_a_table"),
    ("rar", b"Rar!\x1a\7\0" + b"\1" * 50, "not_a_table"),
    ("7z", b"7z\xbc\xaf\x27\x1c" + b"\1" * 50, "not_a_table"),
    ("bzip2", b"BZh91AY&SY" + b"\1" * 50, "not_a_table"),
    ("rtf", b"{\\rtf1\\ansi}", "not_a_table"),
    ("zeros", b"\0" * 5000, "not_a_table"),
    ("a program", b"\x7fELF\2\1\1" + b"\0" * 60, "not_a_table"),
    ("prose", "今年的低保工作总结如下。\n".encode() * 30, "heading_not_found"),
    ("an sql dump", b"INSERT INTO x VALUES (1,2);\n" * 30, "heading_not_found"),
):
    kind(f"no table:{name}", content, refused=code)
