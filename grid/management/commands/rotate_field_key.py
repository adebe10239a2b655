"""manage.py rotate_field_key"""

from typing import Any

from django.core.management.base import BaseCommand

from grid.actions.phones import rotate_field_key
from grid.models.phone import OLD_KEYS_OPEN
from yizhou.audit import SYSTEM


class Command(BaseCommand):
    help = "更换走访手机封装记录的密钥。手机下次联网换用新的；旧密钥封好的记录 60 天内仍能收。"

    def handle(self, *args: Any, **options: Any) -> None:
        key = rotate_field_key(acting=SYSTEM)
        self.stdout.write(f"新密钥 {key.kid} 已启用。旧密钥再收 {OLD_KEYS_OPEN.days} 天。")
