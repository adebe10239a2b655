"""The grid worker's phone in Chromium: a profile on disk, the app, and what fingers do with it."""

import json
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from grid.models import Visit
from tests.world import PASSWORD
from yizhou.local import pytest_engines
from yizhou.local.browser import chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZE = {"width": 390, "height": 844}
HEADS = ("韦甲", "覃甲", "莫甲")  # whose visits are due in the morning (conftest.py)
CALL = "10000009999"  # no operator has numbers beginning with 100
PIN = "250713"
# Reads what the browser keeps: IndexedDB, Cache Storage, localStorage, cookies scripts can see.
DUMP = """async () => {
  const text = (bytes) => new TextDecoder('utf-8', {fatal: false}).decode(bytes);
  const plain = (value) => JSON.stringify(value, (key, v) =>
    v instanceof ArrayBuffer ? text(v) : ArrayBuffer.isView(v) ? text(v.buffer) : v);
  const found = {};
  for (const {name} of await indexedDB.databases()) {
    const db = await new Promise((done) => {
      const asked = indexedDB.open(name); asked.onsuccess = () => done(asked.result);
    });
    for (const store of db.objectStoreNames) {
      found[`${name}/${store}`] = await new Promise((done) => {
        const asked = db.transaction(store).objectStore(store).getAll();
        asked.onsuccess = () => done(plain(asked.result));
      });
    }
    db.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found[request.url] = request.url + await (await cache.match(request)).text();
    }
  }
  found.local = plain(Object.entries(localStorage)) + plain(Object.entries(sessionStorage));
  found.cookies = document.cookie;
  found.address = location.href + document.title;
  return found;
}"""


def png(width: int = 640, height: int = 480, *, noise: bool = False) -> bytes:
    """A picture as a camera would hand it over; `noise` is as hard to compress as can be."""
    line = bytes(v for x in range(width) for v in ((x * 255) // width, 120, 60))
    rows = b"".join(b"\0" + (os.urandom(width * 3) if noise else line) for _ in range(height))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 0 if noise else 6)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )


class Line:
    """The mobile line: a relay to the server that is cut for everybody at once, as in the hills."""

    def __init__(self, server: str) -> None:
        where = urlsplit(server)
        self._server = (where.hostname, where.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._is_up = True
        self._open: set[socket.socket] = set()
        self._pumps: list[threading.Thread] = []
        threading.Thread(target=self._take_calls, daemon=True).start()

    def cut(self) -> None:
        self._is_up = False
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # closing alone does not wake a reader
            end.close()
        self._open.clear()

    def mend(self) -> None:
        self._is_up = True

    def close(self) -> None:
        """Cut for good; what the server is still doing for us has ended on return."""
        self._listening.close()
        until = time.monotonic() + 5
        for pump in self._pumps:
            pump.join(timeout=max(0, until - time.monotonic()))

    def _take_calls(self) -> None:
        while True:
            try:
                phone, _ = self._listening.accept()
            except OSError:
                return
            if not self._is_up:
                phone.close()
                continue
            server = socket.create_connection(self._server)
            self._open |= {phone, server}
            for one, other in ((phone, server), (server, phone)):
                pump = threading.Thread(target=self._pump, args=(one, other), daemon=True)
                self._pumps.append(pump)
                pump.start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(1 << 16):
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class Handset:
    """One phone. The profile folder is what survives when the browser is closed."""

    def __init__(
        self,
        browser: "Browser",
        profile: Path,
        line: Line,
        flags: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        self.browser, self.profile, self.line = browser, profile, line
        self.address = line.address
        self.flags = flags
        self.options = {"viewport": SIZE, "is_mobile": True, "has_touch": True} | options
        self.errors: list[str] = []
        self.switch_on()

    # ---- the browser ----

    def switch_on(self, *, offline: bool = False) -> None:
        self.context = self.browser.browser_type.launch_persistent_context(
            str(self.profile),
            executable_path=chromium_path(pytest_engines._lasting),
            args=[*pytest_engines.BROWSER_FLAGS, *self.flags],
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **self.options,
        )
        self.context.set_default_timeout(15_000)
        if offline:
            self.off_line()
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.open()

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def open(self) -> None:
        self.page.goto(f"{self.address}/field/")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("body[data-ready]")

    def switch_off(self) -> None:
        self.context.close()

    def off_line(self) -> None:
        """Off twice: the browser is told so, and nothing reaches the server any more."""
        self.context.set_offline(True)
        self.line.cut()

    def on_line(self) -> None:
        self.line.mend()
        self.context.set_offline(False)

    def wake(self) -> None:
        """What the browser says when a line is back."""
        self.page.evaluate("() => { window.dispatchEvent(new Event('online')); }")

    def background_sync(self) -> None:
        """The browser wakes the service worker, with or without a page of ours."""
        session = self.context.new_cdp_session(self.page)
        seen: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: seen.extend(
                r["registrationId"] for r in told["registrations"] if not r["isDeleted"]
            ),
        )
        session.send("ServiceWorker.enable")
        self.page.wait_for_timeout(500)
        assert seen
        session.send(
            "ServiceWorker.dispatchSyncEvent",
            {
                "origin": self.address,
                "registrationId": seen[-1],
                "tag": "outbox",
                "lastChance": False,
            },
        )

    def dump(self) -> dict[str, str]:
        kept: dict[str, str] = self.page.evaluate(DUMP)
        return kept

    # ---- what fingers do ----

    @property
    def screen(self) -> str:
        return str(self.page.evaluate("document.body.dataset.screen"))

    def at(self, screen: str) -> None:
        self.page.wait_for_selector(f"body[data-screen={screen}]")

    def until(self, expression: str, *, seconds: float = 15) -> None:
        """Polls from outside: the app's policy forbids evaluating text inside the page."""
        until = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < until, f"it did not come true: {expression}"
            self.page.wait_for_timeout(100)

    def said(self) -> str:
        return " ".join(self.page.inner_text("body").split())

    def sign_in(self, username: str, password: str = PASSWORD, *, pin: str = PIN) -> None:
        page = self.page
        page.fill("#username", username)
        page.fill("#password", password)
        page.click("button[type=submit]")
        self.at("pin")
        page.fill("#pin", pin)
        page.fill("#pin-again", pin)
        page.click("button[type=submit]")
        self.at("tasks")
        self.until("navigator.serviceWorker.controller !== null")

    def unlock(self, pin: str = PIN) -> None:
        self.page.fill("#pin", pin)
        self.page.click("button[type=submit]")

    def tab(self, name: str) -> None:
        self.page.click(f"nav.bottom a:has-text('{name}')")

    def start_visit(self, head: str) -> None:
        self.tab("任务")
        self.page.click(f"a.task:has-text('{head} 户')")
        self.at("household")
        self.page.click("#start")
        self.at("visit")

    def next(self) -> None:
        self._turn("#next")

    def previous(self) -> None:
        self._turn("#previous")

    def _turn(self, button: str) -> None:
        step = "(document.querySelector('.progress b') || {}).textContent"
        before = self.page.evaluate(step)
        self.page.click(button)
        self.until(f"{step} !== {json.dumps(before)}")

    def to_step(self, title: str) -> None:
        for _ in range(20):
            if title in self.page.inner_text(".progress b"):
                return
            self.next()
        raise AssertionError(f"no step {title}")

    def pick(self, name: str, value: str) -> None:
        self.page.locator(f"label[for='q_{name}-{value}']").click()

    def photograph(self, slot: str, content: bytes) -> None:
        before = self.page.locator("[data-taken]").count()
        self.choose(slot, content)
        self.page.locator(f"[data-taken] >> nth={before}").wait_for()

    def choose(self, slot: str, content: bytes) -> None:
        """A file from the disk, as a camera leaves it there."""
        file = self.profile.with_name("IMG_0001.jpg")
        file.write_bytes(content)
        self.page.set_input_files(f"#photo-{slot}", str(file))

    def answer_form(self, form: dict[str, Any], **chosen: Any) -> None:
        """Every step of the form as an ordinary household answers, `chosen` by question."""
        for step in form["steps"]:
            self.answer_step(step["questions"], chosen)
            self.next()

    def answer_step(self, questions: list[dict[str, Any]], chosen: dict[str, Any]) -> None:
        given: dict[str, Any] = {}
        for q in questions:
            name, when = q["name"], q["shown_when"]
            if when and given.get(when[0]) != when[1]:
                continue
            if not q["required"] and name not in chosen:
                continue
            given[name] = self.answer(q, chosen.get(name))

    def answer(self, q: dict[str, Any], value: Any) -> Any:
        good = [v for v, _ in q["options"] if v != q["bad_value"]]
        if q["kind"] in ("yes_no", "choice", "chips"):
            value = value or good[0]
            self.pick(q["name"], value)
        else:
            value = value or {"stepper": "1", "amount": "1200", "text": "情况属实"}[q["kind"]]
            self.page.fill(f"#q_{q['name']}", value)
        return value

    def finish(self) -> None:
        """From the check page into the outbox."""
        self.page.check("#confirmed")
        self.page.click("#finish")
        self.at("waiting")

    def state_of(self, title: str) -> str:
        return str(self.page.locator(f".parcel:has-text('{title}')").get_attribute("data-state"))

    def sign(self) -> None:
        page = self.page
        page.click("#sign")
        box = page.locator(".pad").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 30, box["y"] + 60)
        page.mouse.down()
        for step in range(12):
            page.mouse.move(box["x"] + 30 + step * 20, box["y"] + 60 + (step % 3) * 25)
        page.mouse.up()
        page.click("button:has-text('用这个签字')")
        page.locator("canvas.signed").wait_for()


@contextmanager
def handset(browser: "Browser", profile: Path, server: str, **options: Any) -> Iterator[Handset]:
    phone = Handset(browser, profile, Line(server), **options)
    try:
        yield phone
    finally:
        phone.switch_off()
        phone.line.close()
    assert phone.errors == []


def fill_visit(phone: Handset, head: str, **chosen: Any) -> None:
    """From the list of tasks to the check page."""
    form = phone.page.evaluate("field.pack.now().form")
    phone.start_visit(head)
    phone.next()
    phone.answer_form(form, **chosen)
    phone.answer_step(form["sections"]["verify_alert"]["questions"], {})
    phone.next()
    phone.page.locator("label[for$='-no_risk_self_solved']").click()
    phone.next()


def check(phone: Handset) -> None:
    phone.next()
    phone.page.wait_for_selector("#finish")


def received(count: int) -> Callable[[], bool]:
    return lambda: Visit.objects.count() == count
