"""Names of the places behind grid codes, read once for a whole page."""

from collections.abc import Iterable
from dataclasses import dataclass

from grid.models import Region


@dataclass(frozen=True, slots=True)
class Place:
    """Where a household lives, in names; empty where the code is shorter."""

    township: str = ""
    village: str = ""
    tun: str = ""
    grid: str = ""

    def __str__(self) -> str:
        return f"{self.village}{self.tun}"

    @property
    def full(self) -> str:
        return f"{self.township}{self.village}{self.tun}"


def places_of(codes: Iterable[str]) -> dict[str, Place]:
    """One query for all codes, whatever their level."""
    wanted = set(codes)
    prefixes = {code[:n] for code in wanted for n in (9, 12, 15, 17) if n <= len(code)}
    names = dict(Region.objects.filter(code__in=prefixes).values_list("code", "name"))
    return {
        code: Place(
            township=names.get(code[:9], ""),
            village=names.get(code[:12], ""),
            tun=names.get(code[:15], "") if len(code) >= 15 else "",
            grid=names.get(code, "") if len(code) == 17 else "",
        )
        for code in wanted
    }


def place_of(code: str) -> Place:
    return places_of([code])[code]


def short_name(code: str) -> str:
    """Village and the place itself, for the head of a worker's page."""
    names = dict(Region.objects.filter(code__in={code[:12], code}).values_list("code", "name"))
    return " ".join(dict.fromkeys(names[c] for c in (code[:12], code) if c in names))
