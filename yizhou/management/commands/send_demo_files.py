"""Send the demo departments' files through the running REST API, wait, and show the logins."""

import time
import unicodedata
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from grid.models import Account, WorkItem
from monitoring.models import Alert
from yizhou.demo.posts import LOGINS, PASSWORD
from yizhou.demo.routine import begin_routine
from yizhou.demo.sending import send
from yizhou.refusals import Refusal


class Command(BaseCommand):
    """Idempotent: what was sent already is not sent again; then only the logins are shown."""

    help = "通过接口报送演示县的部门数据，等研判完成，打印登录名。只在 DEMO=1 时可用。"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", choices=("one", "full"), default="one")
        parser.add_argument("--address", default="http://127.0.0.1:8000", help="网页服务的地址")

    def handle(self, *args: Any, scale: str, address: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("演示数据只能报送到演示环境。请设置 DEMO=1。")
        began = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"[{time.monotonic() - began:6.1f} 秒] {text}")
            self.stdout.flush()

        try:
            send(scale=scale, address=address, today=timezone.localdate(), say=say)
            begin_routine(today=timezone.localdate(), say=say)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        alerts, items = Alert.objects.open().count(), WorkItem.objects.open().count()
        alone = WorkItem.objects.open().filter(assignee=None).count()
        say(f"待办预警 {alerts} 条，核查事项 {items} 户，其中 {alone} 户无人承办、待乡镇派单")
        self._show_logins()

    def _show_logins(self) -> None:
        accounts = Account.objects.filter(username__in=[name for name, _ in LOGINS])
        accounts = accounts.prefetch_related("posts__region", "posts__department")
        by_name = {account.username: account for account in accounts}
        self.stdout.write(f"\n演示登录（密码都是 {PASSWORD}）：")
        for username, what in LOGINS:
            if (account := by_name.get(username)) is None:
                continue
            post = account.posts.all()[0]
            place = post.region or post.department
            self.stdout.write(
                f"  {_wide(username, 10)} {_wide(account.name, 8)} "
                f"{_wide(f'{place} {post.get_role_display()}', 34)} {what}"
            )


def _wide(text: str, width: int) -> str:
    """Pad to `width` terminal columns; Chinese characters take two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)
