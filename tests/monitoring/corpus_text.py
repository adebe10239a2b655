"""Kinds of the corpus: delimited text, its encodings, quotes, widths and headings."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from tests.monitoring.batches import as_csv, dibao, medical, titles
from tests.monitoring.corpus import MEDICAL, changed, kind, names, rows, table, text

# ---- encodings, line ends, delimiters ----

for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"):
    kind(f"encoding:{encoding}", as_csv(table(), encoding=encoding), good=3)
    kind(
        f"encoding:{encoding} starting with 一",
        as_csv([["一月低保", *[""] * 6], *table()], encoding=encoding),
        good=3,
        at=3,
    )
BE = b"\xfe\xff" + as_csv(table(), encoding="utf-16-be")
kind("encoding:utf-16-be with its mark", BE, good=3)
kind(
    "encoding:utf-16 cut in the middle of a character",
    BE[:-5],
    good=2,
    faulty=1,
    codes="not_a_day",
)
kind("encoding:utf-32", as_csv(table(), encoding="utf-32"), refused="not_a_table")
kind(
    "encoding:big5 mojibake",
    as_csv([["身分證號"], ["姓名"]], encoding="big5"),
    refused="heading_not_found",
)
kind(
    "encoding:one broken byte in utf-8",
    text(as_csv([titles(), *rows(40)]), "韦甲", b"\xe9\x9f", 1),
    good=39,
    faulty=1,
    codes="unreadable",
    at=3,
)
kind("encoding:two marks", b"\xef\xbb\xbf" + as_csv(table(), encoding="utf-8-sig"), good=3)

PLAIN = as_csv(table())
kind("lines:unix", PLAIN.replace(b"\r\n", b"\n"), good=3)
kind("lines:old mac", PLAIN.replace(b"\r\n", b"\r"), good=3)
kind("lines:mixed", PLAIN.replace(b"\r\n", b"\n", 2), good=3)
kind("lines:no end of the last line", PLAIN.rstrip(), good=3)
kind("lines:blank lines below", PLAIN + b"\r\n" * 5, good=3, blank=5)
kind("lines:blank lines between", PLAIN.replace(b"\r\n", b"\r\n\r\n"), good=3, blank=4, at=3)
kind("lines:lines of commas below", PLAIN + b",,,,,,\r\n" * 4, good=3, blank=4)
kind("lines:lines of spaces below", PLAIN + b"   \r\n" * 2, good=3, blank=2)
for name, mark in (("semicolon", ";"), ("tab", "\t"), ("bar", "|")):
    kind(f"delimiter:{name}", as_csv(table(), delimiter=mark), good=3)
kind("delimiter:sep line of Excel", lambda: b"sep=,\r\n" + PLAIN, good=3, at=3)
kind("delimiter:commas at every end", PLAIN.replace(b"\r\n", b",,,\r\n"), good=3)

# ---- quotes and widths ----


def quoted(table: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(table)
    return out.getvalue().encode()


kind("quotes:everywhere", lambda: quoted(table()), good=3)
kind("quotes:everywhere, 5000 rows", lambda: quoted(table(*rows(5000))), good=5000)
kind(
    "quotes:stray at the start",
    lambda: changed(person_name='"韦甲'),
    good=2,
    faulty=1,
    codes="stray_quote",
)
kind(
    "quotes:inside a word",
    lambda: changed(person_name='韦"甲'),
    good=2,
    faulty=1,
    codes="not_a_name",
)
kind(
    "quotes:stray in the last line",
    as_csv([titles(), dibao(0), dibao(1, person_name='"韦')]),
    good=1,
    faulty=1,
    codes="stray_quote",
)
kind(
    "quotes:text behind a closed one",
    lambda: changed(person_name='"韦"甲'),
    good=2,
    faulty=1,
    codes="stray_quote",
)
kind(
    "quotes:a cell over two lines",
    lambda: changed(person_name='"韦\n甲"'),
    good=3,
    reads={"person_name": "韦甲"},
    at=3,
)
kind(
    "quotes:a cell over four lines",
    lambda: changed(person_name='"韦\n\n\n甲"'),
    good=2,
    faulty=2,
    blank=2,
    codes=("stray_quote", "not_a_name"),
)
kind(
    "quotes:stray in every tenth of 5000 rows",
    lambda: as_csv(
        [titles(), *(dibao(n, person_name='"韦' if n % 10 == 0 else "韦甲") for n in range(5000))]
    ),
    good=4500,
    faulty=500,
    codes=("stray_quote",) * 500,
    at=3,
)
kind(
    "quotes:doubled", lambda: changed(person_name='"韦甲"""'), good=2, faulty=1, codes="not_a_name"
)
kind(
    "width:one cell more",
    as_csv([titles(), [*dibao(0), "多"], dibao(1)]),
    good=1,
    faulty=1,
    codes="row_width",
    at=3,
)
kind(
    "width:one cell less",
    as_csv([titles(), dibao(0)[:-1], dibao(1)]),
    good=1,
    faulty=1,
    codes="row_width",
    at=3,
)
kind("width:a lone word", PLAIN + "完\r\n".encode(), good=3, faulty=1, codes="row_width")
kind("width:3000 columns", as_csv([[*row, *["x"] * 3000] for row in table()]), good=3)
kind(
    "width:a cell of 100,000 letters",
    lambda: changed(person_name="韦" * 100_000),
    good=2,
    faulty=1,
    codes="too_long",
)
kind(
    "width:many bad widths",
    as_csv([titles(), *(row[: 3 + n % 5] for n, row in enumerate(rows(3000)))]),
    good=600,
    faulty=2400,
    codes=("row_width",) * 2400,
    at=6,
)

# ---- headings, titles, totals ----

TITLE = ["低保金发放明细表", *[""] * 6]
kind("heading:only", as_csv([titles()]), good=0)
kind("heading:none", as_csv(rows()), refused="heading_not_found")
kind("heading:below two titles", as_csv([TITLE, TITLE, *table()]), good=3, at=4)
kind("heading:below twenty titles", as_csv([*[TITLE] * 20, *table()]), refused="heading_not_found")
kind("heading:reversed columns", as_csv([row[::-1] for row in table()]), good=3)
kind(
    "heading:a required column missing",
    as_csv([row[:-1] for row in table()]),
    refused="columns_missing",
)
kind("heading:contract names", as_csv([names(), *rows()]), good=3)
kind(
    "heading:with stars and spaces",
    as_csv([[f"* {t} （必填）" for t in titles()], *rows()]),
    good=3,
)
kind("heading:spaces inside", as_csv([[" ".join(t) for t in titles()], *rows()]), good=3)
kind(
    "heading:column twice",
    as_csv([[*titles(), "姓名"], *([*r, "别名"] for r in rows())]),
    good=3,
    reads={"person_name": "韦甲"},
)
kind("heading:extra columns", as_csv([["序号", *t, "备注"] for t in table()]), good=3)
kind(
    "heading:numbered",
    as_csv([[f"{n}.{t}" for n, t in enumerate(titles(), 1)], *rows()]),
    refused="heading_not_found",
)
kind("heading:another data set", as_csv([titles(MEDICAL), medical()]), refused="columns_missing")
kind("heading:repeated on each page", as_csv([*table(), titles(), *rows(2, 3)]), good=5, passed=1)
for word in ("合计", "合 计", "总计：", "本页小计", "全县合计"):
    kind(f"totals:{word}", as_csv([*table(), [word, *[""] * 4, "2205", ""]]), good=3, passed=1)
for word in ("制表人：韦某", "审核: 覃某", "单位负责人（签字）：", "填报日期：2026-11-01"):
    passed = "（" not in word
    kind(
        f"signature:{word}",
        as_csv([*table(), [word, *[""] * 6]]),
        good=3,
        passed=int(passed),
        faulty=int(not passed),
        codes=("required",) * 6 if not passed else (),
    )
kind("totals:a name that looks like one", changed(person_name="合计"), good=3)
