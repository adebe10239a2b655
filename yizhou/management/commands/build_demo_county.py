"""Build the demo county's registry: places, people in charge, households and people."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from yizhou.demo.load import build
from yizhou.refusals import Refusal


class Command(BaseCommand):
    """Idempotent: what is there already is left alone, what is missing is added."""

    requires_system_checks = ()  # the launcher has checked; a warm start is quick
    help = "建演示县（人物均为虚构）：one 为一个乡镇，full 为全县。只在 DEMO=1 时可用。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", choices=("one", "full"), default="one")

    def handle(self, *args: Any, scale: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("演示县只能建在演示环境里。请设置 DEMO=1，并使用一个空的数据库。")
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"[{time.monotonic() - began:6.1f} 秒] {text}")
            self.stdout.flush()

        try:
            county = build(scale=scale, today=timezone.localdate(), say=say)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        say(f"演示县已就绪：{len(county.townships)} 个乡镇有人口，登记截至 {county.anchor}")
