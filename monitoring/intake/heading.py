"""Finding the heading row: below title lines, in any order, in one row or merged over two.

No Django here: the disposable child process imports this file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitoring.intake.cells import INVISIBLE, UNITS
from monitoring.intake.reader import packed, written
from yizhou.refusals import Refusal

LOOKED_AT = 15  # rows from the top
UNIT = re.compile(r"[(\[]?(?:单位[:：])?(千元|万元|元|角|分)[)\]]?$")
DECORATION = re.compile(r"[(\[](?:必填|选填|必填项|\*)[)\]]|[*:：]")
BRACKETS = re.compile(r"\([^()]*\)$")


@dataclass(slots=True)
class Heading:
    """Where each contract column stands."""

    rows: int  # rows from the top down to and including the heading
    places: dict[str, int]  # contract name -> cell index
    units: dict[str, str] = field(default_factory=dict)  # contract name -> 万元 ...
    unused: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # what the row said, packed


def plain(cell: Any) -> str:
    """A heading as it is compared."""
    return (
        DECORATION.sub("", packed(INVISIBLE.sub("", written(cell))))
        if cell not in (None, "")
        else ""
    )


class Aliases:
    """Heading text -> contract column, with what the bracket behind it says of the unit."""

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        self.exact: dict[str, str] = {}
        self.titles: set[str] = set()
        for column in columns:
            self.titles.add(plain(column["title"]))
            for text in (column["title"], column["name"], *column["aliases"]):
                self.exact.setdefault(plain(text), column["name"])

    def find(self, text: str) -> tuple[str, str] | None:
        """(contract name, unit or ""), or None."""
        if name := self.exact.get(text):
            return name, ""
        bare = BRACKETS.sub("", text)
        if name := self.exact.get(bare):
            found = UNIT.search(text[len(bare) :])
            return name, found[1] if found and found[1] in UNITS else ""
        return None


def find_heading(top: Sequence[Sequence[Any]], columns: Sequence[Mapping[str, Any]]) -> Heading:
    """The best heading among the first rows.

    Raises Refusal heading_not_found, or columns_missing naming what is missing.
    """
    aliases = Aliases(columns)
    best = Heading(0, {})
    for at in range(min(len(top), LOOKED_AT)):
        single = _matched(top[at], at + 1, aliases)
        if len(single.places) > len(best.places):
            best = single
        if at and len(
            (double := _matched(_merged(top[at - 1], top[at]), at + 1, aliases)).places
        ) > len(best.places):
            best = double
    titles = {column["name"]: column["title"] for column in columns}
    if len(best.places) < 2:
        raise Refusal(
            "没有找到表头。表头应在前 15 行内，列名与模板一致，例如："
            + "、".join(list(titles.values())[:4])
            + "。请下载模板对照。",
            code="heading_not_found",
        )
    missing = [c["title"] for c in columns if c["required"] and c["name"] not in best.places]
    if missing:
        raise Refusal(
            f"表头在第 {best.rows} 行，缺少必填的列：{'、'.join(missing)}。"
            "列名见模板，请补上后重报。",
            code="columns_missing",
        )
    return best


def _merged(upper: Sequence[Any], lower: Sequence[Any]) -> list[str]:
    """One row of headings from two: a group title above spreads to the right until the next."""
    texts, group = [], ""
    for i in range(max(len(upper), len(lower))):
        above = written(upper[i]) if i < len(upper) and upper[i] not in (None, "") else ""
        below = written(lower[i]) if i < len(lower) and lower[i] not in (None, "") else ""
        group = above or (group if below else "")
        texts.append(f"{group}\n{below}" if below else above)
    return texts


def _matched(cells: Sequence[Any], rows: int, aliases: Aliases) -> Heading:
    heading = Heading(rows, {}, texts=[plain(cell) for cell in cells])
    exact: set[str] = set()
    for i, cell in enumerate(cells):
        group, _, below = written(cell).rpartition("\n") if cell not in (None, "") else ("", "", "")
        found = aliases.find(heading.texts[i]) or aliases.find(plain(below))
        if found is None:
            if heading.texts[i]:
                heading.unused.append(" ".join(written(cell).split())[:40])
            continue
        name, unit = found
        is_title = heading.texts[i] in aliases.titles
        if name in heading.places and (name in exact or not is_title):
            heading.unused.append(" ".join(written(cell).split())[:40])
            continue
        if is_title:
            exact.add(name)
        heading.places[name] = i
        in_group = UNIT.search(plain(group)) if group else None
        heading.units[name] = unit or (in_group[1] if in_group else "")
    return heading
