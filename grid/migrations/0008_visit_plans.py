"""The visit plan, centralized checks, and the clock of work items; three tables behind the wall."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import yizhou.terms

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
WALLED = ("grid_notice", "grid_clockpause", "grid_planentry")


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0007_leaves_and_grids"),
    ]

    operations = [
        migrations.AlterField(
            model_name="workitemevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("opened", "生成核查事项"),
                    ("grew", "并入新事由"),
                    ("assigned", "派单"),
                    ("visited", "完成入户"),
                    ("returned", "退回补充"),
                    ("handed_over", "工作移交"),
                    ("closed", "办结"),
                    ("paused", "暂停计时"),
                    ("resumed", "恢复计时"),
                ],
                max_length=12,
                verbose_name="动作",
            ),
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                ("purpose", models.CharField(max_length=300, verbose_name="目的和要求")),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="对象"
                    ),
                ),
                ("from_on", models.DateField(verbose_name="开始日期")),
                ("until_on", models.DateField(verbose_name="结束日期（含）")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "进行中"),
                            ("closed", "已结束"),
                            ("stopped", "已停止"),
                        ],
                        default="running",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("opened_at", models.DateTimeField(auto_now_add=True, verbose_name="发起时间")),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="结束时间"),
                ),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="停止原因"),
                ),
                ("version", models.PositiveIntegerField(default=1, verbose_name="版本")),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="停止人",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发起人",
                    ),
                ),
            ],
            options={
                "verbose_name": "集中排查",
                "verbose_name_plural": "集中排查",
                "ordering": ["-from_on", "-id"],
            },
        ),
        migrations.CreateModel(
            name="CampaignVillage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="villages",
                        to="grid.campaign",
                        verbose_name="集中排查",
                    ),
                ),
                (
                    "village",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.region",
                        verbose_name="村（社区）",
                    ),
                ),
            ],
            options={
                "verbose_name": "集中排查的村",
                "verbose_name_plural": "集中排查的村",
                "ordering": ["village"],
            },
        ),
        migrations.CreateModel(
            name="ClockPause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(db_collation="C", max_length=20, verbose_name="网格代码"),
                ),
                ("from_on", models.DateField(verbose_name="暂停自")),
                ("until_on", models.DateField(verbose_name="恢复日")),
                ("due_before", models.DateField(verbose_name="暂停前时限")),
                ("reason", models.CharField(max_length=200, verbose_name="暂停原因")),
                ("paused_at", models.DateTimeField(auto_now_add=True, verbose_name="暂停时间")),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="恢复时间"),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="暂停人",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pauses",
                        to="grid.workitem",
                        verbose_name="入户事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "暂停计时",
                "verbose_name_plural": "暂停计时",
                "ordering": ["-paused_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(db_collation="C", max_length=20, verbose_name="网格代码"),
                ),
                (
                    "stage",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "将到时限"), (2, "橙色提醒"), (3, "红色超期")],
                        verbose_name="阶段",
                    ),
                ),
                (
                    "told_as",
                    models.CharField(
                        choices=[
                            ("assignee", "承办人"),
                            ("tun_head", "屯级网格长"),
                            ("info_officer", "防止返贫监测信息员"),
                            ("village_head", "村级网格长"),
                            ("township_officer", "乡镇审核员"),
                            ("township_head", "乡级网格长"),
                            ("county_officer", "县级监测专员"),
                            ("county_head", "县级网格长"),
                        ],
                        max_length=20,
                        verbose_name="以什么身份",
                    ),
                ),
                (
                    "workdays",
                    models.SmallIntegerField(help_text="超期为负数。", verbose_name="剩余工作日"),
                ),
                ("due_on", models.DateField(verbose_name="入户时限")),
                (
                    "told_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="提醒时间"
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="已阅时间"),
                ),
                (
                    "ended_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="失效时间"),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="提醒对象",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="grid.workitem",
                        verbose_name="入户事项",
                    ),
                ),
            ],
            options={
                "verbose_name": "时限提醒",
                "verbose_name_plural": "时限提醒",
                "ordering": ["-stage", "due_on", "id"],
            },
        ),
        migrations.CreateModel(
            name="NoticeStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stage",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "将到时限"), (2, "橙色提醒"), (3, "红色超期")],
                        verbose_name="阶段",
                    ),
                ),
                (
                    "told",
                    models.CharField(
                        choices=[
                            ("assignee", "承办人"),
                            ("tun_head", "屯级网格长"),
                            ("info_officer", "防止返贫监测信息员"),
                            ("village_head", "村级网格长"),
                            ("township_officer", "乡镇审核员"),
                            ("township_head", "乡级网格长"),
                            ("county_officer", "县级监测专员"),
                            ("county_head", "县级网格长"),
                        ],
                        max_length=20,
                        verbose_name="提醒谁",
                    ),
                ),
                ("at", models.PositiveSmallIntegerField(verbose_name="到什么时候")),
                ("from_on", models.DateField(verbose_name="起用日期")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="已核定")),
            ],
            options={
                "verbose_name": "提醒规则",
                "verbose_name_plural": "提醒规则",
                "ordering": ["stage", "at", "told", "from_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="notice_step_has_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("at__range", (1, 30)), ("stage", 1)),
                            models.Q(("at__range", (1, 100)), ("stage", 2)),
                            models.Q(("at__range", (1, 90)), ("stage", 3)),
                            _connector="OR",
                        ),
                        name="notice_step_point_is_possible",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("stage", "="),
                            ("told", "="),
                            (
                                yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")),
                                "&&",
                            ),
                        ],
                        name="notice_step_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "job_state",
                    models.CharField(
                        choices=[
                            ("waiting", "等待处理"),
                            ("working", "处理中"),
                            ("done", "已完成"),
                            ("failed", "失败，可重试"),
                            ("stopped", "已停止"),
                        ],
                        db_index=True,
                        default="waiting",
                        max_length=10,
                        verbose_name="作业状态",
                    ),
                ),
                ("lease_token", models.UUIDField(editable=False, null=True, verbose_name="租约")),
                (
                    "lease_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="租约到期"),
                ),
                (
                    "not_before",
                    models.DateTimeField(editable=False, null=True, verbose_name="不早于"),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0, verbose_name="次数")),
                ("progress", models.PositiveSmallIntegerField(default=0, verbose_name="进度（%）")),
                ("job_error", models.TextField(blank=True, verbose_name="失败原因")),
                ("day", models.DateField(verbose_name="日期")),
                ("notices", models.PositiveIntegerField(verbose_name="提醒条数")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="生成时间")),
                (
                    "sent_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="发出时间"),
                ),
                ("channel", models.CharField(blank=True, max_length=60, verbose_name="渠道")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="收信人",
                    ),
                ),
            ],
            options={
                "verbose_name": "外发消息",
                "verbose_name_plural": "外发消息",
                "ordering": ["-day", "id"],
            },
        ),
        migrations.CreateModel(
            name="RoutineFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        choices=[
                            ("routine_a_week", "每人每周最多派几户常规走访"),
                            ("check_a_week", "每人每周最多派几户集中排查"),
                            ("workdays_to_visit", "派出后几个工作日内走访"),
                            ("tries", "没见到人，一期最多去几次"),
                            ("longest_pause", "一次最多暂停计时几个工作日"),
                        ],
                        max_length=20,
                        verbose_name="名称",
                    ),
                ),
                ("value", models.PositiveSmallIntegerField(verbose_name="数值")),
                ("from_on", models.DateField(verbose_name="起用日期")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="已核定")),
            ],
            options={
                "verbose_name": "走访数值",
                "verbose_name_plural": "走访数值",
                "ordering": ["key", "-from_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="routine_figure_has_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("value__gte", 1)), name="routine_figure_positive"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("key", "="),
                            (
                                yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")),
                                "&&",
                            ),
                        ],
                        name="routine_figure_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitCategory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=40, verbose_name="类别")),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "不安排"),
                            (1, "每月"),
                            (3, "每季度"),
                            (6, "每半年"),
                            (12, "每年"),
                        ],
                        verbose_name="频次",
                    ),
                ),
                (
                    "away_months",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "不安排"),
                            (1, "每月"),
                            (3, "每季度"),
                            (6, "每半年"),
                            (12, "每年"),
                        ],
                        default=0,
                        verbose_name="外出户改为电话",
                    ),
                ),
                ("from_on", models.DateField(verbose_name="起用日期")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="已核定")),
            ],
            options={
                "verbose_name": "走访频次",
                "verbose_name_plural": "走访频次",
                "ordering": ["key", "-from_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="visit_category_has_source",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("key", "="),
                            (
                                yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")),
                                "&&",
                            ),
                        ],
                        name="visit_category_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(db_collation="C", max_length=20, verbose_name="网格代码"),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "不安排"),
                            (1, "每月"),
                            (3, "每季度"),
                            (6, "每半年"),
                            (12, "每年"),
                        ],
                        default=0,
                        verbose_name="频次",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("in_person", "入户"), ("phone", "电话")],
                        default="in_person",
                        max_length=10,
                        verbose_name="方式",
                    ),
                ),
                ("period_from", models.DateField(verbose_name="本期起")),
                ("period_until", models.DateField(verbose_name="本期止（不含）")),
                ("week_on", models.DateField(verbose_name="派出日")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "待派"),
                            ("opened", "已派"),
                            ("done", "已走访"),
                            ("not_met", "没见到人"),
                            ("lapsed", "到期未走访"),
                            ("dropped", "已撤销"),
                        ],
                        default="planned",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="去过几次")),
                (
                    "opened_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="派出时间"),
                ),
                ("done_on", models.DateField(editable=False, null=True, verbose_name="走访日期")),
                ("found_risk", models.BooleanField(default=False, verbose_name="发现风险")),
                (
                    "campaign",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="grid.campaign",
                        verbose_name="集中排查",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plan_entries",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.visit",
                        verbose_name="走访记录",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plan_entries",
                        to="grid.workitem",
                        verbose_name="入户事项",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.visitcategory",
                        verbose_name="类别",
                    ),
                ),
            ],
            options={
                "verbose_name": "走访安排",
                "verbose_name_plural": "走访安排",
                "ordering": ["week_on", "code", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_on__gte", models.F("from_on"))),
                name="campaign_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("state", "running")),
                    models.Q(
                        models.Q(("state", "running"), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="campaign_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "stopped"), _negated=True),
                    models.Q(("end_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="campaign_stopped_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignvillage",
            constraint=models.UniqueConstraint(
                fields=("campaign", "village"), name="campaign_village_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="clockpause",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("work_item",),
                name="clock_paused_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_on__gt", models.F("from_on"))),
                name="pause_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockpause",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="pause_has_reason"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("ended_at", None)),
                fields=["account", "-stage"],
                name="notice_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("work_item", "stage", "account"),
                name="notice_standing_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="outgoingmessage",
            constraint=models.UniqueConstraint(
                fields=("account", "day"), name="message_once_a_day"
            ),
        ),
        migrations.AddIndex(
            model_name="planentry",
            index=models.Index(fields=["code", "period_from"], name="plan_entry_place"),
        ),
        migrations.AddIndex(
            model_name="planentry",
            index=models.Index(
                condition=models.Q(("state", "planned")),
                fields=["week_on"],
                name="plan_entry_to_open",
            ),
        ),
        migrations.AddIndex(
            model_name="planentry",
            index=models.Index(fields=["campaign", "code"], name="plan_entry_campaign"),
        ),
        migrations.AddConstraint(
            model_name="planentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("campaign", None), ("state__in", ["planned", "opened"])),
                fields=("household",),
                name="plan_entry_one_living",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("campaign", None), models.Q(("state", "dropped"), _negated=True)
                ),
                fields=("household", "period_from", "months"),
                name="plan_entry_once_a_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("campaign__isnull", False)),
                fields=("campaign", "household"),
                name="plan_entry_once_a_campaign",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("period_until__gt", models.F("period_from"))),
                name="plan_entry_period_has_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="planentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), _negated=True),
                    ("done_on__isnull", False),
                    _connector="OR",
                ),
                name="plan_entry_done_has_day",
            ),
        ),
        *(
            migrations.RunSQL(WALL.format(table=table), NO_WALL.format(table=table))
            for table in WALLED
        ),
    ]
