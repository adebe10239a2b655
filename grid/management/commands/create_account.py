"""manage.py create_account admin --name 姓名 --role administrator [--region 451203]

For the first administrator of a new installation; everybody else is appointed on the pages.
"""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from grid.actions.accounts import open_account
from grid.actions.posts import appoint_post
from grid.models import Department, Region
from grid.roles import Level, Role
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    help = "新开账号并任职。密码从终端输入，或从标准输入读一行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="用户名")
        parser.add_argument("--name", required=True, help="姓名")
        parser.add_argument("--role", required=True, choices=Role.values, help="职务")
        parser.add_argument("--region", help="区划代码；不填为本县")
        parser.add_argument("--department", help="部门代码，只用于数据报送员")

    def handle(self, *args: Any, **options: Any) -> None:
        clerk = options["role"] == Role.DEPARTMENT_CLERK
        region = None if clerk else self._region(options["region"])
        department = Department.objects.filter(pk=options["department"]).first() if clerk else None
        try:
            with transaction.atomic():
                account = open_account(
                    acting=SYSTEM,
                    username=options["username"],
                    name=options["name"],
                    password=self._password(),
                )
                appoint_post(
                    acting=SYSTEM,
                    account=account,
                    role=options["role"],
                    region=region,
                    department=department,
                    from_on=timezone.localdate(),
                )
        except Refusal as no:
            raise CommandError(no.sentence) from None
        self.stdout.write(f"已开通：{account.username}，{Role(options['role']).label}")

    def _region(self, code: str | None) -> Region:
        regions = Region.objects.filter(code=code) if code else Region.objects.at(Level.COUNTY)
        region = regions.first()
        if region is None:
            raise CommandError("没有这个区划。请先导入区划，再开通账号。")
        return region

    def _password(self) -> str:
        if sys.stdin.isatty():
            return getpass.getpass("密码（至少 10 位）：")
        return sys.stdin.readline().rstrip("\n")
