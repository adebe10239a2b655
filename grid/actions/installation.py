"""What a new county needs before anybody signs in: places, departments, establishment."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from grid.actions.regions import import_divisions
from grid.actions.visit_categories import install_routine
from grid.departments import DEPARTMENTS
from grid.models import Department, Establishment
from grid.roles import ROLES
from yizhou.audit import record

DIVISIONS = Path(__file__).resolve().parent.parent / "divisions.json"
SEATS_SOURCE = "“4+2+2”网格体系；席位数待县里核定"


def shipped_divisions() -> dict[str, Any]:
    """Yizhou's townships and villages. Source: see `_note` in grid/divisions.json."""
    return dict(json.loads(DIVISIONS.read_text(encoding="utf-8")))


@transaction.atomic
def install_county(*, acting: Any) -> str:
    """Enter what is missing, leave alone what is there. Returns what was done, in words."""
    places = import_divisions(acting=acting, divisions=shipped_divisions())
    known = set(Department.objects.values_list("code", flat=True))
    fresh = [
        Department(code=code, name=name, short_name=short)
        for code, (name, short) in DEPARTMENTS.items()
        if code not in known
    ]
    Department.objects.bulk_create(fresh)
    Establishment.objects.bulk_create(
        [
            Establishment(role=role, seats=rule.seats, source=SEATS_SOURCE)
            for role, rule in ROLES.items()
            if rule.seats is not None
        ],
        ignore_conflicts=True,
    )
    install_routine(acting=acting)
    record(
        acting=acting,
        verb="installed_county",
        subject=("installation", ""),
        detail={"departments": len(fresh)},
    )
    return f"区划{places.sentence}，部门新增 {len(fresh)} 个"
