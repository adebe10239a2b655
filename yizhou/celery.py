"""The Celery application: the doorbell. Jobs themselves are rows in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")

app = Celery("yizhou")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
