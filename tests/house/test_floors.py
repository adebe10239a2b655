"""Floors that import-linter cannot see: foreign keys by string, and names of modules."""

from pathlib import Path

import pytest
from django.apps import apps

from yizhou.settings import ROOT

FLOORS = {"yizhou": 0, "grid": 1, "monitoring": 2, "assistance": 3, "relief": 4}
APPS = sorted(FLOORS)
FORBIDDEN = {"utils", "util", "common", "helpers", "core", "base", "services", "managers", "misc"}


def sources() -> list[Path]:
    return [p for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts]


def test_foreign_keys_look_down() -> None:
    up = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model._meta.app_label in FLOORS
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and field.related_model._meta.app_label in FLOORS
        and FLOORS[field.related_model._meta.app_label] > FLOORS[model._meta.app_label]
        and model._meta.label != "yizhou.AuditEntry"  # who acted: by settings, no constraint
    ]
    assert up == []


def test_no_module_is_called_nothing_in_particular() -> None:
    assert [str(p) for p in sources() if p.stem in FORBIDDEN or set(p.parts) & FORBIDDEN] == []


def test_nothing_is_deeper_than_app_kind_subject() -> None:
    deep = [
        str(p)
        for p in sources()
        if len(p.relative_to(ROOT).parts) > 3 and "management" not in p.parts
    ]
    assert deep == []


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_top_level_is_the_card_s() -> None:
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert packages <= {*APPS, "tests"}
