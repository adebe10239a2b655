"""Every screen of the field app under axe-core: nothing found."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from grid.actions.deadlines import pause_clock
from grid.actions.moves import move_household
from grid.actions.phones import end_phone
from grid.actions.promises import make_promise
from grid.models import Envelope, Household, Phone, WorkItem
from tests.journeys.phone import HEADS, PIN, Handset, check, fill_visit, handset, png, received
from tests.journeys.test_field_app_plan import planned
from tests.journeys.test_river import wait_for
from tests.pages.axe import axe_faults
from tests.world import World
from yizhou.workdays import add_workdays

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Take = Callable[..., Handset]


class Look:
    """Gathers the faults of one screen after the other."""

    def __init__(self, phone: Handset) -> None:
        self.phone = phone
        self.faults: dict[str, list[str]] = {}
        self.seen: list[str] = []

    def at(self, name: str) -> None:
        self.seen.append(name)
        if faults := axe_faults(self.phone.page):
            self.faults[name] = faults

    def go(self, address: str, name: str, wanted: str) -> None:
        self.phone.page.evaluate("a => { location.hash = a; }", address)
        self.phone.page.wait_for_selector(wanted)
        self.at(name)


def test_axe_finds_what_is_wrong(chromium: "Browser") -> None:
    page = chromium.new_page()
    page.set_content(
        "<html lang=zh><title>x</title><main><h1>x</h1><input><button></button></main>"
    )
    found = {fault.split(":")[0] for fault in axe_faults(page)}
    page.close()
    assert found == {"label", "button-name", "target-size"}


def test_the_doors(morning: World, live_server: Any, chromium: "Browser", tmp_path: Path) -> None:
    with handset(chromium, tmp_path / "one", live_server.url) as phone:
        page, look = phone.page, Look(phone)
        phone.at("signin")
        look.at("sign-in")
        page.fill("#username", "worker_1")
        page.fill("#password", "wrong")
        page.click("button[type=submit]")
        page.wait_for_selector("[role=alert]:not(:empty)")
        look.at("sign-in refused")
        page.fill("#password", morning.password)
        page.click("button[type=submit]")
        phone.at("pin")
        look.at("code")
        page.fill("#pin", "123456")
        page.click("button[type=submit]")
        page.wait_for_selector("[role=alert]:not(:empty)")
        look.at("code too easy")
        page.fill("#pin", PIN)
        page.fill("#pin-again", PIN)
        page.click("button[type=submit]")
        page.wait_for_selector("a.task")
        look.go("#/again", "sign in again", "body[data-screen=again]")
        page.evaluate("() => { field.app.lock(); }")
        phone.at("unlock")
        look.at("unlock")
        phone.unlock("999999")
        page.wait_for_selector("[role=alert]:not(:empty)")
        page.click("button:has-text('忘了开锁码')")
        look.at("unlock refused")
        page.click("button:has-text('清除本机资料')")
        phone.at("signin")
        look.at("wiped")
        assert look.faults == {}


def test_lists_and_households(morning: World, take: Take) -> None:
    # Given a household with a plan, a promise and a clock that stands still
    planned(morning)
    make_promise(
        acting=morning.worker_1,
        household=morning.household,
        sentence="帮忙申请水柜",
        due_on=timezone.localdate(),
    )
    item = WorkItem.objects.get(household=morning.household)
    pause_clock(
        acting=morning.township_officer,
        item=item,
        version_seen=item.version,
        until_on=add_workdays(timezone.localdate(), 5),
        reason="户主住院",
    )
    phone = take()
    look = Look(phone)

    # Then every screen is clean, on line and off
    look.go("#/tasks/all", "tasks", "a.task:has-text('计时暂停')")
    look.go("#/tasks/done", "done", ".empty")
    look.go("#/plan", "plan", "h2.part")
    look.go(f"#/household/{morning.household.pk}", "household", "[aria-label='走访计划']")
    look.go("#/household/0", "no household", ".empty")
    look.go("#/households", "households", "#search")
    phone.page.fill("#search", "没有这个人")
    look.at("nobody found")
    look.go("#/waiting", "nothing waiting", ".empty")
    look.go("#/me", "me", "#lock-now")
    phone.off_line()
    phone.wake()
    phone.page.wait_for_selector("body[data-line=off]")
    look.go("#/tasks", "tasks off line", ".strip")
    end_phone(acting=morning.township_officer, phone=Phone.objects.get(), reason="换手机")
    phone.on_line()
    phone.wake()
    phone.page.wait_for_selector(".strip-red")
    look.at("signed out by the township")
    assert look.faults == {}


def test_reporting(morning: World, take: Take) -> None:
    phone = take()
    look = Look(phone)
    phone.off_line()
    look.go("#/report/new", "report", "#difficulty")
    phone.page.click("#finish")
    phone.page.wait_for_selector(".error-summary")
    look.at("report with gaps")
    look.go("#/tasks", "tasks with a report begun", "a.task:has-text('没报完')")
    assert look.faults == {}


def test_the_visit(morning: World, take: Take) -> None:
    phone = take()
    look, page = Look(phone), phone.page
    form = page.evaluate("field.pack.now().form")
    phone.start_visit(HEADS[0])
    page.click("summary:has-text('登记的资料有错')")
    page.click("[aria-label='改：住址']")
    page.wait_for_selector("#edit_household_address")
    look.at("why")
    phone.next()

    # Every step as it comes, and with the answers that open further questions
    for step in [*form["steps"], form["sections"]["verify_alert"]]:
        title = step["title"]
        look.at(title)
        bad = [q for q in step["questions"] if q["bad_value"]]
        for question in bad:
            phone.pick(question["name"], question["bad_value"])
        look.at(f"{title}, all wrong")
        if any(q["kind"] == "lines" for q in step["questions"]):
            page.click("button:has-text('加一行') >> nth=0")
            look.at(f"{title}, two lines")
        phone.next()
    look.at("outcome")
    phone.next()
    phone.photograph("house", png())
    look.at("proof")
    page.click("#sign")
    look.at("signature")
    page.keyboard.press("Escape")
    page.evaluate("() => document.querySelectorAll('.cover').forEach((c) => c.remove())")
    check(phone)
    look.at("check")
    page.click("#finish")
    page.wait_for_selector(".error-summary[role=alert]")
    look.at("check with gaps")
    page.click(".error-summary a >> nth=0")
    page.wait_for_selector(".progress")
    look.at("a step with a fault")
    phone.page.evaluate("() => { location.hash = '#/tasks'; }")
    phone.at("tasks")
    look.at("tasks with a draft")
    assert look.faults == {}


def test_what_waits_and_what_came_back(morning: World, take: Take) -> None:
    # Given one visit that clashes, one of a household moved away, one sent incomplete
    phone = take()
    look, page = Look(phone), phone.page
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", png())
    phone.page.evaluate("() => { location.hash = location.hash.replace(/\\/\\d+$/, '/0'); }")
    page.click("summary:has-text('登记的资料有错')")
    page.click("[aria-label='改：住址']")
    page.fill("#edit_household_address", "拉敢屯 8 号")
    phone.to_step("照片和签字")
    check(phone)
    phone.finish()
    fill_visit(phone, HEADS[1])
    check(phone)
    phone.finish()
    fill_visit(phone, HEADS[2])
    check(phone)
    rules = "field.visitRules"
    page.evaluate(
        f"() => {{ {rules}.kept = {rules}.body; {rules}.body = (d) => {{"
        f" const b = {rules}.kept(d); delete b.answers.insured; return b; }}; }}"
    )
    phone.finish()
    look.at("three waiting")
    look.go("#/household/" + str(morning.household.pk), "sealed", ".message-success")

    # When the line is back
    Household.objects.filter(pk=morning.household.pk).update(address="拉敢屯 6 号", version=9)
    moving = Household.objects.get(head__name=HEADS[1])
    move_household(
        acting=morning.county_officer,
        household=moving,
        version_seen=moving.version,
        cell=morning.other_grid,
        address="怀道屯 1 号",
        on=timezone.localdate(),
    )
    look.go("#/waiting", "waiting", "#send-now")
    phone.on_line()
    page.click("#send-now")
    page.wait_for_selector(".clash")
    page.wait_for_selector("[data-state=refused]")
    wait_for(received(1))
    wait_for(lambda: Envelope.objects.filter(state="held").exists())
    page.wait_for_selector(".parcel[data-state=done] >> nth=1")

    # Then every state of a parcel is clean, and a clash decided without a word
    look.at("clash, held, refused")
    page.click(".clash button:has-text('用我填的')")
    page.wait_for_selector(".clash [role=alert]:not(:empty)")
    look.at("clash without a reason")
    assert look.faults == {}
