"""Department files for tests: good rows of each data set, written as clerks and machines would."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter
from django.utils import timezone

from monitoring.actions.upload_steps import advance_upload
from monitoring.actions.uploads import receive_upload
from monitoring.feeds import FEEDS
from monitoring.intake import reading
from monitoring.intake.contract import contract_of, id_first
from monitoring.intake.disposable import check_lines
from monitoring.models import Upload
from tests.world import id_number

Table = Sequence[Sequence[Any]]


def titles(feed: str = "dibao_payment") -> list[str]:
    return [column["title"] for column in contract_of(FEEDS[feed])]


def person_id(n: int = 0) -> str:
    """The n-th of many valid numbers of nobody."""
    return id_number(date(1960 + n // 400 % 40, 1 + n % 12, 1 + n % 28), "M", n % 400)


def dibao(n: int = 0, **changed: Any) -> list[Any]:
    """One good row of dibao payments; keyword arguments replace cells by contract name."""
    row: dict[str, Any] = {
        "person_name": "韦甲",
        "id_number": person_id(n),
        "kind": "农村低保",
        "people": "3",
        "month_on": "2026-10",
        "amount_yuan": "735.00",
        "paid_on": "2026-10-18",
    }
    return list((row | changed).values())


def medical(n: int = 0, **changed: Any) -> list[Any]:
    """One good row of medical settlements."""
    row: dict[str, Any] = {
        "person_name": "蓝乙",
        "id_number": person_id(n),
        "settlement_no": f"JS{n:08}",
        "kind": "正常",
        "hospital": "某定点医院",
        "care": "住院",
        "disease": "",
        "settled_on": "2026-10-12",
        "total_yuan": "1000.00",
        "basic_paid_yuan": "600.00",
        "serious_paid_yuan": "50.00",
        "assistance_paid_yuan": "0.00",
        "self_paid_yuan": "350.00",
    }
    return list((row | changed).values())


def as_csv(table: Table, *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """The table as plain text: no quoting, so that tests put quotes where they want them."""
    return "".join(delimiter.join(map(str, row)) + "\r\n" for row in table).encode(encoding)


def as_xlsx(table: Table, *, sheet: str = "数据", **options: Any) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, **options}) as book:
        write_sheet(book, sheet, table)
    return content.getvalue()


def write_sheet(book: Any, name: str, table: Table) -> Any:
    sheet = book.add_worksheet(name)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for r, row in enumerate(table):
        for c, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(r, c, cell)
            elif isinstance(cell, date):
                sheet.write_datetime(r, c, cell, day)
            else:
                sheet.write(r, c, cell)
    return sheet


class Outcome:
    """What the real child process made of a file."""

    def __init__(
        self, content: bytes, feed: str = "dibao_payment", kind: str | None = None
    ) -> None:
        file = io.BytesIO(content)
        kind = kind or reading.sniff(file)
        names = [column["name"] for column in id_first(FEEDS[feed])]
        self.rows: dict[int, dict[str, str]] = {}
        self.faults: list[tuple[int, str, str, str]] = []  # row, column, code, seen
        self.people: list[tuple[str, ...]] = []  # whom faulty rows are about
        with _on_disk(content) as on_disk:
            lines = check_lines(on_disk, FEEDS[feed], kind=kind, today=timezone.localdate())
            for line in (line.decode() for some in lines for line in some):
                mark, *parts = line.split("\t")
                if mark == "R":
                    self.rows[int(parts[0])] = dict(zip(names, parts[1:], strict=True))
                elif mark == "F":
                    self.faults.append((int(parts[0]), *parts[1:4]))
                elif mark == "H":
                    self.people.append(tuple(parts))
        assert lines.end is not None
        self.end = lines.end
        self.notes = lines.end["notes"]

    def values(self, name: str) -> list[str]:
        return [row[name] for row in self.rows.values()]

    @property
    def codes(self) -> list[tuple[int, str]]:
        return [(row, code) for row, _, code, _ in self.faults]


def _on_disk(content: bytes) -> Any:
    import tempfile

    file = tempfile.TemporaryFile()
    file.write(content)
    file.flush()
    return file


def send(
    acting: Any,
    content: bytes,
    *,
    feed: str = "dibao_payment",
    on_faults: str = Upload.OnFaults.TAKE_GOOD,
    **more: Any,
) -> Upload:
    """Receive a file as the API does."""
    return receive_upload(
        acting=acting,
        feed=feed,
        file=io.BytesIO(content),
        filename="数据.csv",
        channel=Upload.Channel.API_FILE,
        on_faults=on_faults,
        **more,
    ).upload


def work(upload: Upload) -> Upload:
    """Do what the workers would until nothing is left to do at once."""
    while advance_upload(upload.pk):
        pass
    upload.refresh_from_db()
    return upload


def counts(upload: Upload) -> dict[str, int]:
    names = ("rows_in", "accepted", "unchanged", "faulty", "duplicate", "blank", "unmatched")
    return {name: getattr(upload, name) for name in names}
