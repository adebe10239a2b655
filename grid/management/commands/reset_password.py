"""manage.py reset_password USERNAME: for somebody who forgot it; reads the new one from stdin."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grid.actions.accounts import reset_password
from grid.models import Account
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    help = "重置密码。新密码从终端输入，或从标准输入读一行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="用户名")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        account = Account.objects.filter(username=username).first()
        if account is None:
            raise CommandError(f"没有用户名“{username}”。请核对。")
        asks = sys.stdin.isatty()
        password = getpass.getpass("新密码：") if asks else sys.stdin.readline().rstrip("\n")
        try:
            reset_password(acting=SYSTEM, account=account, password=password)
        except Refusal as no:
            raise CommandError(no.sentence) from None
        self.stdout.write(f"{account.name} 的密码已重置。请本人登录后修改。")
