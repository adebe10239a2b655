"""The field app in a real browser against the real server, with the network really off.

Off line means twice off: the browser is told so, and the line to the server is cut.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from grid.actions.promises import make_promise
from grid.models import Attachment, Envelope, FactEdit, Household, Visit, WorkItem
from grid.visit_form import FORM
from tests.journeys.phone import CALL, HEADS, Handset, check, fill_visit, png, received
from tests.journeys.test_river import wait_for
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Take = Callable[..., Handset]


# ---- the day without signal ----


def test_three_visits_without_signal_arrive_once(morning: World, take: Take) -> None:
    # Given a phone that was signed in this morning and has no signal now
    phone = take()
    phone.off_line()

    # When three visits with photos are made, one of them signed
    for number, head in enumerate(HEADS):
        fill_visit(phone, head, away=str(number))
        phone.photograph("house", png())
        phone.photograph("inside", png(300, 900))
        if number == 0:
            phone.sign()
        check(phone)
        phone.finish()
    assert "3 条待上传" in phone.said()
    assert Visit.objects.count() == 0

    # And the browser is closed, and opened again still without signal
    phone.switch_off()
    phone.switch_on(offline=True)
    assert phone.screen == "unlock"
    phone.unlock()
    phone.tab("待上传")
    phone.page.wait_for_selector(".parcel >> nth=2")
    assert [phone.state_of(f"{head} 户") for head in HEADS] == ["waiting"] * 3

    # When the signal comes back, and the button is pressed again and again
    phone.on_line()
    for _ in range(3):
        phone.page.click("#send-now")
    wait_for(lambda: Attachment.objects.count() == 7)

    # Then every visit has arrived once with its photos, and the phone shows the receipts
    phone.page.wait_for_selector("[data-state=waiting]", state="detached")
    assert Visit.objects.count() == 3
    assert sorted(Visit.objects.values_list("answers__away", flat=True)) == [0, 1, 2]
    assert WorkItem.objects.filter(state="visited").count() == 3
    receipts = Envelope.objects.values_list("receipt", flat=True)
    assert all(f"回执 {receipt}" in phone.said() for receipt in receipts)
    assert set(Attachment.objects.values_list("media_type", flat=True)) == {
        "image/jpeg",
        "image/png",
    }


def test_a_locked_app_sends_without_the_code(morning: World, take: Take) -> None:
    # Given a sealed visit on a locked phone
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.tab("我的")
    phone.page.click("#lock-now")
    phone.at("unlock")

    # When the signal comes back, nobody types the code
    phone.on_line()
    phone.wake()
    wait_for(received(1))

    # Then the receipt is there after unlocking
    assert phone.screen == "unlock"
    phone.unlock()
    phone.tab("待上传")
    phone.page.wait_for_selector("text=回执")


def test_the_service_worker_sends_with_no_page_open(morning: World, take: Take) -> None:
    # Given a sealed visit, and the app left for another page
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", png())
    check(phone)
    phone.finish()
    phone.page.goto("about:blank")

    # When the signal comes back and the browser wakes the worker
    phone.on_line()
    phone.background_sync()

    # Then text and photo arrive
    wait_for(lambda: Attachment.objects.count() == 1)
    assert Visit.objects.count() == 1


def test_an_answer_lost_on_the_way_doubles_nothing(morning: World, take: Take) -> None:
    # Given a server whose first answers never reach the phone
    phone = take()
    lost = []

    def lose(route: Any) -> None:
        route.fetch()
        lost.append(route.request.url)
        route.abort()

    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", png())
    check(phone)
    phone.finish()
    phone.on_line()
    phone.context.route("**/api/field/visits/", lose)
    phone.page.click("#send-now")
    phone.page.wait_for_selector("text=自动重试")
    assert lost
    assert Visit.objects.count() == 1

    # When it is sent again
    phone.context.unroute("**/api/field/visits/")
    phone.page.click("#send-now")
    phone.page.wait_for_selector("[data-state=done]")

    # Then it is there once
    assert (Visit.objects.count(), Attachment.objects.count()) == (1, 1)


def test_what_is_wrong_arrives_with_what_was_asked_about_it(morning: World, take: Take) -> None:
    # Given a household where every question has its bad answer, which opens further questions
    phone = take()
    questions = [q for step in FORM.steps for q in step.questions]
    bad = {q.name: q.bad_value for q in questions if q.bad_value}
    fill_visit(phone, HEADS[0], **bad)
    check(phone)
    phone.finish()
    wait_for(received(1))

    # Then the server has the bad answers and what they led to
    given = Visit.objects.get().answers
    assert {name: given.get(name) for name in bad} == bad
    led_to = {q.name for q in questions if q.shown_when}
    assert led_to - set(given) == set()


# ---- what comes back ----


def test_a_clash_shows_both_values_with_names_and_times(morning: World, take: Take) -> None:
    # Given a worker who puts the address right without signal
    phone = take()
    phone.off_line()
    form = phone.page.evaluate("field.pack.now().form")
    phone.start_visit("韦甲")
    phone.page.click("summary:has-text('登记的资料有错')")
    phone.page.click("[aria-label='改：住址']")
    phone.page.fill("#edit_household_address", "拉敢屯 8 号")
    phone.next()
    phone.answer_form(form)
    phone.answer_step(form["sections"]["verify_alert"]["questions"], {})
    phone.next()
    phone.page.locator("label[for$='-no_risk_self_solved']").click()
    phone.next()
    check(phone)
    assert "拉敢屯 8 号" in phone.page.inner_text(".answers")
    phone.finish()

    # When the office has written another one meanwhile
    Household.objects.filter(pk=morning.household.pk).update(address="拉敢屯 6 号", version=9)
    phone.on_line()
    phone.page.click("#send-now")
    card = phone.page.locator(".clash")
    card.wait_for()

    # Then both stand side by side, and the worker's choice is carried out
    assert "拉敢屯 6 号" in card.inner_text()
    assert "拉敢屯 8 号" in card.inner_text()
    card.locator("button:has-text('用我填的')").click()
    assert "请写一句为什么" in card.inner_text()
    card.locator("textarea").fill("当面看了门牌")
    card.locator("button:has-text('用我填的')").click()
    card.wait_for(state="detached")
    assert FactEdit.objects.get().state == FactEdit.State.MINE
    morning.household.refresh_from_db()
    assert morning.household.address == "拉敢屯 8 号"


def test_a_visit_sent_back_opens_the_same_answers(morning: World, take: Take) -> None:
    # Given a visit that an older app let through incomplete, and one behind it in the queue
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0], away="3")
    phone.photograph("house", png())
    check(phone)
    rules = "field.visitRules"
    phone.page.evaluate(
        f"() => {{ {rules}.kept = {rules}.body; {rules}.body = (d) => {{"
        f" const b = {rules}.kept(d); delete b.answers.insured; return b; }}; }}"
    )
    phone.finish()
    phone.page.evaluate(f"() => {{ {rules}.body = {rules}.kept; }}")
    fill_visit(phone, HEADS[1])
    check(phone)
    phone.finish()

    # When both are sent
    phone.on_line()
    phone.page.click("#send-now")
    phone.page.wait_for_selector("[data-state=refused]")

    # Then the reason is told, the other one went through, and the same answers open again
    assert "被退回：请回答：全家都参加基本医保了吗？" in phone.said()
    wait_for(received(1))
    phone.page.click("a:has-text('去修改')")
    phone.page.wait_for_selector("#finish")
    assert "3 人" in phone.page.inner_text(".answers")
    phone.finish()
    wait_for(received(2))
    wait_for(lambda: Attachment.objects.filter(envelope__visit__isnull=False).count() == 1)
    assert Envelope.objects.filter(replaces__isnull=False).count() == 1


def test_a_correction_is_a_new_version_with_a_reason(morning: World, take: Take) -> None:
    # Given a visit that was received
    phone = take()
    fill_visit(phone, HEADS[0], away="3")
    check(phone)
    phone.finish()
    wait_for(received(1))

    # When the worker finds a slip the same day
    phone.page.click("a:has-text('去更正')")
    phone.at("visit")
    phone.next()
    phone.page.fill("#q_away", "2")
    phone.to_step("照片和签字")
    check(phone)
    phone.page.check("#confirmed")
    phone.page.click("#finish")
    assert "请写明更正的原因" in phone.page.inner_text(".error-summary")
    phone.page.fill("#correction_reason", "数错了一个人")
    phone.finish()

    # Then both versions are kept
    wait_for(received(2))
    corrected = Visit.objects.get(corrects__isnull=False)
    assert (corrected.answers["away"], corrected.corrects.answers["away"]) == (2, 3)
    assert corrected.correction_reason == "数错了一个人"


def test_a_found_household_is_reported(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    phone.page.click("button:has-text('上报新发现的困难户')")
    phone.at("report")
    phone.page.click("#finish")
    assert "还有 3 处要处理" in phone.page.inner_text(".error-summary")
    phone.page.fill("#name", "蓝丙")
    phone.page.locator("#difficulty label").first.click()
    phone.page.fill("#sentence", "住院三个月，欠债两万")
    phone.page.click("#finish")
    phone.at("waiting")
    assert "上报：蓝丙" in phone.said()
    phone.on_line()
    phone.page.click("#send-now")
    wait_for(lambda: Envelope.objects.filter(kind=Envelope.Kind.REPORT).count() == 1)
    phone.page.wait_for_selector("[data-state=done]")


def test_the_household_page_tells_what_is_known(morning: World, take: Take) -> None:
    # Given a promise made at the last visit
    make_promise(
        acting=morning.worker_1,
        household=morning.household,
        sentence="帮忙申请水柜",
        due_on=timezone.localdate() + timedelta(days=2),
    )
    phone = take()
    phone.off_line()

    # When the household is looked up by the name of a member, without signal
    phone.tab("农户")
    phone.page.fill("#search", "莫戊")
    phone.page.click("a.task:has-text('韦甲 户')")
    phone.at("household")

    # Then members, why to go, the promise and the number to call are there
    said = phone.said()
    assert all(text in said for text in ("覃乙", "医疗支出偏高1", "帮忙申请水柜 剩 2 天"))
    assert phone.page.get_attribute("a.call", "href") == f"tel:{CALL}"
