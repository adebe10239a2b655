"""Codes of grids that were merged away, wherever an old link or file still names them."""

from grid.models import RegionChange
from grid.roles import CODE_LENGTH, Level

LONGEST_CHAIN = 20


def current_code(code: str) -> str:
    """The code that stands for this one today: itself, unless the grid was merged into another."""
    if len(code) != CODE_LENGTH[Level.GRID]:
        return code
    for _ in range(LONGEST_CHAIN):
        merged = (
            RegionChange.objects.filter(kind=RegionChange.Kind.MERGED, old_code=code)
            .order_by("-at")
            .values_list("new_code", flat=True)
            .first()
        )
        if merged is None:
            break
        code = merged
    return code
