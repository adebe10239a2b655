"""The field app at its limits: full storage, huge photos, two tabs, new keys, small screens."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from grid.actions.attachments import pieces_of
from grid.models import Attachment, Envelope, Phone, Visit
from grid.visit_form import FORM, FORM_VERSION
from tests.grid.field_phone import answers
from tests.journeys.phone import HEADS, PIN, Handset, check, fill_visit, png, received
from tests.journeys.test_river import wait_for
from tests.world import World
from yizhou.settings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Take = Callable[..., Handset]
FULL = """() => {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    if (!window.full) return put.apply(this, given);
    this.transaction.abort();
    throw new DOMException('full', 'QuotaExceededError');
  };
  window.full = true;
}"""
# Every screen that can be reached without a draft.
SCREENS = ("#/tasks", "#/tasks/done", "#/households", "#/waiting", "#/me", "#/report/new")
# Controls a finger or a screen reader would miss, and words without a label.
FAULTS = """() => {
  const shown = (e) => e.offsetParent !== null && !e.closest('[hidden]');
  const named = (e) => (e.labels && e.labels.length) || e.getAttribute('aria-label')
    || e.textContent.trim();
  const small = (e) => {
    const inLabel = e.matches('[type=radio],[type=checkbox],[type=file]') && e.labels.length;
    const box = (inLabel ? e.labels[0] : e).getBoundingClientRect();
    return box.height < 44 || box.width < 44;
  };
  const inText = (e) => e.matches('p a, .error-summary a, .skip');
  return [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .filter(shown).filter((e) => !named(e) || (small(e) && !inText(e)))
    .map((e) => e.outerHTML.slice(0, 120));
}"""


# ---- storage, photos ----


def test_full_storage_is_a_sentence_and_the_draft_stays(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0], away="4")
    check(phone)
    phone.page.check("#confirmed")
    phone.page.evaluate(FULL)
    phone.page.click("#finish")
    phone.page.wait_for_selector("#finish-fault:has-text('手机空间满了')")
    phone.page.evaluate("window.full = false")
    phone.page.click("#finish")
    phone.at("waiting")
    phone.on_line()
    phone.wake()
    wait_for(received(1))
    assert Visit.objects.get().answers["away"] == 4


def test_an_input_that_could_not_be_kept_is_told_at_once(morning: World, take: Take) -> None:
    phone = take()
    phone.start_visit(HEADS[0])
    phone.next()
    phone.page.evaluate(FULL)
    phone.page.fill("#q_away", "3")
    phone.page.wait_for_selector("#saved:has-text('没有存下')")
    phone.page.evaluate("window.full = false")
    phone.page.fill("#q_away", "4")
    phone.page.wait_for_selector("#saved:has-text('已存在本机')")


def test_a_photo_of_forty_megabytes_is_made_small(morning: World, take: Take) -> None:
    phone = take()
    phone.start_visit(HEADS[0])
    phone.to_step("照片和签字")
    huge = png(4200, 3200, noise=True)
    assert len(huge) > 40_000_000
    phone.photograph("house", huge)
    kept = phone.page.evaluate("async () => (await field.store.all('photos')).map((p) => p.size)")
    assert len(kept) == 1
    assert kept[0] <= 256_000


def test_what_is_no_photo_is_a_sentence(morning: World, take: Take) -> None:
    phone = take()
    phone.start_visit(HEADS[0])
    phone.to_step("照片和签字")
    for size, told in ((1000, "这个文件不是照片"), (40_000_000, "这张照片太大")):
        phone.choose("house", b"\xff\xd8" + b"0" * size)
        phone.page.wait_for_selector(f"#photo-fault:has-text('{told}')")
    assert phone.page.locator("[data-taken]").count() == 0


def with_place_of_camera(jpeg: bytes) -> bytes:
    """The same JPEG with an EXIF segment, as cameras write it."""
    said = b"Exif\x00\x00MM\x00*GPS 24.49 108.65 SECRET-CAMERA"
    return jpeg[:2] + b"\xff\xe1" + (len(said) + 2).to_bytes(2, "big") + said + jpeg[2:]


def test_the_cameras_own_data_stays_behind(morning: World, take: Take) -> None:
    phone = take()
    drawn = """() => { const c = document.createElement('canvas'); c.width = c.height = 300;
      c.getContext('2d').fillRect(0, 0, 90, 90);
      return c.toDataURL('image/jpeg').split(',')[1]; }"""
    jpeg = base64.b64decode(phone.page.evaluate(drawn))
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", with_place_of_camera(jpeg))
    check(phone)
    phone.finish()
    phone.on_line()
    phone.wake()
    wait_for(lambda: Attachment.objects.count() == 1)
    content = b"".join(pieces_of(Attachment.objects.get()))
    assert content[:3] == b"\xff\xd8\xff"
    assert b"Exif" not in content
    assert b"SECRET-CAMERA" not in content


def test_a_spoken_note_and_the_position_travel_along(morning: World, take: Take) -> None:
    phone = take(
        flags=("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
        permissions=["geolocation", "microphone"],
        geolocation={"latitude": 24.49, "longitude": 108.65, "accuracy": 18},
    )
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.page.click("#position button")
    phone.page.wait_for_selector("text=已定位，误差 18 米")
    phone.page.click("button:has-text('录音')")
    phone.page.wait_for_selector("text=正在录")
    phone.page.wait_for_timeout(1500)
    phone.page.click("button:has-text('正在录')")
    phone.page.wait_for_selector("button:has-text('听一遍')")
    phone.page.click("button:has-text('听一遍')")
    check(phone)
    assert "误差 18 米" in phone.page.inner_text(".answers")
    phone.finish()
    phone.on_line()
    phone.wake()
    wait_for(lambda: Attachment.objects.filter(kind="voice").count() == 1)
    assert Attachment.objects.get().media_type.startswith("audio/")


# ---- tabs, keys, people, lines ----


def test_two_tabs_send_everything_once(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", png())
    check(phone)
    phone.finish()
    other = phone.context.new_page()
    other.goto(phone.page.url)
    other.fill("#pin", PIN)
    other.click("button[type=submit]")
    other.wait_for_selector("#send-now")
    phone.on_line()
    posts: list[str] = []
    phone.context.on(
        "request", lambda r: posts.append(r.url) if r.method in ("POST", "PUT") else None
    )
    for page in (phone.page, other):
        page.evaluate("() => { field.app.sync(true); }")
    other.wait_for_selector("[data-state=done]")
    phone.page.wait_for_selector("[data-state=done]")
    assert len(posts) == 2
    assert (Visit.objects.count(), Attachment.objects.count()) == (1, 1)


def test_a_draft_is_open_in_one_window_only(morning: World, take: Take) -> None:
    phone = take()
    phone.start_visit(HEADS[0])
    other = phone.context.new_page()
    other.goto(phone.page.url)
    other.fill("#pin", PIN)
    other.click("button[type=submit]")
    other.wait_for_selector("text=这份草稿在另一个窗口里开着")
    phone.page.click("header a[aria-label='返回']")
    phone.at("household")
    other.reload()
    other.fill("#pin", PIN)
    other.click("button[type=submit]")
    other.wait_for_selector("#next")


def test_a_key_the_server_cannot_open_is_wrapped_anew(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    phone.photograph("house", png())
    phone.page.evaluate(
        """async () => {
      const pair = await field.seal.newPair();
      const spki = field.seal.base64(await field.seal.exportKey('spki', pair.publicKey));
      await field.store.put('meta', {k: 'server_key', kid: 'long-gone', spki});
    }"""
    )
    check(phone)
    phone.finish()
    phone.on_line()
    phone.wake()
    wait_for(lambda: Attachment.objects.count() == 1)
    assert Visit.objects.count() == 1


def test_idle_minutes_lock_the_app_and_keep_the_draft(morning: World, take: Take) -> None:
    phone = take()
    phone.start_visit(HEADS[0])
    phone.next()
    phone.page.fill("#q_away", "4")
    phone.page.wait_for_selector("#saved:has-text('已存在本机')")
    phone.page.evaluate("() => { field.app.state.used -= 6 * 60000; }")
    phone.at("unlock")
    assert HEADS[0] not in phone.page.content()
    phone.unlock()
    phone.at("visit")
    assert phone.page.input_value("#q_away") == "4"


def test_another_worker_on_the_phone_reads_and_sends_nothing_of_the_first(
    morning: World, take: Take
) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.page.evaluate("() => { field.wipe.readable('signout'); }")
    phone.at("signin")
    phone.on_line()
    phone.context.clear_cookies()
    phone.sign_in("other_worker")
    phone.tab("待上传")
    phone.page.wait_for_selector("text=另一位工作人员的记录")
    phone.page.click("#send-now")
    phone.page.wait_for_timeout(1500)
    assert Visit.objects.count() == 0
    assert "韦甲" not in phone.page.content()
    assert len(json.loads(phone.dump()["yizhou-field/outbox"])) == 1


def test_the_sign_in_page_of_a_public_network_is_not_a_line(morning: World, take: Take) -> None:
    phone = take()
    phone.context.route(
        "**/api/field/**",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>"),
    )
    phone.wake()
    phone.page.wait_for_selector("body[data-line=off]")
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    assert phone.state_of("韦甲 户") == "waiting"


def test_a_dead_line_does_not_delay_the_start(morning: World, take: Take) -> None:
    phone = take()
    phone.context.route("**/api/field/**", lambda route: None)  # taken and never answered
    phone.page.evaluate("() => { field.app.lock(); }")
    phone.open()
    phone.unlock()
    phone.page.wait_for_selector("a.task", timeout=3000)


# ---- the last visit ----


def test_one_tap_takes_the_last_answers(morning: World, take: Take) -> None:
    # Given a visit in August
    household = morning.household
    Visit.objects.create(
        household=household,
        code=household.cell_id,
        by=morning.worker_1,
        visited_at=timezone.now() - timedelta(days=90),
        form_version=FORM_VERSION,
        answers=answers(away=3, water_safe="yes"),
    )
    phone = take()
    form = phone.page.evaluate("field.pack.now().form")
    phone.start_visit("韦甲")
    phone.next()
    assert "：3 人" in phone.page.inner_text("[data-question=away]")

    # When nothing has changed in a step, one tap is enough; what must be asked anew stays open
    phone.page.click("#same")
    phone.until("document.querySelector('#q_away').value === '3'")
    assert not phone.page.is_checked("#q_members_right-yes")
    phone.page.fill("#q_away", "5")
    assert phone.page.is_visible("[data-question=away] .tag-changed")

    # Then the check page shows what differs from the last time
    for _ in form["steps"]:
        phone.next()
    phone.to_step("照片和签字")
    check(phone)
    assert "上次 3 人" in phone.page.inner_text(".answers")


def test_the_list_of_amounts_is_read_by_the_server(morning: World, take: Take) -> None:
    phone = take()
    form = phone.page.evaluate("field.pack.now().form")
    lists = [q for s in form["steps"] for q in s["questions"] if q["kind"] == "lines"]
    assert lists
    fill_visit(phone, HEADS[0])
    title = next(s["title"] for s in form["steps"] if lists[0] in s["questions"])
    phone.page.evaluate("() => history.back()")
    for _ in range(12):
        if title in phone.page.inner_text(".progress b"):
            break
        phone.previous()
    card = phone.page.locator(f"[data-question={lists[0]['name']}]")
    card.locator("select").first.select_option("wages")
    card.locator("input").fill("１，２００")
    card.locator("button:has-text('加一行')").click()
    card.locator("select").nth(2).select_option("dibao")
    card.locator("input").nth(1).fill("abc")
    phone.to_step("照片和签字")
    check(phone)
    phone.page.click("#finish")
    assert "有一行的金额不是数字" in phone.page.inner_text(".error-summary")
    phone.page.click(".error-summary a:has-text('金额不是数字')")
    card.locator("input").nth(1).fill("300.5")
    phone.to_step("照片和签字")
    check(phone)
    phone.finish()
    wait_for(received(1))
    assert Visit.objects.get().answers[lists[0]["name"]] == [
        {"item": "wages", "month": "", "yuan": "1200.00"},
        {"item": "dibao", "month": "", "yuan": "300.50"},
    ]


# ---- weight, hands, eyes ----


def test_the_app_is_light_and_later_screens_load_nothing(morning: World, take: Take) -> None:
    files = [
        *(ROOT / "static" / "field").iterdir(),
        *(ROOT / "templates" / "field").iterdir(),
        ROOT / "static" / "css" / "field.css",
        ROOT / "static" / "img" / "icon.svg",
    ]
    weight = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
    assert weight < 75 * 1024
    phone = take()
    asked: list[str] = []
    phone.page.on("request", lambda r: asked.append(r.url) if "/api/" not in r.url else None)
    for screen in SCREENS:
        phone.page.evaluate(f"() => {{ location.hash = '{screen}'; }}")
        phone.page.wait_for_timeout(200)
    assert asked == []


@pytest.mark.parametrize(("width", "big"), [(390, False), (320, False), (320, True)])
def test_every_screen_fits_and_can_be_used(
    morning: World, take: Take, width: int, big: bool
) -> None:
    phone = take(viewport={"width": width, "height": 700})
    if big:
        phone.tab("我的")
        phone.page.click("#big")
        phone.page.wait_for_selector("html.big")
    faults: list[Any] = []

    def look(screen: str) -> None:
        phone.page.wait_for_timeout(150)
        wide = phone.page.evaluate("document.documentElement.scrollWidth")
        bad = phone.page.evaluate(FAULTS)
        focus = phone.page.evaluate("document.activeElement.id")
        if wide > width or bad or focus not in ("heading", "pin"):
            faults.append((screen, wide, bad, focus))

    for screen in SCREENS:
        phone.page.evaluate(f"() => {{ location.hash = '{screen}'; }}")
        look(screen)
    phone.page.evaluate("() => { location.hash = '#/tasks'; }")
    phone.start_visit(HEADS[0])
    for step in range(len(FORM.steps) + 4):
        look(f"step {step}")
        phone.next()
    look("check")
    phone.page.evaluate("() => { field.app.lock(); }")
    phone.at("unlock")
    look("unlock")
    assert faults == []


def test_a_visit_is_opened_with_the_keyboard_alone(morning: World, take: Take) -> None:
    phone = take()
    for selector in ("a.task", "#start", "#next"):
        for _ in range(40):
            phone.page.keyboard.press("Tab")
            if phone.page.evaluate("s => document.activeElement.matches(s)", selector):
                break
        phone.page.keyboard.press("Enter")
        phone.page.wait_for_timeout(200)
    assert phone.page.inner_text(".progress b").startswith("2 ")


def test_the_township_sees_unsent_work(morning: World, take: Take) -> None:
    phone = take()
    phone.off_line()
    fill_visit(phone, HEADS[0])
    check(phone)
    phone.finish()
    phone.on_line()
    phone.context.route("**/api/field/visits/", lambda route: route.abort())
    phone.wake()
    wait_for_row = Phone.objects.filter(unsent=1, oldest_unsent_at__isnull=False)
    for _ in range(50):
        if wait_for_row.exists():
            break
        phone.page.wait_for_timeout(100)
    assert wait_for_row.exists()
    assert Envelope.objects.count() == 0
