"""Keys with which the demo's departments sign in to the REST API."""

import json
import os
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings

from grid.models import DepartmentKey
from grid.signing import hash_secret, new_secret

FILE = "demo/keys.json"
LABEL = "演示数据报送"


def department_keys(departments: list[str], *, today: date) -> dict[str, str]:
    """The key text of each department; a lost, revoked or expired one is replaced.

    The plain keys lie in VAR_DIR/demo/keys.json, readable by its owner only.
    """
    path = Path(settings.VAR_DIR) / FILE
    keys: dict[str, str] = _read(path)
    usable = set(
        DepartmentKey.objects.filter(
            prefix__in=[text.partition(".")[0] for text in keys.values()],
            revoked_at=None,
            expires_on__gt=today,
        ).values_list("prefix", "department_id")
    )
    new = {}
    for department in departments:
        if (keys.get(department, "").partition(".")[0], department) not in usable:
            prefix, secret = new_secret()
            new[department] = f"{prefix}.{secret}"
            DepartmentKey.objects.create(
                department_id=department,
                label=LABEL,
                prefix=prefix,
                secret_hash=hash_secret(secret),
                expires_on=today + timedelta(days=365),
            )
    if new:
        keys |= new
        _write(path, keys)
    return {department: keys[department] for department in departments}


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def _write(path: Path, keys: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(keys, file, ensure_ascii=False, indent=1)
    scratch.replace(path)
