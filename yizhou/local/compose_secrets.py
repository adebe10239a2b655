"""Make the secrets docker-compose.yml asks for: python3 -m yizhou.local.compose_secrets FOLDER

Existing files stay as they are. The folder is closed to everybody but its owner; the files in it
are readable, because containers see them one by one under users of their own.
Standard library only.
"""

import secrets
import sys
from pathlib import Path

from yizhou.local.key_ring import new_key_ring


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("用法：python3 -m yizhou.local.compose_secrets /etc/yizhou/secrets\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("secret_key", "postgres_password", "database_password", "redis_password"):
        keep(folder / name, secrets.token_hex(32))
    keep(folder / "key_ring", new_key_ring())
    database, queue = (
        (folder / name).read_text().strip() for name in ("database_password", "redis_password")
    )
    keep(folder / "database_url", f"postgres://yizhou:{database}@postgres:5432/yizhou")
    keep(folder / "redis_url", f"redis://:{queue}@redis:6379/0")
    sys.stdout.write(
        f"密钥已在 {folder}。请另外离线保存 key_ring：丢失它，封存的身份证号无法恢复。\n"
    )
    return 0


def keep(path: Path, text: str) -> None:
    if not path.exists():
        path.touch(mode=0o444)
        path.chmod(0o644)
        path.write_text(text + "\n")
        path.chmod(0o444)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
