"""WSGI entry of the web. It raises the row-level-security wall before settings are read."""

import os

os.environ["YIZHOU_WALL"] = "web"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
