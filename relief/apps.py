from django.apps import AppConfig


class ReliefConfig(AppConfig):
    name = "relief"
    verbose_name = "救助"
    default_auto_field = "django.db.models.BigAutoField"
