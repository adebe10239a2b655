"""What no stylesheet, script or template of ours may contain."""

import gzip
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
FIELD = ROOT / "static" / "field"
SHELL = ROOT / "templates" / "field"
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
EVERY_STYLE = [*STYLES, *sorted(FIELD.glob("*.css"))]
FIELD_SCRIPTS = sorted(FIELD.glob("*.js"))
SCRIPTS = [*sorted((ROOT / "static" / "js").glob("*.js")), *FIELD_SCRIPTS, SHELL / "sw.js"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
HAN = "\u4e00-\u9fff"

# Offices still run Chromium 88; each of these is ignored or fatal there.
NEWER_CSS = re.compile(
    r"color-mix\(|:has\(|light-dark\(|oklch\(|@container|[0-9]dvh|aspect-ratio|^\s*&", re.M
)
NEWER_JS = re.compile(
    r"\.at\(-?\d|structuredClone\(|Object\.hasOwn|randomUUID|static \{|^(?:const .*= )?await |"
    r"\.findLast|\.toSorted\(|\.toReversed\(|\.with\(|groupBy\(|AbortSignal\.(?:timeout|any)|"
    r"#\w+ in |checkVisibility|\.cause\b",
    re.M,
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|\{#.*?#\}|^\s*//.*?$", "", text, flags=re.S | re.M)


@pytest.mark.parametrize("path", EVERY_STYLE, ids=name)
def test_stylesheets_work_in_the_oldest_browser(path: Path) -> None:
    assert NEWER_CSS.findall(without_comments(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_work_in_the_oldest_browser(path: Path) -> None:
    assert NEWER_JS.findall(without_comments(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_keep_the_content_security_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = re.findall(
        r"\sstyle=|<style|\son[a-z]+=|javascript:|\shx-on|<script(?![^>]*\ssrc=)", text
    )
    assert broken == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_load_nothing_from_elsewhere(path: Path) -> None:
    assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_chinese_text_uses_full_width_punctuation(path: Path) -> None:
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]+>", " ", path.read_text("utf-8"))
    assert re.findall(rf"[{HAN}][,;:?!()]|[(][{HAN}]", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_say_chinese_with_full_width_punctuation(path: Path) -> None:
    text = re.sub(r"\$\{[^{}]*\}", " ", without_comments(path.read_text("utf-8")))
    said = " ".join(re.findall(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`|>[^<]*<", text))
    assert re.findall(rf"[{HAN}][,;:?!()]|[(][{HAN}]", said) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_keep_the_content_security_policy(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    broken = r"\beval\(|new Function|\.(?:inner|outer)HTML|AdjacentHTML|document\.write|\.style\b"
    assert re.findall(broken, text) == []


@pytest.mark.parametrize("path", [*SCRIPTS, SHELL / "app.webmanifest"], ids=name)
def test_scripts_load_nothing_from_elsewhere(path: Path) -> None:
    text = without_comments(path.read_text(encoding="utf-8"))
    assert re.findall(r"""["'`](?:https?:|wss?:)?//""", text) == []


# A service worker of Chromium 88 is a classic script.
def test_the_service_worker_imports_no_modules() -> None:
    taken = [SHELL / "sw.js", *(FIELD / f"{n}.js" for n in imported_by_the_worker())]
    modules = r"\bimport\b(?!Scripts)|^export\b"
    assert [p.name for p in taken if re.findall(modules, p.read_text("utf-8"), re.M)] == []


def imported_by_the_worker() -> list[str]:
    found = re.findall(r"static 'field/(\w+)\.js'", (SHELL / "sw.js").read_text("utf-8"))
    assert found
    return found


def test_the_shell_carries_every_script_and_every_drawing() -> None:
    shell = (SHELL / "shell.html").read_text("utf-8")
    assert {p.name for p in FIELD_SCRIPTS} == set(re.findall(r"field/(\w+\.js)", shell))
    text = "".join(p.read_text("utf-8") for p in FIELD_SCRIPTS)
    asked = set(re.findall(r"\bicon\(\"([a-z-]+)\"", text))
    assert asked - set(re.findall(r'data-icon="([a-z-]+)"', shell)) == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_compile(path: Path) -> None:
    assert get_template(str(path.relative_to(ROOT / "templates"))).template.nodelist


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_forms_that_write_carry_the_csrf_token(path: Path) -> None:
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text("utf-8"), re.S)
    assert [form for form in forms if "csrf_token" not in form] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_tables_name_their_columns(path: Path) -> None:
    heads = re.findall(r"<th\b[^>]*>", path.read_text("utf-8"))
    assert [head for head in heads if "scope=" not in head] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_wide_tables_scroll_inside_a_box_the_keyboard_reaches(path: Path) -> None:
    text = path.read_text("utf-8")
    boxed = text.count('<div class="scroll" tabindex="0"><table class="rows')
    assert text.count('<table class="rows') == boxed


def test_the_phone_stylesheet_stays_small() -> None:
    raw = (ROOT / "static" / "css" / "field.css").read_bytes()
    assert len(gzip.compress(raw, 9)) < 6 * 1024


def test_the_office_frame_stays_small() -> None:
    import django_htmx

    htmx = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
    files = [*(p for p in STYLES if p.name != "field.css"), ROOT / "static/js/office.js", htmx]
    assert sum(len(gzip.compress(p.read_bytes(), 9)) for p in files) < 40 * 1024


@pytest.mark.parametrize("path", FIELD_SCRIPTS, ids=name)
def test_every_class_the_app_draws_has_a_style(path: Path) -> None:
    sheets = [ROOT / "static" / "css" / "field.css", FIELD / "app.css"]
    styled = {c for p in sheets for c in re.findall(r"\.([a-z][\w-]*)", p.read_text("utf-8"))}
    used = re.findall(r"\bclass: \"([^\"]*)\"", path.read_text("utf-8"))
    assert {c for names in used for c in names.split()} - styled == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_class_has_a_style(path: Path) -> None:
    styled = {c for p in EVERY_STYLE for c in re.findall(r"\.([a-z][\w-]*)", p.read_text("utf-8"))}
    text = re.sub(r"\{%.*?%\}", " ", re.sub(r"[\w-]*\{\{.*?\}\}", " ", path.read_text("utf-8")))
    used = {c for attr in re.findall(r'class="([^"]*)"', text) for c in attr.split()}
    assert used - styled == set()
