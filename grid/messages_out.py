"""Ways out of the program for messages to people: one shape, chosen by name in the settings.

A message carries a number and a link, never a name, a place or an illness. The SMS or WeCom
gateway of the county is one class here: to be named by the county (settings.MESSAGE_CHANNEL).
"""

import logging
from typing import Protocol

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from grid.models import Account

log = logging.getLogger("yizhou.messages")


class Channel(Protocol):
    """What a gateway must do. `send` raises whatever it likes when it cannot; it is tried again."""

    name: str

    def send(self, *, to: Account, text: str) -> None: ...


class Console:
    """Writes to the log: for development, and where no gateway is connected yet."""

    name = "console"

    def send(self, *, to: Account, text: str) -> None:
        log.info("to %s: %s", to.username, text)


def channel() -> Channel:
    made: Channel = import_string(settings.MESSAGE_CHANNEL)()
    return made


def text_of(notices: int) -> str:
    return f"您有 {notices} 条入户时限提醒，请登录平台查看：{settings.SITE_URL}{reverse('notices')}"
