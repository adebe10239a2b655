"""Phones lost, ended, guessed at or forgotten: what is readable goes, sealed work stays."""

import json
from collections.abc import Callable

import pytest

from grid.actions.phones import end_phone, order_wipe
from grid.models import Household, Phone
from tests.journeys.phone import CALL, HEADS, PIN, Handset, check, fill_visit, png, received
from tests.journeys.test_river import wait_for
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Take = Callable[..., Handset]


def test_a_revoked_phone_keeps_its_work_and_asks_again(morning: World, take: Take) -> None:
    # Given a sealed visit, and a phone the township ended meanwhile
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    end_phone(acting=morning.township_officer, phone=Phone.objects.get(), reason="换手机")

    # When it meets the server
    phone.on_line()
    phone.page.click("#send-now")
    phone.page.wait_for_selector("a:has-text('重新登录')")

    # Then nothing is lost, and after the password everything goes
    assert phone.state_of("韦甲 户") == "waiting"
    phone.page.click("a:has-text('重新登录')")
    phone.at("again")
    phone.page.fill("#username", "worker_1")
    phone.page.fill("#password", morning.password)
    phone.page.click("button[type=submit]")
    wait_for(received(1))


def test_a_remote_order_wipes_what_is_readable(morning: World, take: Take) -> None:
    # Given a phone with a sealed visit and a draft
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.start_visit(HEADS[1])
    row = Phone.objects.get()
    order_wipe(acting=morning.township_officer, phone=row, reason="手机丢了")

    # When it meets the server
    phone.on_line()
    phone.wake()
    phone.at("signin")

    # Then the readable is gone, the sealed visit arrived, and the server knows
    assert "乡镇下令清除" in phone.said()
    wait_for(received(1))
    wait_for(lambda: Phone.objects.get(pk=row.pk).wiped_at is not None)
    kept = phone.dump()
    assert kept["yizhou-field/records"] == "[]"
    assert '"lock"' not in kept["yizhou-field/meta"]


def test_wrong_codes_wipe_what_is_readable(morning: World, take: Take) -> None:
    # Given a locked phone with a sealed visit, and no signal
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.switch_off()
    phone.switch_on(offline=True)

    # When the code is wrong four times, with the app closed in between, and once more
    for left in (4, 3, 2):
        phone.unlock("000001")
        phone.page.wait_for_selector(f"text=还可以试 {left} 次")
    phone.switch_off()
    phone.switch_on(offline=True)
    phone.unlock("000001")
    phone.page.wait_for_selector("text=还可以试 1 次")
    phone.unlock("000001")
    phone.at("signin")

    # Then only the sealed visit is left, and it is still sent when the signal comes back
    assert "还有 1 条已封存的记录" in phone.said()
    assert phone.dump()["yizhou-field/records"] == "[]"
    phone.on_line()
    phone.wake()
    wait_for(received(1))


def test_the_right_code_starts_the_count_again(morning: World, take: Take) -> None:
    phone = take()
    for _ in range(2):
        phone.page.evaluate("field.app.lock()")
        phone.at("unlock")
        phone.unlock("000001")
        phone.page.wait_for_selector("text=还可以试 4 次")
        phone.unlock(PIN)
        phone.at("tasks")


def test_days_without_contact_wipe_what_is_readable(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.page.evaluate(
        "field.store.put('meta', {k: 'contact', at: Date.now() - 7 * 86400000 - 1000})"
    )
    phone.switch_off()
    phone.switch_on(offline=True)
    assert phone.screen == "signin"
    assert "太久没有联网" in phone.said()
    kept = phone.dump()
    assert kept["yizhou-field/records"] == "[]"
    assert len(json.loads(kept["yizhou-field/outbox"])) == 1


def test_nothing_readable_lies_on_the_phone(morning: World, take: Take) -> None:
    # Given a phone with a pack, a draft with a photo, a sealed visit and a receipt with a clash
    phone = take()
    Household.objects.filter(pk=morning.household.pk).update(address="拉敢屯 6 号", version=9)
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
    phone.finish()
    phone.on_line()
    phone.page.click("#send-now")
    phone.page.locator(".clash").wait_for()
    phone.off_line()
    fill_visit(phone, "覃甲")
    check(phone)
    phone.finish()
    phone.start_visit("莫甲")
    phone.to_step("照片和签字")
    phone.photograph("house", png())

    # Then a dump of everything the browser keeps tells nothing about anybody
    dump = "\n".join(phone.dump().values())
    people = list(morning.people.values())
    names = [p.name for p in people] + [*HEADS, morning.worker_1.name]
    numbers = [morning.id_number_of(p.name) for p in people]
    phones = [CALL, *(f"1000000{serial:04d}" for serial in range(30))]
    facts = ["拉敢屯", "医疗支出偏高", "自付 12000", "JFIF"]
    assert [text for text in [*names, *numbers, *phones, *facts] if text in dump] == []
    assert len(dump) > 50_000


def test_signing_out_warns_and_wipes(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.start_visit(HEADS[1])
    phone.page.click("header a[aria-label='返回']")
    phone.page.click("header a[aria-label='返回']")
    phone.tab("我的")
    phone.page.click("#sign-out")
    phone.page.wait_for_selector("#sign-out-now")
    assert "有 1 份没填完的草稿" in phone.said()
    assert "有 1 条没有上传" in phone.said()
    phone.page.click("#sign-out-now")
    phone.at("signin")
    assert phone.dump()["yizhou-field/records"] == "[]"
    phone.on_line()
    phone.wake()
    wait_for(received(1))
    wait_for(lambda: Phone.objects.get().ended_at is not None)
