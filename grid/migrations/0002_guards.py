"""Guards Django cannot express: one living head, and row-level security as the second wall."""

from django.db import migrations

LIVING_HEAD = """
CREATE FUNCTION grid_check_living_head(hid bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    household record;
    members integer;
    head bigint;
BEGIN
    SELECT head_id, size, dissolved_on INTO household FROM grid_household WHERE id = hid;
    IF NOT FOUND THEN RETURN; END IF;
    SELECT count(*), max(person_id) FILTER (WHERE relation = 'head') INTO members, head
    FROM grid_membership WHERE household_id = hid AND left_on IS NULL;
    IF household.dissolved_on IS NULL THEN
        IF members = 0 OR head IS NULL THEN
            RAISE EXCEPTION 'household % has no living head', hid
                USING ERRCODE = 'check_violation', CONSTRAINT = 'household_one_living_head';
        END IF;
        IF head IS DISTINCT FROM household.head_id OR members <> household.size THEN
            RAISE EXCEPTION 'household % disagrees with its memberships', hid
                USING ERRCODE = 'check_violation', CONSTRAINT = 'household_head_and_size_agree';
        END IF;
    ELSIF members > 0 THEN
        RAISE EXCEPTION 'dissolved household % has members', hid
            USING ERRCODE = 'check_violation', CONSTRAINT = 'household_dissolved_is_empty';
    END IF;
END $$;

CREATE FUNCTION grid_membership_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN PERFORM grid_check_living_head(OLD.household_id); END IF;
    IF TG_OP <> 'DELETE' THEN PERFORM grid_check_living_head(NEW.household_id); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION grid_household_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM grid_check_living_head(NEW.id);
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER membership_living_head
    AFTER INSERT OR UPDATE OR DELETE ON grid_membership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grid_membership_guard();
CREATE CONSTRAINT TRIGGER household_living_head
    AFTER INSERT OR UPDATE OF head_id, size, dissolved_on ON grid_household
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grid_household_guard();
"""

# The policy compares the row's own code with two settings of the connection: no subquery,
# no function call per row (see docs/decisions/0004). `exceptions` are household ids.
WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON {table}
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR {household} = ANY (current_setting('yizhou.exceptions', true)::bigint[])
    );
"""
NO_WALL = """
DROP POLICY within_sight ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
WALLED = {
    "grid_household": "id",
    "grid_person": "household_id",
    "grid_workitem": "household_id",
    "grid_visit": "household_id",
}


class Migration(migrations.Migration):
    dependencies = [("grid", "0001_initial")]

    operations = [
        migrations.RunSQL(
            LIVING_HEAD,
            """
            DROP TRIGGER membership_living_head ON grid_membership;
            DROP TRIGGER household_living_head ON grid_household;
            DROP FUNCTION grid_membership_guard();
            DROP FUNCTION grid_household_guard();
            DROP FUNCTION grid_check_living_head(bigint);
            """,
        ),
        *(
            migrations.RunSQL(
                WALL.format(table=table, household=household), NO_WALL.format(table=table)
            )
            for table, household in WALLED.items()
        ),
    ]
