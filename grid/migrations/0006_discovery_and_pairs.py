"""Discovery, pairings and promises: tables, their walls, and the households of one worker."""

import uuid
from datetime import date

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import yizhou.terms

NUMBERS = "CREATE SEQUENCE grid_householdreport_number;"

# A report is also its reporter's, who may see nobody of the place.
REPORT_WALL = """
ALTER TABLE grid_householdreport ENABLE ROW LEVEL SECURITY;
ALTER TABLE grid_householdreport FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON grid_householdreport
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR household_id = ANY (current_setting('yizhou.exceptions', true)::bigint[])
        OR by_id = nullif(current_setting('yizhou.account', true), '')::bigint
    );
"""
# These follow the household: who sees it, sees them.
HOUSEHOLD_WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON {table}
    USING (EXISTS (SELECT 1 FROM {household}));
"""
NO_WALL = """
DROP POLICY within_sight ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
WALLED = {
    "grid_pairing": "grid_household h WHERE h.id = grid_pairing.household_id",
    "grid_promise": "grid_household h WHERE h.id = grid_promise.household_id",
    "grid_promiseevent": "grid_promise p WHERE p.id = grid_promiseevent.promise_id",
}

# Sight is read before the wall stands where it will: inside, the function sees the county, and
# puts the wall back. (A SET clause would do it alone, but only a superuser may write one.)
OWN_HOUSEHOLDS = """
CREATE FUNCTION grid_own_households(worker bigint, day date, since timestamptz)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    low text := coalesce(current_setting('yizhou.low', true), '');
    high text := coalesce(current_setting('yizhou.high', true), '');
BEGIN
    PERFORM set_config('yizhou.low', '', true), set_config('yizhou.high', '~', true);
    RETURN QUERY
        SELECT a.household_id FROM grid_pairing a
        JOIN grid_household h ON h.id = a.household_id AND h.dissolved_on IS NULL
        JOIN grid_post p ON p.account_id = a.worker_id AND p.region_id = h.code
            AND p.role = 'grid_worker_2' AND p.from_on <= day
            AND (p.until_on IS NULL OR p.until_on > day)
        WHERE a.worker_id = worker AND a.from_on <= day
            AND (a.until_on IS NULL OR a.until_on > day)
        UNION
        SELECT i.household_id FROM grid_workitem i
        WHERE i.assignee_id = worker AND i.state <> 'closed'
        UNION
        SELECT i.household_id FROM grid_workitem i
        WHERE i.assignee_id = worker AND i.state = 'closed' AND i.closed_at >= since;
    PERFORM set_config('yizhou.low', low, true), set_config('yizhou.high', high, true);
END $$;
"""
APPEND_ONLY = """
CREATE FUNCTION grid_promise_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of promises is append-only'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON grid_promiseevent
    FOR EACH ROW EXECUTE FUNCTION grid_promise_append_only();
"""
UNGUARDED = """
DROP TRIGGER append_only ON grid_promiseevent;
DROP FUNCTION grid_promise_append_only();
"""
LIMITS = {"decide": 2, "visit": 3}
SOURCE = "待核定：外地规定入户核查 2 至 5 个工作日（安徽、甘肃等），本区没有查到"


def enter_limits(apps, schema_editor):
    limits = apps.get_model("grid", "ReportLimit").objects
    for step, workdays in LIMITS.items():
        row = {"workdays": workdays, "from_on": date(2026, 1, 1), "source": SOURCE}
        limits.create(step=step, is_confirmed=False, **row)


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0005_phones"),
    ]

    operations = [
        migrations.RunSQL(NUMBERS, "DROP SEQUENCE grid_householdreport_number;"),
        migrations.AlterField(
            model_name="establishment",
            name="role",
            field=models.CharField(
                choices=[
                    ("county_head", "县级网格长"),
                    ("township_head", "乡级网格长"),
                    ("village_head", "村级网格长"),
                    ("tun_head", "屯级网格长"),
                    ("info_officer", "防止返贫监测信息员"),
                    ("grid_worker_1", "一级网格员"),
                    ("grid_worker_2", "二级网格员"),
                    ("village_assistant", "村级协理员"),
                    ("social_station", "社工站社工"),
                    ("volunteer", "志愿者"),
                    ("township_officer", "乡镇审核员"),
                    ("county_officer", "县级监测专员"),
                    ("county_leader", "县领导"),
                    ("department_clerk", "数据报送员"),
                    ("auditor", "审计员"),
                    ("administrator", "系统管理员"),
                ],
                max_length=20,
                primary_key=True,
                serialize=False,
                verbose_name="职务",
            ),
        ),
        migrations.AlterField(
            model_name="householdevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("registered", "建户"),
                    ("joined", "新增成员"),
                    ("left", "成员迁出"),
                    ("died", "成员死亡"),
                    ("new_head", "变更户主"),
                    ("moved", "搬迁"),
                    ("split", "分户"),
                    ("merged", "并户"),
                    ("married_in", "婚入"),
                    ("married_out", "婚出"),
                ],
                max_length=12,
                verbose_name="事件",
            ),
        ),
        migrations.AlterField(
            model_name="post",
            name="role",
            field=models.CharField(
                choices=[
                    ("county_head", "县级网格长"),
                    ("township_head", "乡级网格长"),
                    ("village_head", "村级网格长"),
                    ("tun_head", "屯级网格长"),
                    ("info_officer", "防止返贫监测信息员"),
                    ("grid_worker_1", "一级网格员"),
                    ("grid_worker_2", "二级网格员"),
                    ("village_assistant", "村级协理员"),
                    ("social_station", "社工站社工"),
                    ("volunteer", "志愿者"),
                    ("township_officer", "乡镇审核员"),
                    ("county_officer", "县级监测专员"),
                    ("county_leader", "县领导"),
                    ("department_clerk", "数据报送员"),
                    ("auditor", "审计员"),
                    ("administrator", "系统管理员"),
                ],
                max_length=20,
                verbose_name="职务",
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="assigned_role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("county_head", "县级网格长"),
                    ("township_head", "乡级网格长"),
                    ("village_head", "村级网格长"),
                    ("tun_head", "屯级网格长"),
                    ("info_officer", "防止返贫监测信息员"),
                    ("grid_worker_1", "一级网格员"),
                    ("grid_worker_2", "二级网格员"),
                    ("village_assistant", "村级协理员"),
                    ("social_station", "社工站社工"),
                    ("volunteer", "志愿者"),
                    ("township_officer", "乡镇审核员"),
                    ("county_officer", "县级监测专员"),
                    ("county_leader", "县领导"),
                    ("department_clerk", "数据报送员"),
                    ("auditor", "审计员"),
                    ("administrator", "系统管理员"),
                ],
                max_length=20,
                verbose_name="承办职务",
            ),
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sentence", models.CharField(max_length=200, verbose_name="承诺")),
                ("due_on", models.DateField(verbose_name="何时兑现")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="承诺时间")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "待兑现"),
                            ("kept", "已兑现"),
                            ("not_kept", "未兑现"),
                            ("withdrawn", "已撤回"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="结束日期")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                ("followed_up_at", models.DateTimeField(null=True, verbose_name="已列入回访")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promises",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="承诺人",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promises",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promises",
                        to="grid.visit",
                        verbose_name="走访",
                    ),
                ),
            ],
            options={
                "verbose_name": "帮扶承诺",
                "verbose_name_plural": "帮扶承诺",
                "ordering": ["due_on", "id"],
            },
        ),
        migrations.CreateModel(
            name="PromiseEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("made", "作出承诺"),
                            ("followed", "列入回访"),
                            ("looked", "入户回访"),
                            ("kept", "已兑现"),
                            ("not_kept", "未兑现"),
                            ("withdrawn", "已撤回"),
                        ],
                        max_length=10,
                        verbose_name="动作",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="时间")),
                ("by_name", models.CharField(max_length=80, verbose_name="经办人")),
                ("sentence", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                (
                    "promise",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="grid.promise",
                        verbose_name="承诺",
                    ),
                ),
            ],
            options={
                "verbose_name": "承诺经过",
                "verbose_name_plural": "承诺经过",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ReportLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[("decide", "乡镇处理"), ("visit", "入户核实")],
                        max_length=8,
                        verbose_name="步骤",
                    ),
                ),
                ("workdays", models.PositiveSmallIntegerField(verbose_name="工作日")),
                ("from_on", models.DateField(verbose_name="起")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="止（不含）")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="已核定")),
            ],
            options={
                "verbose_name": "上报处理时限",
                "verbose_name_plural": "上报处理时限",
                "ordering": ["step", "-from_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="report_limit_has_source",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("step", "="),
                            (
                                yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")),
                                "&&",
                            ),
                        ],
                        name="report_limit_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HouseholdReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "number",
                    models.BigIntegerField(
                        db_default=models.Func(
                            models.Value("grid_householdreport_number"),
                            function="nextval",
                            output_field=models.BigIntegerField(),
                        ),
                        editable=False,
                        unique=True,
                        verbose_name="序号",
                    ),
                ),
                ("found_at", models.DateTimeField(verbose_name="发现时间")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="收到时间")),
                ("name", models.CharField(max_length=40, verbose_name="户主或困难的人")),
                ("phone_sealed", models.BinaryField(null=True, verbose_name="电话（密封）")),
                ("phone_tail", models.CharField(blank=True, max_length=4, verbose_name="电话尾号")),
                ("address", models.CharField(blank=True, max_length=120, verbose_name="住址")),
                (
                    "people",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="人口"),
                ),
                (
                    "difficulty",
                    models.CharField(
                        choices=[
                            ("ill", "生病"),
                            ("disabled", "残疾"),
                            ("accident", "意外事故"),
                            ("disaster", "受灾"),
                            ("schooling", "上学"),
                            ("job_lost", "失业"),
                            ("house", "住房"),
                            ("water", "饮水"),
                            ("old_alone", "老人独居"),
                            ("other", "其他"),
                        ],
                        max_length=12,
                        verbose_name="难处",
                    ),
                ),
                ("sentence", models.CharField(max_length=300, verbose_name="情况")),
                ("position_sealed", models.BinaryField(null=True, verbose_name="定位（密封）")),
                ("said_digest", models.BinaryField(max_length=16, verbose_name="内容摘要")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "已收到"),
                            ("with_township", "乡镇处理中"),
                            ("taken_up", "已采纳"),
                            ("set_aside", "不予采纳"),
                        ],
                        default="received",
                        max_length=14,
                        verbose_name="状态",
                    ),
                ),
                ("due_on", models.DateField(verbose_name="乡镇处理时限")),
                ("opened_at", models.DateTimeField(null=True, verbose_name="乡镇打开时间")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="决定时间")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_risk_self_solved", "无风险，家庭能自行解决"),
                            ("no_risk_data_error", "数据有误，退回来源部门"),
                            ("dept_problem", "行业问题，转部门办理"),
                            ("to_social_assistance", "转社会救助"),
                            ("to_monitoring", "有返贫致贫风险，纳入监测程序"),
                            ("already_monitored_update", "已是监测对象，更新风险"),
                            ("already_eliminated_rollback", "风险已消除户，风险回退"),
                            ("not_contactable", "外出，联系不上"),
                            ("deceased_or_moved", "死亡或迁出"),
                            ("refused", "农户不愿纳入"),
                        ],
                        max_length=30,
                        verbose_name="入户结果",
                    ),
                ),
                ("outcome_at", models.DateTimeField(null=True, verbose_name="入户结果时间")),
                ("told_at", models.DateTimeField(null=True, verbose_name="上报人已看到处理结果")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="household_reports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="上报人",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="决定人",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="乡镇经办人",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_column="code",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="household_reports",
                        to="grid.region",
                        verbose_name="地方",
                    ),
                ),
                (
                    "same_as",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repeats",
                        to="grid.householdreport",
                        verbose_name="并入的上报",
                    ),
                ),
            ],
            options={
                "verbose_name": "困难户上报",
                "verbose_name_plural": "困难户上报",
                "ordering": ["-received_at", "-number"],
                "indexes": [
                    models.Index(fields=["by", "-received_at"], name="report_by_sender"),
                    models.Index(fields=["place", "name"], name="report_by_place"),
                    models.Index(
                        condition=models.Q(("state__in", ["received", "with_township"])),
                        fields=["place", "due_on"],
                        name="report_waiting",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "set_aside"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="report_set_aside_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decided_at", None), ("state__in", ["received", "with_township"])
                            ),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("state__in", ["taken_up", "set_aside"]),
                            ),
                            _connector="OR",
                        ),
                        name="report_decided_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "taken_up"), _negated=True),
                            ("household__isnull", False),
                            ("same_as__isnull", False),
                            _connector="OR",
                        ),
                        name="report_taken_up_has_household",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pairing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_on", models.DateField(verbose_name="结对日期")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="结束日期")),
                ("paired_at", models.DateTimeField(auto_now_add=True, verbose_name="办理时间")),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="结束原因"),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pairings",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "paired_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="办理人",
                    ),
                ),
                (
                    "worker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pairings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="二级网格员",
                    ),
                ),
            ],
            options={
                "verbose_name": "结对帮扶",
                "verbose_name_plural": "结对帮扶",
                "ordering": ["-from_on", "-id"],
                "indexes": [models.Index(fields=["worker", "until_on"], name="pairing_of_worker")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until_on", None),
                            ("until_on__gte", models.F("from_on")),
                            _connector="OR",
                        ),
                        name="pairing_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until_on", None),
                            models.Q(("end_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="pairing_end_has_reason",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("household", "="),
                            (yizhou.terms.TermRange("from_on", "until_on"), "&&"),
                        ],
                        name="pairing_one_worker_at_a_time",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(fields=["by", "due_on"], name="promise_of_worker"),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["due_on"], name="promise_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_on", None), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True), ("ended_on__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="promise_ended_has_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["not_kept", "withdrawn"]), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="promise_not_kept_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")),
                fields=("household", "by", "sentence", "due_on"),
                name="promise_once",
            ),
        ),
        migrations.RunSQL(REPORT_WALL, NO_WALL.format(table="grid_householdreport")),
        *(
            migrations.RunSQL(
                HOUSEHOLD_WALL.format(table=table, household=household),
                NO_WALL.format(table=table),
            )
            for table, household in WALLED.items()
        ),
        migrations.RunSQL(
            OWN_HOUSEHOLDS, "DROP FUNCTION grid_own_households(bigint, date, timestamptz);"
        ),
        migrations.RunSQL(APPEND_ONLY, UNGUARDED),
        migrations.RunPython(enter_limits, migrations.RunPython.noop),
    ]
