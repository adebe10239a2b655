"""Row-level security on alerts and clues, the second wall (docs/decisions/0004)."""

from django.db import migrations

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON {table}
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR household_id = ANY (current_setting('yizhou.exceptions', true)::bigint[])
    );
"""
NO_WALL = """
DROP POLICY within_sight ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial"), ("grid", "0002_guards")]

    operations = [
        migrations.RunSQL(WALL.format(table=table), NO_WALL.format(table=table))
        for table in ("monitoring_alert", "monitoring_clue")
    ]
