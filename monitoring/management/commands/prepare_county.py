"""A new installation's first data: places, departments, seats, rules, figures and the schedule."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grid.actions.installation import install_county
from monitoring.actions.conflicts import enter_sources_of_truth
from monitoring.actions.procedures import install_procedure
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.schedules import install_schedule
from yizhou.audit import SYSTEM
from yizhou.refusals import Denial


class Command(BaseCommand):
    """Idempotent: what is there, and what officials changed, is left alone."""

    help = "准备新的县：区划、部门、席位、规则、标准线、定时任务（已有的不动）"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = install_county(acting=SYSTEM)
            rules = load_shipped_rules(acting=SYSTEM)
            install_procedure(acting=SYSTEM)
        except Denial as no:
            raise CommandError(no.sentence) from None
        enter_sources_of_truth(acting=SYSTEM)
        install_schedule()
        self.stdout.write(f"{done}，规则新装 {rules} 条。下一步：manage.py create_account")
