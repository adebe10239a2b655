"""Real servers named by DATABASE_URL and REDIS_URL: usable, or one sentence why not."""

from urllib.parse import urlsplit

import psycopg2
import redis

from yizhou.local.sentences import CannotRun, progress

OLDEST_POSTGRES, OLDEST_REDIS = 15, (6, 2)


def check_database(url: str) -> None:
    """Raise CannotRun when the database cannot be used; warn when its role sees through walls."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise CannotRun(
            "DATABASE_URL 的写法不对，应为 postgres://用户:密码@主机:端口/数据库名。"
            "请改正，或取消它（unset DATABASE_URL）以使用本机自带的数据库。"
        )
    try:
        connection = psycopg2.connect(url, connect_timeout=5)
    except psycopg2.OperationalError as fault:
        raise CannotRun(_of_database(fault, url)) from None
    version = connection.server_version // 10000
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        sees_everything = bool(cursor.fetchone()[0])
    connection.close()
    if version < OLDEST_POSTGRES:
        raise CannotRun(
            f"DATABASE_URL 的 PostgreSQL 是 {version} 版，需要 {OLDEST_POSTGRES} 版或更新。"
            "请升级，或取消 DATABASE_URL 以使用本机自带的数据库。"
        )
    if sees_everything:
        progress(
            f"注意：数据库用户 {parts.username} 是超级用户，行级权限（第二道墙）对它不起作用。"
            "请另建普通用户：CREATE ROLE yizhou LOGIN CREATEDB PASSWORD '……'，并把数据库交给它。"
        )


def check_redis(url: str) -> None:
    """Raise CannotRun when the Redis server cannot be used."""
    instead = "请改正 REDIS_URL，或取消它（unset REDIS_URL）以使用本机自带的 Redis。"
    try:
        client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
        version = str(client.info("server")["redis_version"])
        client.close()
    except ValueError:
        raise CannotRun(
            f"REDIS_URL 的写法不对，应为 redis://:密码@主机:端口/0。{instead}"
        ) from None
    except (redis.AuthenticationError, redis.ResponseError):
        raise CannotRun(f"Redis（{_place(url)}）拒绝了 REDIS_URL 里的密码。{instead}") from None
    except redis.RedisError:
        raise CannotRun(f"连不上 REDIS_URL 指定的 Redis（{_place(url)}）。{instead}") from None
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise CannotRun(f"REDIS_URL 的 Redis 是 {version} 版，需要 6.2 版或更新。{instead}")


def _of_database(fault: psycopg2.OperationalError, url: str) -> str:
    parts, text = urlsplit(url), str(fault)
    instead = "请改正 DATABASE_URL，或取消它（unset DATABASE_URL）以使用本机自带的数据库。"
    name = parts.path.strip("/")
    if "password authentication failed" in text or "no password supplied" in text:
        return f"数据库（{_place(url)}）拒绝了用户 {parts.username} 的密码。{instead}"
    if "does not exist" in text and f'database "{name}"' in text:
        return (
            f"数据库服务器（{_place(url)}）上没有名为 {name} 的数据库。"
            f"请先建立它：createdb -O {parts.username} {name}，或改正 DATABASE_URL。"
        )
    if "does not exist" in text:
        return f"数据库（{_place(url)}）没有用户 {parts.username}。{instead}"
    return f"连不上 DATABASE_URL 指定的数据库（{_place(url)}）。请确认它已启动。{instead}"


def _place(url: str) -> str:
    """Host and port, never the password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "本机"
