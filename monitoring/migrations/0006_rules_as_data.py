"""Rules as data with a term, shards, back-tests, annotations; evidence of several feeds."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import yizhou.terms

# Versions written in the first rule language cannot be read any more; prepare_county enters the
# shipped rules anew.
FIRST_WORDING = "UPDATE monitoring_ruleversion SET state = 'discarded'"
EVIDENCE_BY_FEED = """
ALTER TABLE monitoring_hit ALTER COLUMN evidence TYPE jsonb USING to_jsonb(evidence);
UPDATE monitoring_hit SET evidence = jsonb_build_object(feed, evidence);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0004_registry_past"),
        ("monitoring", "0005_department_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Annotation",
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
                ("lowers", models.BooleanField(default=False, verbose_name="降一级")),
                ("sentence", models.CharField(max_length=300, verbose_name="说明")),
                (
                    "value",
                    models.DecimalField(decimal_places=2, max_digits=14, verbose_name="测得值"),
                ),
                (
                    "evidence",
                    models.JSONField(help_text="数据集: [记录号]", verbose_name="依据记录"),
                ),
                ("evidence_hash", models.BinaryField(max_length=16, verbose_name="依据指纹")),
                ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="发现时间")),
            ],
            options={
                "verbose_name": "旁证",
                "verbose_name_plural": "旁证",
                "ordering": ["rule"],
            },
        ),
        migrations.CreateModel(
            name="BackTest",
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
                ("definition", models.JSONField(verbose_name="内容")),
                ("figures", models.JSONField(default=dict, verbose_name="标准线")),
                ("months", models.PositiveSmallIntegerField(verbose_name="月数")),
                ("until_on", models.DateField(verbose_name="截至")),
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="发起时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="完成")),
                ("results", models.JSONField(default=dict, verbose_name="结果")),
            ],
            options={
                "verbose_name": "规则回测",
                "verbose_name_plural": "规则回测",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RunComparison",
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
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="发起时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="完成")),
                ("results", models.JSONField(default=dict, verbose_name="结果")),
            ],
            options={
                "verbose_name": "研判对比",
                "verbose_name_plural": "研判对比",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ScreeningShard",
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
                ("number", models.PositiveSmallIntegerField(verbose_name="分片")),
                ("label", models.CharField(max_length=200, verbose_name="范围")),
                ("low", models.CharField(db_collation="C", max_length=20, verbose_name="代码自")),
                (
                    "high",
                    models.CharField(
                        db_collation="C", max_length=20, verbose_name="代码至（不含）"
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="开始")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="完成")),
                ("households", models.PositiveIntegerField(default=0, verbose_name="涉及户数")),
                ("by_rule", models.JSONField(default=dict, verbose_name="各规则的命中数和指纹")),
                ("hits", models.PositiveIntegerField(default=0, verbose_name="命中")),
                ("alerts_opened", models.PositiveIntegerField(default=0, verbose_name="新预警")),
                ("alerts_grown", models.PositiveIntegerField(default=0, verbose_name="更新预警")),
                (
                    "alerts_withdrawn",
                    models.PositiveIntegerField(default=0, verbose_name="撤销预警"),
                ),
                ("alerts_held", models.PositiveIntegerField(default=0, verbose_name="排队待派")),
                (
                    "work_items_opened",
                    models.PositiveIntegerField(default=0, verbose_name="新核查事项"),
                ),
            ],
            options={
                "verbose_name": "研判分片",
                "verbose_name_plural": "研判分片",
                "ordering": ["run", "number"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="alert",
            name="alert_one_open_per_household_rule",
        ),
        migrations.RemoveConstraint(
            model_name="alert",
            name="alert_closed_has_time",
        ),
        migrations.RemoveConstraint(
            model_name="ruleversion",
            name="rule_published_once",
        ),
        migrations.RemoveIndex(
            model_name="alert",
            name="alert_open_by_place",
        ),
        migrations.RunSQL(FIRST_WORDING, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="alert",
            name="lowered_from",
            field=models.PositiveSmallIntegerField(
                blank=True,
                choices=[(1, "红"), (2, "橙"), (3, "黄"), (4, "蓝")],
                null=True,
                verbose_name="降级前的级别",
            ),
        ),
        migrations.AddField(
            model_name="hit",
            name="measured",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DecimalField(decimal_places=4, max_digits=20, null=True),
                default=list,
                help_text="按测算项名称排序",
                size=None,
                verbose_name="各测算项的数",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="based_on",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="monitoring.ruleversion",
                verbose_name="依据版本",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="changed_at",
            field=models.DateTimeField(auto_now=True, verbose_name="修改时间"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="figures",
            field=models.JSONField(blank=True, default=dict, verbose_name="拟定的标准线"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="from_on",
            field=models.DateField(blank=True, null=True, verbose_name="起用日期"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="preview",
            field=models.JSONField(default=dict, editable=False, verbose_name="最近一次预览"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="until_on",
            field=models.DateField(blank=True, null=True, verbose_name="停用日期（不含）"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="version",
            field=models.PositiveIntegerField(default=1, verbose_name="版本"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="why",
            field=models.CharField(blank=True, max_length=300, verbose_name="修改原因"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="alerts_held",
            field=models.PositiveIntegerField(default=0, verbose_name="排队待派"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="by_rule",
            field=models.JSONField(default=dict, verbose_name="各规则的命中数和指纹"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="households",
            field=models.PositiveIntegerField(default=0, verbose_name="涉及户数"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="kind",
            field=models.CharField(
                choices=[("full", "全量"), ("touched", "只看有变化的户"), ("repeat", "重算核对")],
                default="full",
                max_length=10,
                verbose_name="范围",
            ),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="known_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="数据截至"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="repeats",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="monitoring.screeningrun",
                verbose_name="重算的批次",
            ),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="stopped_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="停止时间"),
        ),
        migrations.AddField(
            model_name="screeningrun",
            name="stopped_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="停止人",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="state",
            field=models.CharField(
                choices=[
                    ("held", "排队待派"),
                    ("to_verify", "核查中"),
                    ("reported", "已回传"),
                    ("settled", "已办结"),
                    ("withdrawn", "已撤销"),
                ],
                default="to_verify",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="alertevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("opened", "系统预警"),
                    ("held", "排队待派"),
                    ("sent", "派出核查"),
                    ("grew", "依据更新"),
                    ("reported", "入户核实回传"),
                    ("returned", "退回补充"),
                    ("settled", "办结"),
                    ("withdrawn", "撤销"),
                ],
                max_length=12,
                verbose_name="动作",
            ),
        ),
        migrations.RunSQL(
            EVIDENCE_BY_FEED,
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AlterField(
                    model_name="hit",
                    name="evidence",
                    field=models.JSONField(help_text="数据集: [记录号]", verbose_name="依据记录"),
                ),
            ],
        ),
        migrations.RemoveField(
            model_name="hit",
            name="feed",
        ),
        migrations.AlterField(
            model_name="ruleversion",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "草稿"),
                    ("submitted", "待发布"),
                    ("published", "已发布"),
                    ("discarded", "已作废"),
                ],
                default="draft",
                max_length=10,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="screeningrun",
            name="job_state",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="upload",
            name="job_state",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="uploadundo",
            name="job_state",
            field=models.CharField(
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
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("state__in", ["held", "to_verify", "reported"])),
                fields=["code", "due_on"],
                name="alert_open_by_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["held", "to_verify", "reported"])),
                fields=("household", "rule"),
                name="alert_one_open_per_household_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("state__in", ["held", "to_verify", "reported"])),
                    models.Q(("closed_at__isnull", False), ("state__in", ["settled", "withdrawn"])),
                    _connector="OR",
                ),
                name="alert_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "submitted"])),
                fields=("rule",),
                name="rule_one_draft",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "published"), _negated=True),
                    ("from_on__isnull", False),
                    _connector="OR",
                ),
                name="rule_published_has_term",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("state", "published")),
                expressions=[
                    ("rule", "="),
                    (yizhou.terms.TermRange(models.F("from_on"), models.F("until_on")), "&&"),
                ],
                name="rule_in_force_once",
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="found_in",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="monitoring.screeningrun",
                verbose_name="研判批次",
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="household",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="annotations",
                to="grid.household",
                verbose_name="农户",
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="annotations",
                to="monitoring.rule",
                verbose_name="规则",
            ),
        ),
        migrations.AddField(
            model_name="annotation",
            name="rule_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="monitoring.ruleversion",
                verbose_name="规则版本",
            ),
        ),
        migrations.AddField(
            model_name="backtest",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="发起人",
            ),
        ),
        migrations.AddField(
            model_name="backtest",
            name="rule_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="back_tests",
                to="monitoring.ruleversion",
                verbose_name="规则版本",
            ),
        ),
        migrations.AddField(
            model_name="runcomparison",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="发起人",
            ),
        ),
        migrations.AddField(
            model_name="runcomparison",
            name="first",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="monitoring.screeningrun",
                verbose_name="前一次",
            ),
        ),
        migrations.AddField(
            model_name="runcomparison",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="monitoring.screeningrun",
                verbose_name="后一次",
            ),
        ),
        migrations.AddField(
            model_name="screeningshard",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="shards",
                to="monitoring.screeningrun",
                verbose_name="研判批次",
            ),
        ),
        migrations.AddConstraint(
            model_name="annotation",
            constraint=models.UniqueConstraint(
                fields=("household", "rule"), name="annotation_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="screeningshard",
            constraint=models.UniqueConstraint(
                fields=("run", "number"), name="screening_shard_once"
            ),
        ),
    ]
