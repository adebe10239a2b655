"""The rule desk in a real browser: a line is lowered, tried, published by another, explained.

The two county officers, the township and the Celery worker are real; only the department's rows and
the findings of last month are put in by hand.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest
from django.utils import timezone

from grid.models import Account, Household, HouseholdKind, Outcome
from grid.roles import Role
from monitoring.actions.alerts import settle_alert
from monitoring.actions.back_tests import days_tested, perform_back_test, request_back_test
from monitoring.actions.rule_drafts import change_draft, start_draft, submit_draft
from monitoring.actions.rule_previews import preview_version
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import perform_screening, request_screening
from monitoring.models import (
    Alert,
    BackTest,
    Finding,
    MedicalSettlement,
    RuleVersion,
    ScreeningRun,
    Threshold,
    Upload,
)
from tests.journeys.test_river import DESK, PHONE, PICTURES, picture, sign_in, wait_for
from tests.monitoring.records import add_settlement
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.jobs, pytest.mark.django_db(transaction=True)]
LINE = "medical_self_paid_low_income"
LABEL = "低收入家庭 12 个月医疗自付监测线"
DOCUMENT = "宜防贫〔2026〕3 号"
RULE, DRAFT = "/rules/MED-01/", "/rules/MED-01/draft/"
MONTH_END = days_tested(timezone.localdate(), 1)[0]
ALREADY, WRONG, MISSED, ONLY_NOW = "韦甲", "罗甲", "黄甲", "蓝甲"
Enter = Callable[..., "Page"]


@pytest.fixture
def second(world: World) -> Account:
    account = add_account("county2", "县专员乙")
    add_post(account, Role.COUNTY_OFFICER, region=world.county, seat=2)
    return account


@pytest.fixture
def enter(live_server: Any, chromium: "Browser") -> Iterator[Enter]:
    """enter(account, path): signs in by the form; an error of a script or policy fails the test."""
    pages: list[Page] = []
    errors: list[str] = []

    def let_in(account: Account, path: str, kind: dict[str, Any] = DESK) -> "Page":
        page = sign_in(chromium, live_server.url, account, kind)
        pages.append(page)
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if is_policy(said.text) else None)
        page.goto(live_server.url + path)
        return page

    yield let_in
    for page in pages:
        page.context.close()
    assert errors == []


def is_policy(text: str) -> bool:
    """A refusal by the policy; taking a picture brings in a style, which it refuses as well."""
    return "Content Security Policy" in text and not PICTURES


# ---- the county as it stands ----


def paid(world: World, name: str, yuan: str, **more: Any) -> None:
    """Paid ten weeks before the month end, received three weeks before it."""
    row = add_settlement(world.people[name], MONTH_END - timedelta(days=70), yuan, **more)
    at = timezone.now() - (timezone.localdate() - MONTH_END + timedelta(days=21))
    MedicalSettlement.objects.filter(pk=row.pk).update(received_at=at)
    Upload.objects.filter(pk=row.upload_id).update(merged_at=at, filename=f"医保-{name}.csv")


@pytest.fixture
def county(world: World) -> World:
    """Last month's alerts are settled: one true, one an error, one that MED-01 did not find."""
    load_shipped_rules(acting=SYSTEM)
    poor = [world.bare_household.pk, world.next_household.pk]
    Household.objects.filter(pk__in=poor).update(kind=HouseholdKind.OUT_OF_POVERTY)
    paid(world, ALREADY, "7000")
    paid(world, "覃乙", "5000")
    paid(world, WRONG, "30000")
    paid(world, MISSED, "6900")
    paid(world, MISSED, "1600", care="chronic")  # MED-08 finds this one
    run = request_screening(
        acting=SYSTEM,
        trigger=ScreeningRun.Trigger.SCHEDULE,
        as_of=MONTH_END - timedelta(days=10),
    )
    perform_screening(run.pk)  # or the worker has taken it
    wait_for(lambda: ScreeningRun.objects.get(pk=run.pk).job_state == "done")
    settle(world, ALREADY, "MED-01", Outcome.DEPT_PROBLEM)
    settle(world, WRONG, "MED-01", Outcome.NO_RISK_DATA_ERROR)
    settle(world, MISSED, "MED-08", Outcome.DEPT_PROBLEM)
    assert not Alert.objects.open().exists()
    paid(world, ONLY_NOW, "5000")
    paid(world, "罗乙", "4000")
    return world


def settle(world: World, name: str, rule: str, outcome: Outcome) -> None:
    """By the township, five days before the month end."""
    alert = Alert.objects.get(household__head__name=name, rule=rule)
    finding = settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=outcome,
        reason="部门已核对票据",
    )
    at = timezone.now() - (timezone.localdate() - MONTH_END + timedelta(days=5))
    Finding.objects.filter(pk=finding.pk).update(decided_at=at)
    Alert.objects.filter(pk=alert.pk).update(opened_at=at, closed_at=at)


def draft_by(account: Account, **parts: Any) -> RuleVersion:
    """MED-01 as a draft with a reason, by the actions."""
    version = start_draft(acting=account, code="MED-01")
    content = {
        "definition": version.definition,
        "figures": {},
        "source": DOCUMENT,
        "why": "低收入家庭的线偏高",
        "review_on": timezone.localdate() + timedelta(days=180),
    }
    change_draft(acting=account, version=version, version_seen=version.version, **content | parts)
    return version


# ---- what the pages say ----


def done(page: "Page", words: str) -> None:
    page.locator(".message-success", has_text=words).wait_for()


def said(page: "Page", selector: str) -> str:
    """The words of a part of the page on one line."""
    return " ".join(page.inner_text(selector).split())


def act(page: "Page", value: str) -> None:
    page.click(f"#rule-form .desk-actions button[value={value}]")


def change_the_line(page: "Page", value: str) -> None:
    page.click(f"button[value='propose {LINE}']")
    page.fill("[name='figures.0.value']", value)
    page.fill("[name='figures.0.unit']", "元")
    page.fill("[name='figures.0.source']", DOCUMENT)
    page.check("[name='figures.0.confirmed']")
    page.fill("[name=source]", DOCUMENT)
    page.fill("[name=why]", "上月有一户自付 8,500 元没有被发现，核实属实")


def back_test(page: "Page", number: int) -> None:
    """Asks for three months of one version and waits on its page, which renews itself."""
    page.goto(page.url.split("/rules/")[0] + f"{RULE}back-tests/")
    page.select_option("#number", str(number))
    page.select_option("#months", "3")
    page.click("button:has-text('开始回测')")
    page.locator("#total-title").wait_for(timeout=60_000)


def test_a_lower_line_from_draft_to_explained_alert(
    enter: Enter, celery_worker_process: Any, county: World, second: Account
) -> None:
    # Given a shipped rule, open at the desk of a county officer
    writer = enter(county.county_officer, RULE)
    assert "第 1 版在用" in said(writer, ".page-head")
    picture(writer, "rule-1-page")

    # When she drafts a new version with a lower line for low-income households and previews it
    writer.click("button:has-text('起草新版')")
    writer.wait_for_url(f"**{DRAFT}")
    change_the_line(writer, "8000")
    act(writer, "preview")
    done(writer, "已保存并预览")
    picture(writer, "rule-2-preview")

    # Then the counts and an example appear, and what differs from version 1
    preview = said(writer, "#preview")
    assert "是现在的内容" in preview
    assert "命中户数 4 户" in preview
    assert "9,000 元，达到低收入家庭监测线 8,000 元" in preview
    assert "8,000 元" in said(writer, "section[aria-labelledby=changes-title]")

    # When she tries both versions on past months
    back_test(writer, 1)
    old = BackTest.objects.get()
    back_test(writer, 2)
    writer.select_option("#with", str(old.pk))
    writer.locator("#back-test tbody tr:has-text('第 1 版')").wait_for()
    picture(writer, "rule-3-back-test")

    # Then the new version finds every verified household, the old one lost one on two days
    assert totals(writer) == {
        "第 2 版": ["16", "4", "2", "0", "10", "67%", "100%"],
        "第 1 版": ["8", "2", "2", "2", "4", "50%", "50%"],
    }

    # When she hands the draft over
    writer.click("nav.crumbs a:has-text('MED-01')")
    writer.click("a:has-text('继续修改草稿')")
    act(writer, "submit")
    done(writer, "已提交，等另一位县级监测专员发布")

    # Then she may not publish it herself, and reads who may
    assert writer.is_disabled("button[value=publish]")
    assert said(writer, "#why-not") == "起草或修改过的人不能自己发布。可以发布的有：县专员乙。"
    picture(writer, "rule-4-writer")

    # When the second officer publishes it from today, and asks for a screening
    publisher = enter(second, DRAFT)
    assert not publisher.is_visible("#why-not")
    picture(publisher, "rule-5-review")
    publisher.fill("#from_on", timezone.localdate().isoformat())
    publisher.click("button[value=publish]")
    done(publisher, f"已发布，从 {timezone.localdate()} 起用")
    assert "第 2 版在用" in said(publisher, ".page-head")
    publisher.click("nav.side a:has-text('研判批次')")
    publisher.click("form[action$='/screening/run/'] button")
    wait_for(lambda: ScreeningRun.objects.filter(trigger="by_hand", job_state="done").exists())

    # Then the township has the household that only the new version finds in its queue
    office = enter(county.township_officer, "/queue/")
    office.click(f"tr[data-row] a:has-text('{ONLY_NOW}')")
    office.locator("#panel h2", has_text=f"{ONLY_NOW} 户").wait_for()
    assert "规则 MED-01 第 2 版" in said(office, "#panel")
    picture(office, "rule-6-queue")

    # And 为什么预警 tells figure, rows, version and document, and what would have kept it silent
    office.click("#panel a:has-text('为什么预警')")
    office.wait_for_url("**/why/")
    picture(office, "rule-7-why")
    assert "近 12 个月医疗自付 9,000 元，达到低收入家庭监测线 8,000 元" in said(office, ".identity")
    assert source_rows(office) == {
        ONLY_NOW: ("5,000", f"医保-{ONLY_NOW}.csv", row_of(ONLY_NOW)),
        "罗乙": ("4,000", "医保-罗乙.csv", row_of("罗乙")),
    }
    assert "医保局" in said(office, "section[aria-label=医疗费用结算] .card-head")
    rule = said(office, "aside[aria-label=依据]")
    assert f"编号 MED-01 第 2 版 起用 {timezone.localdate()}，县专员乙发布" in rule
    assert f"依据文件 {DOCUMENT}" in rule
    assert f"{LABEL} {DOCUMENT} 8,000 元" in rule
    assert f"低于{LABEL} 8,000 元（现在 9,000 元，差 1,000 元），就不会预警。" in said(
        office, "section[aria-label=怎样会不同]"
    )

    # And the figure of version 1 stays what it was until today
    terms = Threshold.objects.filter(key=LINE).order_by("from_on")
    assert [(int(t.value), t.until_on) for t in terms] == [
        (10000, timezone.localdate()),
        (8000, None),
    ]


def row_of(name: str) -> int:
    """The number of the row in the department's file."""
    return MedicalSettlement.objects.get(person__name=name).row_number


def source_rows(page: "Page") -> dict[str, tuple[str, str, int]]:
    """By person: the amount, the batch and the row number that the explanation shows."""
    found = {}
    for row in page.locator("section[aria-label=医疗费用结算] tbody tr").all():
        who = row.locator("th").inner_text().split()[0]
        amount = row.locator("td[data-label^=个人自付]").inner_text()
        batch, where = row.locator("td[data-label=来源]").inner_text().splitlines()
        found[who] = (amount, batch, int(where.split()[1]))
    return found


def totals(page: "Page") -> dict[str, list[str]]:
    """The figures of each version tried, as its row shows them."""
    rows = page.locator("section[aria-labelledby=total-title] tbody tr").all()
    return {
        row.locator("th").inner_text().strip(): row.locator("td").all_inner_texts() for row in rows
    }


# ---- two editors ----


def test_a_stale_form_is_told_who_was_first(enter: Enter, county: World, second: Account) -> None:
    # Given the same draft, open at two desks
    draft = draft_by(county.county_officer)
    first, later = enter(county.county_officer, DRAFT), enter(second, DRAFT)

    # When one saves a lower line, and the other saves the form opened before
    change_the_line(first, "8000")
    act(first, "save")
    done(first, "草稿已保存")
    later.fill("[name=why]", "按新文件修改")
    later.fill("[name=cool_down_days]", "60")
    act(later, "save")

    # Then the second is told by whom, sees what differs, keeps what was typed, and saved nothing
    picture(later, "rule-8-stale")
    told = said(later, ".error-summary")
    assert re.search(r"没有保存 .*县专员甲 \d\d-\d\d \d\d:\d\d 修改规则草稿", told)
    differing = later.locator(".error-summary tbody th").all_inner_texts()
    assert differing == ["标准线", "再次预警", "修改原因"]
    assert later.input_value("[name=why]") == "按新文件修改"
    draft.refresh_from_db()
    assert (draft.figures[LINE]["value"], draft.definition["cool_down_days"]) == ("8000", 90)


def test_a_form_older_than_the_submission_is_told_so(
    enter: Enter, county: World, second: Account
) -> None:
    # Given a draft open at one desk and handed over at the other
    draft = draft_by(county.county_officer)
    later = enter(second, DRAFT)
    submit_draft(acting=county.county_officer, version=draft, version_seen=draft.version)

    # When the first desk saves
    later.fill("[name=why]", "按新文件修改")
    act(later, "save")

    # Then it reads that nothing was saved, and why
    assert "已经提交，您填写的没有保存" in said(later, ".message-error")
    draft.refresh_from_db()
    assert draft.why == "低收入家庭的线偏高"


# ---- keyboard, phone ----


def tab_to(page: "Page", selector: str) -> None:
    """Tab on until the focus is there; what Tab does not reach fails."""
    for _ in range(160):
        page.keyboard.press("Tab")
        if has_focus(page, selector):
            return
    pytest.fail(f"Tab does not reach {selector}")


def has_focus(page: "Page", selector: str) -> bool:
    return bool(page.evaluate("s => document.activeElement.matches(s)", selector))


def test_a_rule_is_changed_by_keyboard_alone(enter: Enter, county: World) -> None:
    # Given the rule's page, and no mouse
    page = enter(county.county_officer, RULE)

    # When a draft is begun, a line proposed, typed over and refreshed by Enter inside the field
    tab_to(page, "form[action$='/start/'] button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{DRAFT}")
    tab_to(page, f"button[value='propose {LINE}']")
    page.keyboard.press("Enter")
    page.locator("[name='figures.0.value']").wait_for()
    tab_to(page, "[name='figures.0.value']")
    page.keyboard.type("9000")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    # Then the figure is still there and nothing is saved yet
    assert page.input_value("[name='figures.0.value']") == "9000"
    assert RuleVersion.objects.get(rule="MED-01", state="draft").figures == {}

    # When a comparison is added and taken away again; the focus stays on the button in between
    add = "button[value='add when.parts']"
    tab_to(page, add)
    page.keyboard.press("Enter")
    page.locator("[name='when.parts.0.operand']").wait_for()
    page.wait_for_function("s => document.activeElement.matches(s)", arg=add)
    page.keyboard.press("Shift+Tab")
    assert has_focus(page, "[name='when.parts.0.operand']")
    tab_to(page, "button[value='remove when.parts.0']")
    page.keyboard.press("Enter")
    page.locator("[name='when.parts.0.operand']").wait_for(state="detached")

    # When the reason is given and the preview asked for
    tab_to(page, "[name=why]")
    page.keyboard.type("标准线偏高")
    tab_to(page, ".desk-actions button[value=preview]")
    page.keyboard.press("Enter")

    # Then both are done
    done(page, "已保存并预览")
    draft = RuleVersion.objects.get(rule="MED-01", state="draft")
    assert (draft.figures[LINE]["value"], draft.preview["households"]) == ("9000", 3)


def test_no_page_of_the_desk_is_wider_than_a_phone(enter: Enter, county: World) -> None:
    # Given a draft with a proposed line, a back-test's result and an alert
    figure = {"label": LABEL, "value": "8000", "unit": "元", "source": DOCUMENT}
    draft = draft_by(county.county_officer, figures={LINE: figure})
    preview_version(acting=county.county_officer, version=draft, version_seen=draft.version)
    test = request_back_test(acting=county.county_officer, version=draft, months=3)
    perform_back_test(test.pk)
    wait_for(lambda: BackTest.objects.get(pk=test.pk).job_state == "done")
    alert = Alert.objects.filter(rule="MED-01").earliest("pk")

    # When each page is opened at 390 pixels
    page = enter(county.county_officer, RULE, PHONE)
    paths = (RULE, DRAFT, f"{RULE}back-tests/{test.pk}/", f"/alerts/{alert.pk}/why/")
    widths = {path: width_at(page, path) for path in paths}
    submit_draft(acting=county.county_officer, version=draft, version_seen=draft.version)
    widths["review"] = width_at(page, DRAFT)

    # Then none scrolls sideways
    assert widths == dict.fromkeys(widths, 390)


def width_at(page: "Page", path: str) -> int:
    page.goto(urljoin(page.url, path))
    picture(page, f"phone{path.replace('/', '-')}")
    return int(page.evaluate("document.documentElement.scrollWidth"))
