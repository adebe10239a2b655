"""Load shipped rules, figures and the schedule that are not there yet."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.schedules import install_schedule
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    help = "装载随程序提供的规则、标准线和定时任务（已有的不动）"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            added = load_shipped_rules(acting=SYSTEM)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        install_schedule()
        self.stdout.write(f"规则已就绪（新装 {added} 条）。")
