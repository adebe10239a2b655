"""Audit rows are append-only: the table itself refuses UPDATE and DELETE."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION yizhou_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON yizhou_auditentry
    FOR EACH ROW EXECUTE FUNCTION yizhou_append_only();
"""
UNGUARDED = """
DROP TRIGGER audit_append_only ON yizhou_auditentry;
DROP FUNCTION yizhou_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("yizhou", "0001_initial")]
    operations = [migrations.RunSQL(APPEND_ONLY, UNGUARDED)]
