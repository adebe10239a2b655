"""Which measures were kept of a run, for the previews of its day."""

from django.db import models

from monitoring.models.screening import ScreeningRun


class KeptMeasures(models.Model):
    """The lasting tables that hold what a run's moment measures (monitoring/engine/kept.py)."""

    run = models.OneToOneField(
        ScreeningRun, verbose_name="研判批次", on_delete=models.PROTECT, related_name="kept"
    )
    catalog = models.JSONField("表和列", default=dict)
    made_at = models.DateTimeField("生成时间", auto_now_add=True)

    class Meta:
        verbose_name = "留存的测算项"
        verbose_name_plural = verbose_name
        ordering = ["-run_id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id}"
