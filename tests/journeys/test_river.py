"""The whole river in a real browser with a real Celery worker, and no mock of our code.

A department's machine uploads; the screening runs; the township sees the alert and assigns it; the
worker records the visit on a phone; the township settles; a clue waits for its case.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from grid.models import Account, WorkItem
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, AlertState, Clue, ScreeningRun, Upload
from tests.world import PASSWORD, World
from yizhou.audit import SYSTEM, AuditEntry

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.jobs, pytest.mark.django_db(transaction=True)]
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
DESK = {"viewport": {"width": 1440, "height": 900}}
PICTURES = os.environ.get("PICTURES")  # a folder, when somebody wants to look


def picture(page: "Page", name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def wait_for(what: Callable[[], bool], *, seconds: float = 40) -> None:
    """Poll the server's own state; fixed sleeps only ever prove that nothing happens."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.2)


def settlement_file(world: World) -> bytes:
    """One heavy bill for 黄甲, whose village has nobody in post, as a clerk exports it."""
    day = timezone.localdate().replace(day=1)
    number = world.id_number_of("黄甲")
    heads = (
        "姓名,身份证号,结算单号,结算类型,医疗机构,就诊类别,主要诊断,结算日期,"
        "总费用,基本医保支付,大病保险支付,医疗救助支付,个人自付"
    )
    row = f"黄甲,{number},JS0001,正常,某医院,住院,某病,{day},90000,40000,10000,0,40000"
    return f"{heads}\n{row}\n".encode("gb18030")


def upload(context: "BrowserContext", address: str, key: str, content: bytes) -> str:
    """What a department's machine does; returns the batch's address."""
    answer = context.request.post(
        f"{address}/api/uploads/",
        headers={"Authorization": f"Key {key}"},
        multipart={
            "feed": "medical_settlement",
            "file": {"name": "医保.csv", "mimeType": "text/csv", "buffer": content},
        },
    )
    assert answer.status == 202, answer.text()
    return str(answer.json()["id"])


def sign_in(browser: "Browser", address: str, account: Account, kind: dict) -> "Page":
    page = browser.new_context(**kind).new_page()
    page.goto(f"{address}/signin/")
    page.fill("input[name=username]", account.username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit] >> nth=-1")
    page.wait_for_url(lambda url: "/signin/" not in url)
    return page


def test_from_department_file_to_settled_alert(
    live_server, chromium: "Browser", celery_worker_process, world: World
) -> None:
    load_shipped_rules(acting=SYSTEM)
    address = live_server.url

    # The department's machine sends its file; the worker checks, merges and screens it.
    machine = chromium.new_context()
    batch = upload(machine, address, world.medical_key, settlement_file(world))
    wait_for(lambda: Upload.objects.get(pk=batch).stage == Upload.Stage.MERGED)
    wait_for(lambda: ScreeningRun.objects.filter(job_state="done").exists())
    again = machine.request.post(
        f"{address}/api/uploads/",
        headers={"Authorization": f"Key {world.medical_key}"},
        multipart={
            "feed": "medical_settlement",
            "file": {"name": "b.csv", "mimeType": "text/csv", "buffer": settlement_file(world)},
        },
    )
    assert (again.status, again.json()["id"]) == (200, batch)

    # The township sees it in its queue, undispatched, with the arithmetic beside it.
    office = sign_in(chromium, address, world.township_officer, DESK)
    office.goto(f"{address}/queue/")
    office.get_by_text("黄甲").first.wait_for()
    assert "40,000" in office.inner_text("main")
    assert "未派单" in office.inner_text("main")
    picture(office, "1-queue")

    # Somebody is appointed to the village; the township gives the visit to them.
    helper = appoint_helper(world)
    office.reload()
    office.select_option("select[name=assignee]", str(helper.pk))
    office.fill("textarea[name=note]", "核实住院票据和借款。")
    office.click("form[action$='/assign/'] button[type=submit]")
    office.get_by_text("已派给").first.wait_for()
    assert WorkItem.objects.get().assignee == helper

    # The worker records the visit on a phone.
    phone = sign_in(chromium, address, helper, PHONE)
    phone.goto(f"{address}/my-work/")
    picture(phone, "2-my-work")
    phone.get_by_text("黄甲").first.click()
    phone.wait_for_url("**/visit/")
    fill_visit(phone)
    phone.wait_for_url("**/done/")
    picture(phone, "5-done")
    alert = Alert.objects.get()
    assert alert.state == AlertState.REPORTED

    # The township reads the result and settles; the risk becomes a clue.
    office.goto(f"{address}/queue/?status=reported")
    office.get_by_text("入户结果").first.wait_for()
    picture(office, "6-reported")
    form = office.locator("form[action$='/settle/']:visible")
    form.locator("textarea[name=reason]").fill("票据和借款属实，负担过重。")
    form.locator("button[type=submit]").click()
    office.get_by_text("已办结").first.wait_for()
    picture(office, "7-settled")

    alert.refresh_from_db()
    assert alert.state == AlertState.SETTLED
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED
    assert Clue.objects.get().alert == alert
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert verbs >= {"screened", "assigned_work_item", "filed_visit", "settled_alert"}


def appoint_helper(world: World) -> Account:
    from grid.roles import Role
    from tests.world import add_account, add_post

    helper = add_account("helper", "一级网格员丙")
    add_post(helper, Role.GRID_WORKER_1, region=world.bare_grid)
    return helper


def fill_visit(phone: "Page") -> None:
    """Step by step as a worker does, with 下一步 between the steps."""
    picks = {
        "为什么来": ["#mode-in_person"],
        "家庭情况": ["#q_members_right-yes"],
        "饮水住房": ["#q_water_safe-no", "#q_water_problems-quantity", "#q_house_safe-yes"],
        "教育医疗": ["#q_school_ok-none", "#q_insured-yes"],
        "收入支出": ["#q_income_change-down", "#q_income_why-ill"],
        "风险和需求": ["#q_risk-yes", "#q_risks-illness", "#q_need_help-no"],
    }
    typed = {
        "家庭情况": {"#q_away": "0"},
        "饮水住房": {"#q_water_evidence": "水柜干了，每天挑水两趟。"},
        "风险和需求": {"#q_risk_sentence": "住院花了三万，都是借的。"},
    }
    for step, chosen in picks.items():
        for selector in chosen:
            phone.locator(f"label[for='{selector[1:]}']").click()
        for selector, words in typed.get(step, {}).items():
            phone.fill(selector, words)
        if step == "饮水住房":
            picture(phone, "3-visit")
        if step == "收入支出":
            # What the insurance office knows is offered as a line; one more is added.
            assert "看病自付" in phone.inner_text("#q_spending")
            phone.click("#q_income [data-add-line]")
            line = phone.locator("#q_income .money:visible").last
            line.locator("select").first.select_option("wages")
            line.locator("input").fill("18000")
        phone.click("#forward")
    phone.locator("label[for='q_alert_right-yes']").click()
    phone.locator("label[for='q_alert_seen-papers']").click()
    phone.locator("label[for$='-to_monitoring']").click()
    phone.locator("textarea[name^=outcome_note]").fill("看过票据，借款三万。")
    phone.click("#forward")
    phone.locator("#check").wait_for()
    picture(phone, "4-check")
    phone.locator("label[for=confirmed]").click()
    phone.click("#send")
