"""Measures kept for the previews of a day: tables that come and go in a schema of their own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0007_annotations_end")]

    operations = [
        migrations.RunSQL("CREATE SCHEMA IF NOT EXISTS kept", "DROP SCHEMA kept CASCADE"),
        migrations.CreateModel(
            name="KeptMeasures",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("catalog", models.JSONField(default=dict, verbose_name="表和列")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="生成时间")),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kept",
                        to="monitoring.screeningrun",
                        verbose_name="研判批次",
                    ),
                ),
            ],
            options={
                "verbose_name": "留存的测算项",
                "verbose_name_plural": "留存的测算项",
                "ordering": ["-run_id"],
                "default_permissions": (),
            },
        ),
    ]
