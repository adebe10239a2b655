"""manage.py close_account USERNAME --reason ...: no more sign-in from the next request on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grid.actions.accounts import close_account
from grid.models import Account
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    help = "停用账号。手上的入户事项由定时任务改派。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="用户名")
        parser.add_argument("--reason", required=True, help="停用原因")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        account = Account.objects.filter(username=username).first()
        if account is None:
            raise CommandError(f"没有用户名“{username}”。请核对。")
        try:
            close_account(acting=SYSTEM, account=account, reason=reason)
        except Refusal as no:
            raise CommandError(no.sentence) from None
        self.stdout.write(f"{account.name} 的账号已停用。")
