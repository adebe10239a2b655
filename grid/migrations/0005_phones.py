"""Phones of the field, their letters and photos, edits of household facts; the wall around them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The sender sees what he sent wherever the household lives now: `yizhou.account` (grid/wall.py).
LETTERS = """
ALTER TABLE grid_envelope ENABLE ROW LEVEL SECURITY;
ALTER TABLE grid_envelope FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON grid_envelope
    USING (
        (code >= current_setting('yizhou.low', true)
         AND code < current_setting('yizhou.high', true))
        OR household_id = ANY (current_setting('yizhou.exceptions', true)::bigint[])
        OR sender_id = nullif(current_setting('yizhou.account', true), '')::bigint
    );
ALTER TABLE grid_factedit ENABLE ROW LEVEL SECURITY;
ALTER TABLE grid_factedit FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON grid_factedit
    USING (
        by_id = nullif(current_setting('yizhou.account', true), '')::bigint
        OR EXISTS (SELECT 1 FROM grid_household h WHERE h.id = household_id)
    );
ALTER TABLE grid_attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE grid_attachment FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON grid_attachment
    USING (EXISTS (SELECT 1 FROM grid_envelope e WHERE e.id = envelope_id));
ALTER TABLE grid_attachmentpiece ENABLE ROW LEVEL SECURITY;
ALTER TABLE grid_attachmentpiece FORCE ROW LEVEL SECURITY;
CREATE POLICY within_sight ON grid_attachmentpiece
    USING (EXISTS (SELECT 1 FROM grid_attachment a WHERE a.id = attachment_id));
"""
NO_LETTERS = "".join(
    f"""
    DROP POLICY within_sight ON {table};
    ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
    for table in ("grid_attachmentpiece", "grid_attachment", "grid_factedit", "grid_envelope")
)
# What a worker sent is never deleted, and what it said never changes.
KEPT = """
CREATE FUNCTION grid_letter_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what phones sent is kept' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER kept BEFORE DELETE ON grid_envelope
    FOR EACH ROW EXECUTE FUNCTION grid_letter_kept();
CREATE TRIGGER unchanged BEFORE UPDATE ON grid_envelope
    FOR EACH ROW WHEN ((OLD.id, OLD.digest, OLD.sender_id) IS DISTINCT FROM
                       (NEW.id, NEW.digest, NEW.sender_id))
    EXECUTE FUNCTION grid_letter_kept();
CREATE TRIGGER kept BEFORE DELETE ON grid_attachment
    FOR EACH ROW EXECUTE FUNCTION grid_letter_kept();
CREATE TRIGGER kept BEFORE DELETE ON grid_attachmentpiece
    FOR EACH ROW EXECUTE FUNCTION grid_letter_kept();
"""
NOT_KEPT = """
DROP TRIGGER kept ON grid_attachmentpiece;
DROP TRIGGER kept ON grid_attachment;
DROP TRIGGER unchanged ON grid_envelope;
DROP TRIGGER kept ON grid_envelope;
DROP FUNCTION grid_letter_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("grid", "0004_registry_past"),
    ]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="phone_time_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="手机记的走访时间"),
        ),
        migrations.CreateModel(
            name="Envelope",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("visit", "走访"), ("report", "上报新发现的户")],
                        max_length=8,
                        verbose_name="类别",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        db_collation="C", db_index=True, max_length=20, verbose_name="区划代码"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "已归档"),
                            ("extra", "作为补充走访保存"),
                            ("held", "待乡镇决定"),
                            ("invalid", "待更正"),
                            ("replaced", "已由更正件代替"),
                            ("set_aside", "不采用，原件保留"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("moved", "农户不在走访人的范围内"),
                            ("post_ended", "走访人没有可以入户的职务"),
                            ("dissolved", "农户已销户"),
                            ("old_form", "表单版本太旧"),
                            ("wrong_time", "走访时间不可信"),
                            ("no_household", "登记里没有这一户"),
                            ("no_visit", "要更正的走访不是本人的最新记录"),
                            ("no_desk", "上报还没有接收岗位"),
                            ("refused", "接收时被退回"),
                        ],
                        max_length=12,
                        verbose_name="待决原因",
                    ),
                ),
                ("sentence", models.CharField(max_length=300, verbose_name="答复")),
                ("errors", models.JSONField(blank=True, default=dict, verbose_name="待更正之处")),
                ("receipt", models.CharField(db_index=True, max_length=9, verbose_name="回执号")),
                ("digest", models.BinaryField(max_length=16, verbose_name="原件摘要")),
                ("body_sealed", models.BinaryField(verbose_name="原件（密封）")),
                ("listed", models.JSONField(blank=True, default=list, verbose_name="附件清单")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="收到时间")),
                (
                    "phone_now",
                    models.DateTimeField(blank=True, null=True, verbose_name="发送时手机的时间"),
                ),
                ("clock_off", models.IntegerField(default=0, verbose_name="手机时钟偏差（秒）")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="决定时间"),
                ),
                (
                    "decision_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="决定事由"),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
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
                        related_name="envelopes",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="grid.envelope",
                        verbose_name="代替",
                    ),
                ),
                (
                    "sender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="envelopes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发送人",
                    ),
                ),
                (
                    "visit",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="envelope",
                        to="grid.visit",
                        verbose_name="走访记录",
                    ),
                ),
            ],
            options={
                "verbose_name": "手机来件",
                "verbose_name_plural": "手机来件",
                "ordering": ["-received_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("photo", "照片"), ("signature", "签名"), ("voice", "语音")],
                        max_length=10,
                        verbose_name="类别",
                    ),
                ),
                ("slot", models.CharField(blank=True, max_length=40, verbose_name="拍的什么")),
                ("media_type", models.CharField(max_length=20, verbose_name="格式")),
                ("size", models.PositiveIntegerField(verbose_name="字节数")),
                ("sha256", models.CharField(max_length=64, verbose_name="校验和")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="拍摄时间")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="收到时间")),
                (
                    "envelope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="grid.envelope",
                        verbose_name="来件",
                    ),
                ),
            ],
            options={
                "verbose_name": "走访附件",
                "verbose_name_plural": "走访附件",
                "ordering": ["received_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="FieldKey",
            fields=[
                (
                    "kid",
                    models.CharField(
                        max_length=16, primary_key=True, serialize=False, verbose_name="密钥编号"
                    ),
                ),
                ("spki", models.TextField(verbose_name="公钥（SPKI，Base64）")),
                ("private_sealed", models.BinaryField(verbose_name="私钥（密封）")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="生成时间")),
                (
                    "retired_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="停用时间"),
                ),
            ],
            options={
                "verbose_name": "手机信封密钥",
                "verbose_name_plural": "手机信封密钥",
                "ordering": ["-made_at"],
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(("retired_at", None)),
                        name="field_key_one_current",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Phone",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("install", models.UUIDField(verbose_name="安装编号")),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="手机名称")),
                (
                    "code",
                    models.CharField(
                        db_collation="C", db_index=True, max_length=20, verbose_name="区划代码"
                    ),
                ),
                (
                    "token_hash",
                    models.BinaryField(max_length=32, unique=True, verbose_name="令牌摘要"),
                ),
                ("enrolled_at", models.DateTimeField(verbose_name="登记时间")),
                ("expires_at", models.DateTimeField(verbose_name="有效期至")),
                ("last_contact_at", models.DateTimeField(verbose_name="最近联系")),
                (
                    "last_address",
                    models.GenericIPAddressField(blank=True, null=True, verbose_name="最近地址"),
                ),
                ("unsent", models.PositiveIntegerField(default=0, verbose_name="未送出")),
                (
                    "oldest_unsent_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="最早未送出"),
                ),
                (
                    "pack_taken_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="最近取数据包"),
                ),
                (
                    "wipe_ordered_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="下令清除"),
                ),
                (
                    "wipe_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="清除事由"),
                ),
                ("wiped_at", models.DateTimeField(blank=True, null=True, verbose_name="清除完成")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="停用时间")),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="停用事由"),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="phones",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="使用人",
                    ),
                ),
                (
                    "wipe_ordered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="下令人",
                    ),
                ),
            ],
            options={
                "verbose_name": "手机",
                "verbose_name_plural": "手机",
                "ordering": ["-last_contact_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="envelope",
            name="phone",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="envelopes",
                to="grid.phone",
                verbose_name="手机",
            ),
        ),
        migrations.CreateModel(
            name="AttachmentPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="序号")),
                ("sealed", models.BinaryField(verbose_name="内容（密封）")),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pieces",
                        to="grid.attachment",
                        verbose_name="附件",
                    ),
                ),
            ],
            options={
                "verbose_name": "附件分片",
                "verbose_name_plural": "附件分片",
                "ordering": ["attachment", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("attachment", "number"), name="attachment_piece_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FactEdit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("address", "住址"),
                            ("phone", "电话"),
                            ("labour", "劳动技能"),
                            ("health", "健康状况"),
                        ],
                        max_length=10,
                        verbose_name="项目",
                    ),
                ),
                ("written_at", models.DateTimeField(verbose_name="填写时间")),
                ("arrived_at", models.DateTimeField(auto_now_add=True, verbose_name="收到时间")),
                (
                    "base_version",
                    models.PositiveIntegerField(default=0, verbose_name="手机上的版本"),
                ),
                ("values_sealed", models.BinaryField(verbose_name="三个值（密封）")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("applied", "已改"),
                            ("clash", "两边不一致"),
                            ("township", "交乡镇定"),
                            ("mine", "用走访填的"),
                            ("office", "用登记的"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "office_by",
                    models.CharField(blank=True, max_length=80, verbose_name="登记的来源"),
                ),
                (
                    "office_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="登记的时间"),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="决定时间"),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="事由")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fact_edits",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="填写人",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="决定人",
                    ),
                ),
                (
                    "envelope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="edits",
                        to="grid.envelope",
                        verbose_name="来件",
                    ),
                ),
                (
                    "household",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fact_edits",
                        to="grid.household",
                        verbose_name="农户",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fact_edits",
                        to="grid.person",
                        verbose_name="成员",
                    ),
                ),
            ],
            options={
                "verbose_name": "登记事项的改动",
                "verbose_name_plural": "登记事项的改动",
                "ordering": ["-arrived_at", "id"],
                "indexes": [
                    models.Index(fields=["household", "field"], name="fact_edit_of_household"),
                    models.Index(
                        condition=models.Q(("state__in", ["clash", "township"])),
                        fields=["household"],
                        name="fact_edit_clashing",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="phone",
            constraint=models.UniqueConstraint(
                fields=("account", "install"), name="phone_once_per_install"
            ),
        ),
        migrations.AddConstraint(
            model_name="phone",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wipe_ordered_at", None),
                    models.Q(("wipe_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="phone_wipe_has_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="envelope",
            index=models.Index(
                condition=models.Q(("state", "held")),
                fields=["code", "received_at"],
                name="envelope_held",
            ),
        ),
        migrations.AddIndex(
            model_name="envelope",
            index=models.Index(fields=["sender", "-received_at"], name="envelope_sender"),
        ),
        migrations.AddConstraint(
            model_name="envelope",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "held"), _negated=True),
                    models.Q(("because", ""), _negated=True),
                    _connector="OR",
                ),
                name="envelope_held_has_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="envelope",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "set_aside"), _negated=True),
                    models.Q(("decision_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="envelope_set_aside_has_reason",
            ),
        ),
        migrations.RunSQL(LETTERS, NO_LETTERS),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
