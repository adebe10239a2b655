"""The rule desk and the rule pages: who sees them, what buttons do, where a fault is said."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account
from grid.roles import Role
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, Finding, RuleVersion
from monitoring.rules import SHIPPED
from monitoring.rules.definition import parsed
from monitoring.rules.wording import diff
from monitoring.views.rule_edit import edited
from monitoring.views.rule_faults import faults_of
from monitoring.views.rule_form import SEVERAL, Raw, definition_from, raw_from, raw_from_post
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM

Signer = Callable[[Account], Client]
MEDICAL = next(rule for rule in SHIPPED if rule.code == "MED-01").definition


def sent(raw: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """The fields a browser sends for a form's state."""
    for name, part in raw.items() if isinstance(raw, dict) else enumerate(raw):
        if name in SEVERAL:
            yield from ((f"{before}{name}", value) for value in part)
        elif isinstance(part, dict | list):
            yield from sent(part, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(part)


def posted(raw: Raw) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in sent(raw):
        query.appendlist(name, value)
    return query


# ---- the form without a browser ----


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda rule: rule.code)
def test_every_shipped_rule_survives_the_form(rule) -> None:
    back = definition_from(raw_from_post(posted(raw_from(rule.definition, {}))))
    assert parsed(back) == parsed(rule.definition)
    assert diff(rule.definition, back) == []


@pytest.mark.parametrize(
    ("path", "value", "part", "words"),
    [
        ("measures.0.feed", "weather", "measures.0", "没有数据集“weather”"),
        ("measures.0.column", "hospital", "measures.0", "不是数值列"),
        ("measures.0.months", "0", "measures.0", "1 到 120 个月"),
        ("measures.0.months", "很久", "measures.0", "1 到 120 个月"),
        ("measures.0.name", "Paid 1", "measures.0", "小写字母"),
        ("value", "nothing", "value", "哪个测算项"),
        ("lines.0.threshold", "", "lines", "名称键"),
        ("bands.0.severity", "9", "bands", "severity"),
        ("sentence", "{password}", "sentence", "password"),
        ("cool_down_days", "-1", "cool_down_days", "0 到 3650"),
        ("regrow_share", "多", "regrow_share", "应为一个数"),
        ("population.age_from", "10", "population", "只能用于“人”的规则"),
    ],
)
def test_a_fault_stands_beside_its_part(path: str, value: str, part: str, words: str) -> None:
    query = posted(raw_from(MEDICAL, {}))
    query[path] = value
    if path == "measures.0.name":
        query["value"] = value
    faults = faults_of(raw_from_post(query))
    assert words in faults[part], faults


def test_a_measure_named_twice_is_said_at_the_second() -> None:
    raw = raw_from(MEDICAL, {})
    raw["measures"] = [raw["measures"][0], dict(raw["measures"][0])]
    assert list(faults_of(raw)) == ["measures.1"]


def test_a_right_rule_has_no_fault() -> None:
    assert faults_of(raw_from(MEDICAL, {})) == {}


def test_full_width_figures_are_figures() -> None:
    query = posted(raw_from(MEDICAL, {}))
    query["measures.0.months"] = "１２"
    assert diff(MEDICAL, definition_from(raw_from_post(query))) == []


@pytest.mark.parametrize(
    ("act", "count"),
    [
        ("add measures", lambda raw: len(raw["measures"])),
        ("add measures.0.where", lambda raw: len(raw["measures"][0]["where"])),
        ("add when.parts", lambda raw: len(raw["when"]["parts"])),
        ("group when.parts", lambda raw: len(raw["when"]["parts"])),
        ("add lines", lambda raw: len(raw["lines"])),
        ("add bands", lambda raw: len(raw["bands"])),
        ("add figures", lambda raw: len(raw["figures"])),
    ],
)
def test_a_button_adds_one_part(act: str, count: Callable[[Raw], int]) -> None:
    raw = raw_from(MEDICAL, {})
    before = count(raw)
    assert count(edited(raw, act, code="MED-01", figures={})) == before + 1


def test_the_line_for_everybody_else_stays_last() -> None:
    raw = edited(raw_from(MEDICAL, {}), "add lines", code="MED-01", figures={})
    assert raw["lines"][-1]["threshold"] == "medical_self_paid_ordinary"


@pytest.mark.parametrize(
    "act", ["remove nowhere.7", "remove measures.x", "add level.deep", "drop table", "", "remove "]
)
def test_a_button_that_leads_nowhere_changes_nothing(act: str) -> None:
    assert edited(raw_from(MEDICAL, {}), act, code="X", figures={}) == raw_from(MEDICAL, {})


@pytest.mark.parametrize(
    "name", ["measures.0.where.0.column." + "x." * 40, "a..b", "measures", "when.parts.x", "."]
)
def test_strange_field_names_do_not_break_the_form(name: str) -> None:
    query = posted(raw_from(MEDICAL, {}))
    query[name] = "1"
    assert isinstance(faults_of(raw_from_post(query)), dict)


# ---- pages ----


@pytest.fixture
def rules(world: World) -> World:
    load_shipped_rules(acting=SYSTEM)
    return world


@pytest.fixture
def second(world: World) -> Account:
    account = add_account("county2", "第二专员")
    add_post(account, Role.COUNTY_OFFICER, region=world.county, seat=2)
    return account


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return unescape(answer.content.decode())


def fields(page: str) -> dict[str, Any]:
    """What the editor would send back, read from the page itself."""
    form = page[page.index('<form id="rule-form"') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or (' type="checkbox"' in tag and " checked" not in tag):
            continue
        found.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        first = re.search(r'value="([^"]*)"', options)
        found[name] = chosen[1] if chosen else first[1] if first else ""
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', form):
        found[name] = value
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/rules/", "/rules/MED-01/", "/rules/MED-01/versions/1/"])
def test_everybody_who_sees_people_reads_rules(rules: World, signed_in: Signer, path: str) -> None:
    for name in ("county_officer", "leader", "township_officer", "village_head", "worker_1"):
        assert "大额医疗支出" in text(signed_in(getattr(rules, name)), path)
    for name in ("clerk_medical", "auditor", "administrator", "stranger"):
        assert signed_in(getattr(rules, name)).get(path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/rules/new/", "/rules/MED-01/draft/", "/rules/import/", "/rules/MED-01/retire/"]
)
def test_only_the_county_officer_has_the_desk(rules: World, signed_in: Signer, path: str) -> None:
    for name in ("leader", "township_officer", "worker_1", "clerk_medical", "stranger"):
        client = signed_in(getattr(rules, name))
        assert client.post(path).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/rules/XXX-99/",
        "/rules/MED-01/versions/7/",
        "/rules/MED-01/draft/",
        "/rules/MED-01/back-tests/9/",
    ],
)
def test_what_is_not_there_is_not_found(rules: World, signed_in: Signer, path: str) -> None:
    assert signed_in(rules.county_officer).get(path).status_code == 404


@pytest.mark.django_db
def test_queries_of_the_list_do_not_grow_with_rules(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            text(client, "/rules/")
        return len(counted)

    queries()
    every = queries()
    RuleVersion.objects.exclude(rule__in=["MED-01", "DIS-01"]).delete()
    assert queries() == every


@pytest.mark.django_db
def test_the_list_counts_what_findings_said(rules: World, signed_in: Signer) -> None:
    add_settlement(rules.people["韦甲"], months_ago(2), "12000")
    add_settlement(rules.people["蓝甲"], months_ago(2), "40000")
    screen()
    alert = Alert.objects.get(rule="MED-01", household=rules.household)
    Alert.objects.filter(pk=alert.pk).update(state="settled", closed_at=timezone.now())
    Finding.objects.create(
        alert=alert, outcome="to_monitoring", reason="属实", decided_by=rules.township_officer
    )
    row = re.search(r"大额医疗支出.*?</tr>", text(signed_in(rules.leader), "/rules/"), re.S)
    assert row is not None
    cells = re.findall(
        r'data-label="(预警|已核实|属实|属实率|在办)" class="number">(\S+?)<', row[0]
    )
    assert cells == [
        ("预警", "2"),
        ("已核实", "1"),
        ("属实", "1"),
        ("属实率", "100%"),
        ("在办", "1"),
    ]
    other = text(signed_in(rules.other_township_officer), "/rules/MED-01/")
    assert "没有这条规则的预警" in other


def start(client: Client, code: str = "MED-01") -> str:
    return unescape(client.post(f"/rules/{code}/start/", follow=True).content.decode())


@pytest.mark.django_db
def test_the_editor_sends_back_what_it_showed(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    page = start(client)
    answer = client.post("/rules/MED-01/draft/", fields(page) | {"act": "save"}, follow=True)
    assert "草稿已保存" in answer.content.decode()
    saved = RuleVersion.objects.get(state="draft")
    assert (saved.version, diff(MEDICAL, saved.definition)) == (2, [])


@pytest.mark.django_db
def test_the_editor_shows_every_part(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    for code in [rule.code for rule in SHIPPED[::3]]:
        page = start(client, code)
        client.post(f"/rules/{code}/draft/", fields(page) | {"act": "save"})
        version = RuleVersion.objects.get(rule=code, state="draft")
        assert version.version == 2, code
        assert diff(version.based_on.definition, version.definition) == [], code


@pytest.mark.django_db
def test_a_fault_keeps_what_was_typed(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    given = fields(start(client)) | {"act": "save", "measures.0.months": "0", "why": "想试试"}
    answer = client.post("/rules/MED-01/draft/", given)
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "的时间窗应为 1 到 120 个月" in page
    assert fields(page)["why"] == ["想试试"]
    assert fields(page)["measures.0.months"] == ["0"]
    assert RuleVersion.objects.get(state="draft").definition == dict(MEDICAL)


@pytest.mark.django_db
def test_what_was_saved_but_lacks_a_line_is_said_so(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    given = fields(start(client)) | {"act": "submit", "lines.1.threshold": "new_line"}
    page = unescape(client.post("/rules/MED-01/draft/", given).content.decode())
    assert "已保存，但还差一步" in page
    assert "没有标准线“new_line”" in page
    assert RuleVersion.objects.get(rule="MED-01", state="draft").version == 2


@pytest.mark.django_db
def test_a_rule_is_retired_from_its_page(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    tomorrow = timezone.localdate() + timedelta(days=1)
    asked = {"number": "1", "version": "1", "until_on": str(tomorrow), "reason": "指标取消"}
    refused = client.post("/rules/MED-01/retire/", asked | {"until_on": ""}, follow=True)
    assert "请选从哪天起停用" in unescape(refused.content.decode())
    client.post("/rules/MED-01/retire/", asked)
    assert RuleVersion.objects.get(rule="MED-01").until_on == tomorrow
    assert "停用这条规则" not in text(client, "/rules/MED-01/")


@pytest.mark.django_db
def test_htmx_gets_the_form_alone(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    given = fields(start(client)) | {"act": "group when.parts"}
    part = client.post("/rules/MED-01/draft/", given, headers={"HX-Request": "true"})
    whole = client.post("/rules/MED-01/draft/", given)
    texts = [answer.content.decode() for answer in (part, whole)]
    assert ["<html" in t for t in texts] == [False, True]
    assert all('name="when.parts.0.parts.0.measure"' in t for t in texts)


@pytest.mark.django_db
def test_two_editors_at_once_see_each_others_words(
    rules: World, second: Account, signed_in: Signer
) -> None:
    mine, theirs = signed_in(rules.county_officer), signed_in(second)
    given = fields(start(mine))
    saved = given | {"act": "save", "sentence": "自付 {value} 元，过线 {line} 元"}
    assert theirs.post("/rules/MED-01/draft/", saved).status_code == 302
    answer = mine.post("/rules/MED-01/draft/", given | {"act": "save"})
    page = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "别人已经处理过" in page
    assert "自付 {value} 元，过线 {line} 元" in page
    again = mine.post("/rules/MED-01/draft/", fields(page) | {"act": "save"})
    assert again.status_code == 302


@pytest.mark.django_db
def test_from_draft_to_publication(rules: World, second: Account, signed_in: Signer) -> None:
    add_settlement(rules.people["韦甲"], months_ago(2), "12000")
    writer, publisher = signed_in(rules.county_officer), signed_in(second)
    given = fields(start(writer)) | {
        "sentence": "一年自付 {value} 元，{line_label}线 {line} 元",
        "why": "写得更短",
    }
    seen = writer.post("/rules/MED-01/draft/", given | {"act": "preview"}, follow=True)
    page = unescape(seen.content.decode())
    assert "一年自付 12,000 元，低收入家庭线 10,000 元" in page
    handed = writer.post("/rules/MED-01/draft/", fields(page) | {"act": "submit"}, follow=True)
    assert "可以发布的有：第二专员" in unescape(handed.content.decode())
    version = RuleVersion.objects.get(state="submitted")
    tomorrow = timezone.localdate() + timedelta(days=1)
    done = publisher.post(
        "/rules/MED-01/draft/move/",
        {"act": "publish", "version": version.version, "from_on": tomorrow.isoformat()},
        follow=True,
    )
    assert f"已发布，从 {tomorrow} 起用" in unescape(done.content.decode())
    version.refresh_from_db()
    assert (version.state, version.from_on) == ("published", tomorrow)


@pytest.mark.django_db
def test_the_history_says_what_changed(rules: World, second: Account, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    given = fields(start(client)) | {"act": "save", "measures.0.months": "6"}
    client.post("/rules/MED-01/draft/", given)
    page = text(signed_in(rules.leader), "/rules/MED-01/versions/2/?with=1")
    assert "近 12 个月“个人自付”合计" in page
    assert "近 6 个月“个人自付”合计" in page


@pytest.mark.django_db
def test_a_file_goes_out_and_comes_in(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    out = client.post("/rules/MED-01/versions/1/export/")
    assert out["Content-Disposition"] == 'attachment; filename="MED-01-v1.json"'
    bad = client.post("/rules/import/", {"file": SimpleUploadedFile("r.json", b"{}")})
    assert bad.status_code == 422
    assert "不是规则文件" in unescape(bad.content.decode())
    good = client.post("/rules/import/", {"file": SimpleUploadedFile("r.json", out.content)})
    assert good["Location"] == "/rules/MED-01/draft/"


@pytest.mark.django_db
def test_a_new_rule_is_asked_for_by_name(rules: World, signed_in: Signer) -> None:
    client = signed_in(rules.county_officer)
    names = {"code": "MED-90", "title": "试行规则", "risk": "因病", "owner": "医保局"}
    wrong = client.post("/rules/new/", names | {"code": "x"})
    assert wrong.status_code == 422
    assert "编号应为大写字母" in unescape(wrong.content.decode())
    assert client.post("/rules/new/", names)["Location"] == "/rules/MED-90/draft/"


@pytest.mark.django_db
def test_previews_show_nobody_out_of_sight(rules: World, signed_in: Signer) -> None:
    add_settlement(rules.people["韦甲"], months_ago(2), "12000")
    client = signed_in(rules.county_officer)
    client.post("/rules/MED-01/draft/", fields(start(client)) | {"act": "preview"})
    kept = str(RuleVersion.objects.get(state="draft").preview)
    assert "韦甲" not in kept
    assert "韦甲" in text(client, "/rules/MED-01/draft/")
