"""manage.py issue_key medical_insurance --label 医保结算系统 --days 365"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from grid.actions.keys import issue_key
from grid.models import Department
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    help = "给部门的系统签发报送密钥。密钥只显示这一次，请立即交给部门保管。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("department", help="部门代码")
        parser.add_argument("--label", required=True, help="用途，例如 医保结算系统")
        parser.add_argument("--days", type=int, default=365, help="有效天数，最多两年")

    def handle(self, *args: Any, **options: Any) -> None:
        department = Department.objects.filter(pk=options["department"]).first()
        if department is None:
            known = "、".join(Department.objects.values_list("pk", flat=True)) or "（还没有部门）"
            raise CommandError(f"没有这个部门。现有部门代码：{known}")
        try:
            text = issue_key(
                acting=SYSTEM,
                department=department,
                label=options["label"],
                expires_on=timezone.localdate() + timedelta(days=options["days"]),
            )
        except Refusal as no:
            raise CommandError(no.sentence) from None
        self.stderr.write(
            f"{department.name}的密钥（只显示这一次），用法：Authorization: Key <密钥>"
        )
        self.stdout.write(text)
