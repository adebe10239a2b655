"""The past of the registry: triggers keep what screening reads, before it changes."""

from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models

# The registry's own past was not kept before: what it holds counts as known ever since.
EVER_SINCE = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK = models.Func(function="clock_timestamp", output_field=models.DateTimeField())

# `entered_at` is the trigger's alone: a stale instance saved whole must not set it back. The row
# is locked before the trigger runs, so the moments of one row follow each other.
KEEPING = """
CREATE FUNCTION {table}_keep_past() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ({old}) IS NOT DISTINCT FROM ({new}) THEN
        NEW.entered_at := OLD.entered_at;
        RETURN NEW;
    END IF;
    NEW.entered_at := greatest(clock_timestamp(), OLD.entered_at);
    INSERT INTO {table}past ({key}, {columns}, entered_at, until_at)
    VALUES (OLD.id, {old}, OLD.entered_at, NEW.entered_at);
    RETURN NEW;
END $$;
CREATE TRIGGER keep_past BEFORE UPDATE ON {table} FOR EACH ROW
    WHEN (({old}, OLD.entered_at) IS DISTINCT FROM ({new}, NEW.entered_at))
    EXECUTE FUNCTION {table}_keep_past();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}past
    FOR EACH ROW EXECUTE FUNCTION grid_past_append_only();
"""
NOT_KEEPING = """
DROP TRIGGER append_only ON {table}past;
DROP TRIGGER keep_past ON {table};
DROP FUNCTION {table}_keep_past();
"""
APPEND_ONLY = """
CREATE FUNCTION grid_past_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the past of the registry is append-only'
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# The past follows the row: who sees it today sees what was known of it, wherever it lived then.
# The first arms need no look-up; jobs, which see the county, never reach the last.
WALL = """
ALTER TABLE {table}past ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table}past FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON {table}past
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR household_id = ANY (current_setting('yizhou.exceptions', true)::bigint[])
        OR EXISTS (SELECT 1 FROM {table} now WHERE now.id = {table}past.{key})
    );
"""
NO_WALL = """
DROP POLICY within_sight ON {table}past;
ALTER TABLE {table}past NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table}past DISABLE ROW LEVEL SECURITY;
"""
KEPT = (
    (
        "grid_person",
        "person_id",
        ("household_id", "born_on", "died_on", "sex", "labour", "health", "code"),
    ),
    ("grid_household", "household_id", ("kind", "code", "head_id", "size", "dissolved_on")),
)


def entered_at(**default):
    return models.DateTimeField(editable=False, verbose_name="登记时间", **default)


def sql_of(template, table, key, columns):
    return template.format(
        table=table,
        key=key,
        columns=", ".join(columns),
        old=", ".join(f"OLD.{c}" for c in columns),
        new=", ".join(f"NEW.{c}" for c in columns),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0003_department_data"),
    ]

    operations = [
        *(
            step
            for model in ("household", "person")
            for step in (
                migrations.AddField(model, "entered_at", entered_at(db_default=EVER_SINCE)),
                migrations.AlterField(model, "entered_at", entered_at(db_default=CLOCK)),
            )
        ),
        migrations.CreateModel(
            name="HouseholdPast",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ordinary", "一般农户"),
                            ("out_of_poverty", "脱贫户"),
                            ("unstable_out_of_poverty", "脱贫不稳定户"),
                            ("marginal_prone", "边缘易致贫户"),
                            ("sudden_difficulty", "突发严重困难户"),
                        ],
                        max_length=24,
                        verbose_name="户类型",
                    ),
                ),
                (
                    "code",
                    models.CharField(db_collation="C", max_length=20, verbose_name="网格代码"),
                ),
                ("size", models.PositiveSmallIntegerField(verbose_name="人口")),
                ("dissolved_on", models.DateField(null=True, verbose_name="销户日期")),
                ("entered_at", models.DateTimeField(verbose_name="登记时间")),
                ("until_at", models.DateTimeField(verbose_name="变更时间")),
                (
                    "head",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.person",
                        verbose_name="户主",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="past",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
            ],
            options={
                "verbose_name": "农户以前的登记",
                "verbose_name_plural": "农户以前的登记",
                "ordering": ["until_at", "id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["household", "until_at"], name="household_past_household"),
                    models.Index(fields=["until_at"], name="household_past_until"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until_at__gte", models.F("entered_at"))),
                        name="household_past_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonPast",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("born_on", models.DateField(verbose_name="出生日期")),
                ("died_on", models.DateField(null=True, verbose_name="死亡日期")),
                (
                    "sex",
                    models.CharField(
                        choices=[("M", "男"), ("F", "女")], max_length=1, verbose_name="性别"
                    ),
                ),
                (
                    "labour",
                    models.CharField(
                        choices=[
                            ("skilled", "技能劳动力"),
                            ("ordinary", "普通劳动力"),
                            ("weak", "弱劳动力或半劳动力"),
                            ("lost", "丧失劳动力"),
                            ("none", "无劳动力"),
                        ],
                        max_length=10,
                        verbose_name="劳动技能",
                    ),
                ),
                (
                    "health",
                    models.CharField(
                        choices=[
                            ("healthy", "健康"),
                            ("chronic", "长期慢性病"),
                            ("serious", "患有大病"),
                            ("disabled", "残疾"),
                        ],
                        max_length=10,
                        verbose_name="健康状况",
                    ),
                ),
                (
                    "code",
                    models.CharField(db_collation="C", max_length=20, verbose_name="网格代码"),
                ),
                ("entered_at", models.DateTimeField(verbose_name="登记时间")),
                ("until_at", models.DateTimeField(verbose_name="变更时间")),
                (
                    "household",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.household",
                        verbose_name="当时所属农户",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="past",
                        to="grid.person",
                        verbose_name="人员",
                    ),
                ),
            ],
            options={
                "verbose_name": "人员以前的登记",
                "verbose_name_plural": "人员以前的登记",
                "ordering": ["until_at", "id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["person", "until_at"], name="person_past_person"),
                    models.Index(fields=["household", "until_at"], name="person_past_household"),
                    models.Index(fields=["until_at"], name="person_past_until"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until_at__gte", models.F("entered_at"))),
                        name="person_past_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION grid_past_append_only();"),
        *(
            migrations.RunSQL(sql_of(forward, *kept), sql_of(backward, *kept))
            for kept in KEPT
            for forward, backward in ((KEEPING, NOT_KEEPING), (WALL, NO_WALL))
        ),
    ]
