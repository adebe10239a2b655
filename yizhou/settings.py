"""Settings by environment: one file for development, tests and production.

Every secret comes from the environment or a file named there; nothing secret has a default
outside DEBUG. See docs/operations.md for the list of variables.
"""

import os
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", ROOT / "var"))


def from_env(name: str, default: str | None = None) -> str:
    """Read NAME, or the file named by NAME_FILE (container secrets); refuse when neither is set."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    if default is None:
        raise ImproperlyConfigured(f"缺少环境变量 {name}。请设置它，或用 make demo 启动本机演示。")
    return default


def flag(name: str, default: str = "0") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


DEBUG = flag("DEBUG")
DEMO = flag("DEMO")  # shows the "people are invented" banner and the demo sign-in hints
SECRET_KEY = from_env("SECRET_KEY")
ALLOWED_HOSTS = [h for h in os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(",") if h]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]

# Key ring for sealed fields: JSON text or the path of a JSON file, see yizhou/sealed.py.
KEY_RING = from_env("YIZHOU_KEYS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "template_partials",
    "guardian",
    "yizhou",
    "grid",
    "monitoring",
    "assistance",
    "relief",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "grid.middleware.wall",
    "grid.middleware.private_pages",
    "grid.middleware.refusals_as_pages",
]

ROOT_URLCONF = "yizhou.urls"
WSGI_APPLICATION = "yizhou.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "grid.frame.frame",
            ],
            "builtins": ["grid.templatetags.pieces"],
        },
    }
]

# Row-level security is the second wall (docs/decisions/0004). Connections of the web begin
# with nothing in sight and are opened request by request; jobs and commands see the county.
WALL_UP = os.environ.get("YIZHOU_WALL") == "web"
DATABASES = {
    "default": dj_database_url.parse(
        from_env("DATABASE_URL"), conn_max_age=600, conn_health_checks=True
    )
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    options="-c yizhou.low=~ -c yizhou.high= -c yizhou.exceptions={}"
    if WALL_UP
    else "-c yizhou.low= -c yizhou.high=~ -c yizhou.exceptions={}",
    connect_timeout=5,
    application_name="yizhou",
)

REDIS_URL = from_env("REDIS_URL")
_REDIS_ROOT, _, _REDIS_DB = REDIS_URL.rpartition("/")
CACHE_REDIS_URL = f"{_REDIS_ROOT}/1" if _REDIS_DB.isdigit() else REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_REDIS_URL,
        "KEY_PREFIX": "yizhou",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# The broker is a doorbell; PostgreSQL holds every job (yizhou/deferred.py).
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 0,  # of one connection; without it a page waits 6 s for a deaf broker
}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # workers wait for the broker as long as it takes
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

AUTH_USER_MODEL = "grid.Account"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian: strangers get no row of their own
GUARDIAN_MONKEY_PATCH_USER = False
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/signin/"

# Wrong passwords, at the sign-in page and on phones together (grid/sign_in_tries.py): one name
# from one address, one name from everywhere, one address. Proposals, to be confirmed by the county.
SIGN_IN_WITHIN_MINUTES = int(os.environ.get("SIGN_IN_WITHIN_MINUTES", "15"))
SIGN_IN_TRIES = int(os.environ.get("SIGN_IN_TRIES", "5"))
SIGN_IN_TRIES_OF_A_NAME = int(os.environ.get("SIGN_IN_TRIES_OF_A_NAME", "20"))
SIGN_IN_TRIES_OF_AN_ADDRESS = int(os.environ.get("SIGN_IN_TRIES_OF_AN_ADDRESS", "60"))

# Messages name people: they stay on the server, not in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Sessions in the database: pages must work while Redis is down.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "grid.views.signing_in.csrf_failed"

HTTPS = flag("HTTPS", "0" if DEBUG or DEMO else "1")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
BEHIND_PROXY = flag("BEHIND_PROXY")
# Reverse proxies in front: the client's address is that many entries from the right of
# X-Forwarded-For; what stands further left was written by the client itself.
PROXY_HOPS = int(os.environ.get("PROXY_HOPS", "1" if BEHIND_PROXY else "0"))
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "files"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO
WHITENOISE_AUTOREFRESH = DEBUG

# A department's file arrives whole before it is sealed; the proxy has the same limit.
UPLOAD_MAX_BYTES = int(os.environ.get("UPLOAD_MAX_MB", "200")) * 1024 * 1024
# A run over the whole county is cut into so many shards, one transaction and one worker each.
SCREENING_SHARDS = int(os.environ.get("SCREENING_SHARDS", "2"))
SCREENING_SHARD_LEAST = 20_000  # households: a smaller county is one shard
# Sealed copies of departments' files; how long the county must keep them: to be confirmed.
UPLOAD_FILES_KEPT_DAYS = int(os.environ.get("UPLOAD_FILES_KEPT_DAYS", "180"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# Phones of the field. Days, sizes and limits are proposals, to be confirmed by the county.
FIELD_TOKEN_DAYS = int(os.environ.get("FIELD_TOKEN_DAYS", "90"))
FIELD_POLICY = {
    "offline_days": int(os.environ.get("FIELD_OFFLINE_DAYS", "7")),
    "pin_digits": 6,
    "pin_tries": 5,
    "lock_minutes": 5,
    "photo_edge": 1280,
    "photo_bytes": 256_000,
    "photos_most": 9,
    "voice_seconds": 60,
    "voice_bytes": 400_000,
}
FIELD_MOST_HOUSEHOLDS = 120
FIELD_MOST_ITEMS = 200
FIELD_ENVELOPE_BYTES = 400_000  # a visit as sealed JSON, without its photos
FIELD_ATTACHMENT_BYTES = 2_000_000  # phones aim at photo_bytes; old ones may miss it
# Read and thrown away before a refusal, so that the phone hears the answer.
FIELD_DRAINED_BYTES = 64 * 1024 * 1024
VERSION_OF_PACK = "2"  # the shape of the pack: a change makes every phone fetch it anew
# Further households, sections and stamps of the pack, by dotted name (grid/offline.py).
FIELD_HOUSEHOLDS: list[str] = ["grid.pairings.paired_with"]
FIELD_SECTIONS: dict[str, str] = {
    "pause": "grid.deadlines.pack_section",
    "plan": "grid.visit_plans.pack_section",
    "promises": "grid.promises.pack_section",
}
FIELD_STAMPS: dict[str, str] = {
    "pause": "grid.deadlines.PACK_STAMP",
    "plan": "grid.visit_plans.PACK_STAMP",
    "promises": "grid.promises.PACK_STAMP",
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "grid.signing.DepartmentKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "grid.signing.refusals_as_problems",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "宜州区防止返贫监测帮扶平台 接口",
    "DESCRIPTION": "部门数据报送和查询接口。报送用部门密钥：Authorization: Key <密钥>。",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "grid.openapi.describe_problems",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_AUTHENTICATION": ["rest_framework.authentication.SessionAuthentication"],
}

DEMO_LOGINS = "yizhou.demo.posts.LOGINS"
DEMO_PASSWORD = "yizhou.demo.posts.PASSWORD"  # noqa: S105 - a dotted name

# What the floors above hang into the floors below, by dotted name.
NAV = ["monitoring.frame.NAV"]
DOSSIER_SECTIONS = [
    "monitoring.dossier.alerts",
    "grid.deadlines.dossier_section",
    "grid.promises.dossier_section",
    "grid.visit_history.visits",
]
HOME_CARDS = ["monitoring.frame.home_cards", "grid.frame.home_cards"]
HOME_SECTIONS = ["monitoring.frame.home_sections"]
# Counts with links on the township's desk (grid/desk.py).
DESK_SECTIONS = ["monitoring.harmless.desk_section", "grid.frame.desk_section"]

# Phones on printed route sheets: "tail" (last four digits) or "full". To be confirmed.
ROUTE_SHEET_PHONE = os.environ.get("ROUTE_SHEET_PHONE", "tail")

# Messages to people outside the program: how (grid/messages_out.py), and the address they name.
MESSAGE_CHANNEL = os.environ.get("MESSAGE_CHANNEL", "grid.messages_out.Console")
SITE_URL = os.environ.get("SITE_URL", "").rstrip("/")

# Groups of households that only the floors above know, by dotted name (grid/visit_groups.py).
VISIT_GROUPS = ["monitoring.must_visit.GROUPS"]

# Called by the page that just recorded a visit, after commit; beat calls them again.
VISIT_COLLECTORS = [
    "grid.actions.plan_reports.collect_plan_reports",
    "monitoring.actions.alerts.collect_reports",
    "monitoring.actions.discovery.collect_discoveries",
    "grid.actions.promises.collect_promises",
    "monitoring.actions.case_visits.collect_case_visits",
]

# What the floors above know of a household before a visit (grid/known.py).
VISIT_KNOWN = ["monitoring.known.recorded"]

# Purposes that the floors above put on a work item: name -> label (grid/models/work_item.py).
VISIT_PURPOSES = {
    "verify_alert": "核实预警",
    "routine": "常规走访",
    "check": "集中排查",
    "discovery": "新发现困难",
    "promise": "回访承诺",
    "case": "个案核查",
}

# Reports of one name and hamlet so many days apart are shown beside each other.
REPORT_REPEAT_DAYS = int(os.environ.get("REPORT_REPEAT_DAYS", "30"))
# Second-level workers help households of their own; "1" gives back the sight of the whole grid.
SECOND_LEVEL_SEES_GRID = flag("SECOND_LEVEL_SEES_GRID")
# A promise becomes a purpose of the household's visit so many days before it is due.
PROMISE_NOTICE_DAYS = int(os.environ.get("PROMISE_NOTICE_DAYS", "3"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}

SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
