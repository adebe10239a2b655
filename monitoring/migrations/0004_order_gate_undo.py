import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0002_guards"),
        ("monitoring", "0003_upload_keys_and_fault_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UploadUndo",
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
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="撤回时间")),
                ("reason", models.CharField(max_length=200, verbose_name="撤回原因")),
                ("reversed", models.PositiveIntegerField(default=0, verbose_name="已撤回行")),
                ("restored", models.PositiveIntegerField(default=0, verbose_name="恢复的原记录")),
                ("kept", models.PositiveIntegerField(default=0, verbose_name="保留行")),
                ("failed", models.PositiveIntegerField(default=0, verbose_name="未能撤回行")),
            ],
            options={
                "verbose_name": "批次撤回",
                "verbose_name_plural": "批次撤回",
                "ordering": ["-asked_at"],
            },
        ),
        migrations.CreateModel(
            name="UploadUndoRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("row_number", models.PositiveIntegerField(verbose_name="原表行号")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("kept", "保留"), ("failed", "未能撤回")],
                        max_length=8,
                        verbose_name="结果",
                    ),
                ),
                ("reason", models.CharField(max_length=200, verbose_name="原因")),
            ],
            options={
                "ordering": ["row_number"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="upload",
            name="upload_same_content_once",
        ),
        migrations.AddField(
            model_name="upload",
            name="as_of",
            field=models.DateField(
                default=django.utils.timezone.localdate,
                help_text="这批数据反映到哪一天。较早的一批不会覆盖较新的数据。",
                verbose_name="数据截止日",
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="harm",
            field=models.JSONField(
                default=dict,
                help_text="households：因错误行没有进入研判的户数。",
                verbose_name="错误行的影响",
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="held_for",
            field=models.JSONField(
                default=list,
                help_text="质量关口：比上批少一半、九成有变化、金额全为零。",
                verbose_name="待核实的原因",
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="is_correction",
            field=models.BooleanField(
                default=False,
                help_text="更正以前报送的内容：不论截止日，以这一批为准。",
                verbose_name="更正文件",
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="released_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="核实放行人",
            ),
        ),
        migrations.AlterField(
            model_name="upload",
            name="stage",
            field=models.CharField(
                choices=[
                    ("received", "已收到"),
                    ("checking", "校验中"),
                    ("deciding", "待您决定"),
                    ("held", "待核实"),
                    ("merging", "入库中"),
                    ("merged", "已入库"),
                    ("refused", "不能入库"),
                    ("discarded", "已放弃"),
                    ("undoing", "撤回中"),
                    ("undone", "已撤回"),
                ],
                default="received",
                max_length=10,
                verbose_name="阶段",
            ),
        ),
        migrations.AddConstraint(
            model_name="upload",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("stage__in", ["refused", "discarded", "undone"]), _negated=True
                ),
                fields=("feed", "department", "sha256", "is_correction"),
                name="upload_same_content_once",
            ),
        ),
        migrations.AddField(
            model_name="uploadundo",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="撤回人",
            ),
        ),
        migrations.AddField(
            model_name="uploadundo",
            name="upload",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undo",
                to="monitoring.upload",
            ),
        ),
        migrations.AddField(
            model_name="uploadundorow",
            name="undo",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="monitoring.uploadundo",
            ),
        ),
        migrations.AddIndex(
            model_name="uploadundorow",
            index=models.Index(fields=["undo", "outcome", "row_number"], name="undo_row"),
        ),
        # Batches received before this field existed tell of the day they came.
        migrations.RunSQL(
            "UPDATE monitoring_upload SET as_of = (received_at AT TIME ZONE 'Asia/Shanghai')::date",
            migrations.RunSQL.noop,
        ),
        # Sealed bytes do not compress: trying costs more than writing them.
        migrations.RunSQL(
            "ALTER TABLE monitoring_uploadchunk ALTER COLUMN sealed SET STORAGE EXTERNAL",
            "ALTER TABLE monitoring_uploadchunk ALTER COLUMN sealed SET STORAGE EXTENDED",
        ),
    ]
