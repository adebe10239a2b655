"""Places brought in from files: divisions down to the village, and the county's list of tun."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from grid.models import Region
from grid.roles import Act, Level
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import Refusal

VILLAGE_HEADING, CODE_HEADING, NAME_HEADING = "村（社区）代码", "屯代码", "屯名称"
LAST_NUMBER = 999  # three digits behind the village's code


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows came new, changed a place, or said what was known already."""

    added: int
    changed: int
    unchanged: int

    @property
    def sentence(self) -> str:
        return f"新增 {self.added} 个，更新 {self.changed} 个，无变化 {self.unchanged} 个"


@transaction.atomic
def import_divisions(*, acting: Any, divisions: Mapping[str, Any]) -> Imported:
    """County, townships and villages from statistical division data; codes decide who is who.

    `divisions` has `district` and `townships` with `units`, as in grid/divisions.json.
    Repeating it changes nothing. Raises NotAllowed, Refusal when codes do not nest.
    """
    county = divisions["district"]
    require(acting, Act.EDIT_REGISTRY, code=county["code"])
    note = divisions.get("_note", {})
    source = f"{note.get('upstream', '')}（{note.get('package', '')} {note.get('version', '')}）"[
        :200
    ]
    regions = list(_divisions(divisions, source))
    for region in regions:
        if region.parent_id is not None and not region.code.startswith(region.parent_id):
            raise Refusal(
                f"{region.name} 的代码 {region.code} 不以上级 {region.parent_id} 开头，"
                "没有导入任何行。请核对区划文件。"
            )
    counts = _keep(regions, ("name", "official_name", "is_community", "resident_population"))
    record(
        acting=acting,
        verb="import_divisions",
        subject=("grid.region", county["code"]),
        detail={"added": counts.added, "changed": counts.changed},
    )
    return counts


def _divisions(divisions: Mapping[str, Any], source: str) -> Iterable[Region]:
    county = divisions["district"]
    yield Region(
        code=county["code"],
        name=county["name"],
        level=Level.COUNTY,
        resident_population=county.get("resident_population_2020"),
        source=source,
    )
    for township in divisions["townships"]:
        yield Region(
            code=township["code"],
            name=township["name"],
            level=Level.TOWNSHIP,
            parent_id=county["code"],
            resident_population=township.get("resident_population_2020"),
            source=source,
        )
        for unit in township["units"]:
            yield Region(
                code=unit["code"],
                name=unit["name"].replace("（同音）", ""),
                official_name=unit["official_name"],
                level=Level.VILLAGE,
                parent_id=township["code"],
                is_community=unit["kind"] == "community",
                name_to_confirm=unit["homophone_placeholder"],
                source=source,
            )


def _keep(regions: list[Region], fields: tuple[str, ...]) -> Imported:
    """Write what is new or differs in `fields`. A name corrected by hand is not set back."""
    known = Region.objects.in_bulk([region.code for region in regions])
    new = [region for region in regions if region.code not in known]
    changed = []
    for region in regions:
        held = known.get(region.code)
        if held is None:
            continue
        if region.name_to_confirm and not held.name_to_confirm:
            region.name = held.name
        if any(getattr(held, f) != getattr(region, f) for f in fields):
            for f in fields:
                setattr(held, f, getattr(region, f))
            changed.append(held)
    Region.objects.bulk_create(new, batch_size=2000)
    Region.objects.bulk_update(changed, fields, batch_size=500)
    return Imported(len(new), len(changed), len(regions) - len(new) - len(changed))


@transaction.atomic
def import_tuns(*, acting: Any, rows: Iterable[Mapping[str, str]]) -> Imported:
    """Tun below their villages, from rows keyed 村（社区）代码, 屯代码 (may be empty), 屯名称.

    Without a code the name decides; a new name gets the village's next number. All or nothing:
    the first wrong row raises a Refusal naming its line (the heading is line 1).
    """
    rows = list(rows)
    if not rows:
        raise Refusal("文件里没有屯。请在表头下面每行填一个屯，再导入。")
    with connection.cursor() as cursor:  # two imports may not give out the same number
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('grid.import_tuns'))")
    villages = Region.objects.at(Level.VILLAGE).in_bulk(
        {(row.get(VILLAGE_HEADING) or "").strip() for row in rows}
    )
    desk = _TunDesk(set(villages))
    tuns = [_read_tun(row, line, villages, desk, acting) for line, row in enumerate(rows, start=2)]
    counts = _keep(tuns, ("name",))
    record(
        acting=acting,
        verb="import_tuns",
        subject=("grid.region", ""),
        detail={"added": counts.added, "changed": counts.changed, "villages": len(villages)},
    )
    return counts


class _TunDesk:
    """Names and codes of the tun that exist or were read already, by village."""

    def __init__(self, villages: set[str]) -> None:
        self.codes: dict[tuple[str, str], str] = {}
        self.last: dict[str, int] = {}
        self.read: set[str] = set()
        for code, name, village in (
            Region.objects.at(Level.TUN)
            .filter(parent__in=villages)
            .values_list("code", "name", "parent_id")
        ):
            self.codes[village, name] = code
            self.last[village] = max(self.last.get(village, 0), int(code[12:]))

    def code_for(self, village: str, name: str) -> str:
        if (code := self.codes.get((village, name))) is None:
            number = self.last[village] = self.last.get(village, 0) + 1
            if number > LAST_NUMBER:
                raise Refusal(f"{village} 的屯已超过 {LAST_NUMBER} 个，请核对村代码。")
            code = self.codes[village, name] = f"{village}{number:03d}"
        return code


def _read_tun(
    row: Mapping[str, str],
    line: int,
    villages: Mapping[str, Region],
    desk: _TunDesk,
    acting: Any,
) -> Region:
    village, code, name = (
        (row.get(heading) or "").strip()
        for heading in (VILLAGE_HEADING, CODE_HEADING, NAME_HEADING)
    )
    if village not in villages:
        raise Refusal(
            f"第 {line} 行：没有代码为“{village}”的村（社区），没有导入任何行。请填 12 位统计代码。"
        )
    require(acting, Act.EDIT_REGISTRY, code=village)
    if not name or len(name) > 60:
        raise Refusal(f"第 {line} 行：屯名称没有填或超过 60 字，没有导入任何行。请改正后重新导入。")
    if code and not (len(code) == 15 and code.isascii() and code.isdigit()):
        raise Refusal(
            f"第 {line} 行：屯代码“{code}”不是 15 位数字，没有导入任何行。可留空自动编号。"
        )
    if code and not code.startswith(village):
        raise Refusal(
            f"第 {line} 行：屯代码 {code} 不以村代码 {village} 开头，没有导入任何行。请改正或留空。"
        )
    code = code or desk.code_for(village, name)
    if code in desk.read:
        raise Refusal(f"第 {line} 行：屯“{name}”重复出现，没有导入任何行。请删去重复的行。")
    desk.read.add(code)
    desk.last[village] = max(desk.last.get(village, 0), int(code[12:]))
    return Region(code=code, name=name, level=Level.TUN, parent_id=village, source="县级屯名册导入")
