"""What reviewers would say every time, said by a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from yizhou.audit_words import VERBS
from yizhou.settings import ROOT

APPS = ("grid", "monitoring", "assistance", "relief")


def parsed(pattern: str) -> list[tuple[Path, ast.Module]]:
    return [
        (path, ast.parse(path.read_text(encoding="utf-8")))
        for app in APPS
        for path in sorted((ROOT / app).glob(pattern))
    ]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


def calls(node: ast.AST) -> set[str]:
    """Names called anywhere inside, with or without a prefix."""
    found = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            target = call.func
            found.add(target.id if isinstance(target, ast.Name) else getattr(target, "attr", ""))
    return found


def names_in(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def test_views_and_api_have_one_door() -> None:
    """No `.objects` there but `.objects.none()`: rows come through request.user.sees(Model)."""
    doors = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for pattern in ("views/*.py", "api.py")
        for path, tree in parsed(pattern)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}
        if node not in empty_of(tree)
    ]
    assert doors == []


def empty_of(tree: ast.Module) -> list[ast.expr]:
    """The `X.objects` of every `X.objects.none()`: a form's empty choice."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "none"
    ]


def test_views_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{f.name} {(f.end_lineno or 0) - f.lineno + 1}"
        for path, tree in parsed("views/*.py")
        for f in functions(tree)
        if f.args.args and f.args.args[0].arg == "request" and not f.name.endswith("context")
        if (f.end_lineno or 0) - f.lineno + 1 > 25
    ]
    assert long == []


def actions() -> list[tuple[Path, ast.FunctionDef]]:
    return [
        (path, f)
        for path, tree in parsed("actions/*.py")
        for f in functions(tree)
        if "acting" in {a.arg for a in f.args.kwonlyargs} and not f.name.startswith("_")
    ]


@pytest.mark.parametrize(
    ("path", "action"), actions(), ids=lambda x: x.name if isinstance(x, ast.FunctionDef) else ""
)
def test_every_action_is_keyword_only_and_atomic(path: Path, action: ast.FunctionDef) -> None:
    assert action.args.args == []
    decorators = {ast.unparse(d) for d in action.decorator_list}
    assert "transaction.atomic" in decorators


def test_every_action_audits() -> None:
    """Each action records, itself or through another function of the actions it calls."""
    bodies = {f.name: f for _, tree in parsed("actions/*.py") for f in functions(tree)}
    recording = {name for name, f in bodies.items() if "record" in calls(f)}
    while True:
        more = {n for n, f in bodies.items() if calls(f) & recording} - recording
        if not more:
            break
        recording |= more
    silent = [f.name for _, f in actions() if f.name not in recording | CALLED_BY_RECORDING]
    assert silent == []


# Steps of one larger act of the floor above, which writes the audit row of the whole.
CALLED_BY_RECORDING = {"end_purposes", "update_purposes"}


def test_no_signals_and_no_overridden_save() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for pattern in ("*.py", "*/*.py")
        for path, tree in parsed(pattern)
        for node in ast.walk(tree)
        if (isinstance(node, ast.FunctionDef) and node.name == "save")
        or (isinstance(node, ast.ImportFrom) and node.module == "django.db.models.signals")
        or (isinstance(node, ast.ImportFrom) and node.module == "django.dispatch")
    ]
    assert found == []


def test_tasks_hold_no_rules() -> None:
    """A task is short: it claims, calls one action, and goes."""
    long = [
        f"{path.relative_to(ROOT)}:{f.name}"
        for path, tree in parsed("tasks.py")
        for f in functions(tree)
        if (f.end_lineno or 0) - f.lineno + 1 > 15
    ]
    assert long == []


def test_every_audit_verb_has_a_word() -> None:
    """`verb="..."` of record(), and the second argument of a module's own _audit()."""
    said = set()
    for path in [p for app in (*APPS, "yizhou") for p in (ROOT / app).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = [k.value for k in node.keywords if k.arg == "verb" and name == "record"]
            if name == "_audit":
                given.append(node.args[1])
            said |= {v.value for v in given if isinstance(v, ast.Constant)}
    assert sorted(said - set(VERBS)) == []
