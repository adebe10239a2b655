"""Leaves with stand-ins, the history of grids, bulk assignments, minutes of a visit."""

import uuid
from datetime import date

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import yizhou.terms


def first_minutes(apps, schema_editor):
    """Figures to begin with; the county has confirmed none of them."""
    source = "待核定：暂按入户核实 60 分钟、其他走访 40 分钟估算，不含路上时间"
    for kind, minutes in (("verify_alert", 60), ("", 40)):
        apps.get_model("grid", "VisitMinutes").objects.create(
            kind=kind, minutes=minutes, from_on=date(2026, 1, 1), source=source
        )


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0006_discovery_and_pairs"),
    ]

    operations = [
        migrations.AddField(
            model_name="region",
            name="retired_on",
            field=models.DateField(blank=True, null=True, verbose_name="撤销日期"),
        ),
        migrations.CreateModel(
            name="BulkAssignment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="派单时间")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="交办说明")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="撤回时间")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="派单人",
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        help_text="空：按网格员、屯、村逐级",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="派给",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="撤回人",
                    ),
                ),
            ],
            options={
                "verbose_name": "批量派单",
                "verbose_name_plural": "批量派单",
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="Leave",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_on", models.DateField(verbose_name="请假第一天")),
                ("until_on", models.DateField(verbose_name="回岗日期")),
                ("reason", models.CharField(max_length=200, verbose_name="事由")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "未开始"),
                            ("running", "代班中"),
                            ("ended", "已销假"),
                            ("cancelled", "已取消"),
                        ],
                        default="planned",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("granted_at", models.DateTimeField(auto_now_add=True, verbose_name="批准时间")),
                ("begun_at", models.DateTimeField(blank=True, null=True, verbose_name="交出时间")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="交回时间")),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaves",
                        to="grid.post",
                        verbose_name="职务",
                    ),
                ),
                (
                    "stand_in",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stands_in",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="代班人",
                    ),
                ),
            ],
            options={
                "verbose_name": "请假代班",
                "verbose_name_plural": "请假代班",
                "ordering": ["-from_on", "-id"],
            },
        ),
        migrations.CreateModel(
            name="LeaveItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("came_back", models.BooleanField(default=False, verbose_name="已交回")),
                (
                    "leave",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="grid.leave",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.workitem",
                    ),
                ),
            ],
            options={
                "verbose_name": "代班交出的事项",
                "verbose_name_plural": "代班交出的事项",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="RegionChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(unique=True, verbose_name="提交编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[("split", "拆分"), ("merged", "合并"), ("renamed", "更名")],
                        max_length=10,
                        verbose_name="变动",
                    ),
                ),
                (
                    "old_code",
                    models.CharField(
                        db_collation="C", db_index=True, max_length=20, verbose_name="原代码"
                    ),
                ),
                ("old_name", models.CharField(max_length=60, verbose_name="原名称")),
                (
                    "new_code",
                    models.CharField(
                        db_collation="C", db_index=True, max_length=20, verbose_name="新代码"
                    ),
                ),
                ("new_name", models.CharField(max_length=60, verbose_name="新名称")),
                ("on", models.DateField(verbose_name="生效日期")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="办理时间")),
                ("reason", models.CharField(max_length=200, verbose_name="事由")),
                ("households", models.PositiveIntegerField(default=0, verbose_name="转入户数")),
                ("people", models.PositiveIntegerField(default=0, verbose_name="转入人数")),
                ("items", models.PositiveIntegerField(default=0, verbose_name="转入未办结事项")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="经办人",
                    ),
                ),
            ],
            options={
                "verbose_name": "网格变动",
                "verbose_name_plural": "网格变动",
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="VisitMinutes",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(blank=True, max_length=30, verbose_name="事由类别")),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="每户分钟")),
                ("from_on", models.DateField(verbose_name="起")),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="止（不含）")),
                ("source", models.CharField(max_length=200, verbose_name="依据")),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="已核定")),
            ],
            options={
                "verbose_name": "入户用时",
                "verbose_name_plural": "入户用时",
                "ordering": ["kind", "-from_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gte", 1), ("minutes__lte", 480)),
                        name="visit_minutes_sensible",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("kind", "="),
                            (
                                yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")),
                                "&&",
                            ),
                        ],
                        name="visit_minutes_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkAssignmentLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("assigned", "已派"),
                            ("unchanged", "原来就是他"),
                            ("overtaken", "别人已处理"),
                            ("no_post", "没有能入户的职务"),
                            ("nobody", "网格到村没有在岗人员"),
                            ("undone", "已撤回"),
                            ("kept", "撤回时别人已处理，保留"),
                        ],
                        max_length=10,
                        verbose_name="结果",
                    ),
                ),
                (
                    "role_before",
                    models.CharField(
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
                        verbose_name="原承办职务",
                    ),
                ),
                (
                    "note_before",
                    models.CharField(blank=True, max_length=300, verbose_name="原交办说明"),
                ),
                (
                    "version_after",
                    models.PositiveIntegerField(default=0, verbose_name="派单后的版本"),
                ),
                (
                    "after",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="承办人",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="原承办人",
                    ),
                ),
                (
                    "bulk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="grid.bulkassignment",
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="grid.workitem",
                    ),
                ),
            ],
            options={
                "verbose_name": "批量派单的事项",
                "verbose_name_plural": "批量派单的事项",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("bulk", "work_item"), name="bulk_line_once")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="leave",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until_on__gt", models.F("from_on")),
                    models.Q(
                        ("state__in", ["ended", "cancelled"]), ("until_on", models.F("from_on"))
                    ),
                    _connector="OR",
                ),
                name="leave_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="leave",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("state", "cancelled"), _negated=True),
                expressions=[("post", "="), (yizhou.terms.TermRange("from_on", "until_on"), "&&")],
                name="leave_one_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="leaveitem",
            constraint=models.UniqueConstraint(
                fields=("leave", "work_item"), name="leave_item_once"
            ),
        ),
        migrations.RunPython(first_minutes, migrations.RunPython.noop),
    ]
