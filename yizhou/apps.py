"""The ground floor as a Django app: audit rows and the work calendar live here."""

from importlib import import_module

from django.apps import AppConfig


class YizhouConfig(AppConfig):
    name = "yizhou"
    verbose_name = "平台底座"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Every Django process rings the configured broker, not Celery's default one.
        import_module("yizhou.celery")
