"""Annotations end instead of vanishing, and stand behind the second wall as alerts do."""

from django.db import migrations, models
from django.db.models import Q

WALL = """
ALTER TABLE monitoring_annotation ENABLE ROW LEVEL SECURITY;
ALTER TABLE monitoring_annotation FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON monitoring_annotation
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR household_id = ANY (current_setting('yizhou.exceptions', true)::bigint[])
    );
"""
NO_WALL = """
DROP POLICY within_sight ON monitoring_annotation;
ALTER TABLE monitoring_annotation NO FORCE ROW LEVEL SECURITY;
ALTER TABLE monitoring_annotation DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0006_rules_as_data")]

    operations = [
        migrations.RemoveConstraint(model_name="annotation", name="annotation_once"),
        migrations.AddField(
            model_name="annotation",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="消失时间"),
        ),
        migrations.AddConstraint(
            model_name="annotation",
            constraint=models.UniqueConstraint(
                name="annotation_once",
                fields=["household", "rule"],
                condition=Q(ended_at=None),
            ),
        ),
        migrations.RunSQL(WALL, NO_WALL),
    ]
