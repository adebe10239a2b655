"""The ground floor as a Django app: audit rows and the work calendar live here."""

from django.apps import AppConfig


class YizhouConfig(AppConfig):
    name = "yizhou"
    verbose_name = "平台底座"
    default_auto_field = "django.db.models.BigAutoField"
