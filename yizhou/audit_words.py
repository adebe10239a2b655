"""Words for the audit trail: the verbs of all floors, and the names of what they act on.

A verb without a word fails tests/house/test_code.py.
"""

from django.apps import apps

VERBS = {
    "signed_in": "登录",
    "refused": "被拒绝的访问",
    "read": "查看农户档案",
    "searched_id_number": "按身份证号查找",
    "revealed_identity": "查看完整身份证号",
    "revealed_phone": "查看完整电话",
    "read_audit": "查看操作留痕",
    "registered_household": "建户",
    "added_member": "新增成员",
    "removed_member": "成员迁出",
    "recorded_death": "登记死亡",
    "changed_head": "变更户主",
    "moved_household": "搬迁",
    "split_household": "分户",
    "merged_household": "并入别户",
    "took_in_household": "接收并户",
    "appointed_post": "任职",
    "ended_post": "离任",
    "handed_over_work": "工作移交",
    "opened_account": "开通账号",
    "changed_password": "修改密码",
    "reset_password": "重置密码",
    "closed_account": "停用账号",
    "granted_exception": "个案授权",
    "revoked_exception": "撤销个案授权",
    "issued_key": "签发密钥",
    "revoked_key": "停用密钥",
    "rotated_key": "轮换密钥",
    "changed_key": "修改密钥的限制",
    "demanded_signature": "要求密钥签名",
    "waived_signature": "取消密钥签名",
    "started_transfer": "开始断点续传",
    "ended_transfer": "取消断点续传",
    "refused_transfer": "退回断点续传的文件",
    "opened_work_items": "生成入户事项",
    "assigned_work_item": "派单",
    "rerouted_work_item": "改派无人在岗的事项",
    "returned_work_item": "退回补充",
    "filed_visit": "回传走访",
    "corrected_visit": "更正走访",
    "settled_alert": "办结预警",
    "screened": "研判",
    "requested_screening": "发起研判",
    "retried_screening": "重试研判",
    "collected_reports": "收取核实结果",
    "changed_schedule": "修改定时",
    "published_rule": "发布规则",
    "received_upload": "收到数据",
    "merged_upload": "数据入库",
    "import_divisions": "导入区划",
    "installed_county": "准备新的县",
    "build_demo_county": "建立演示县",
    "import_tuns": "导入屯",
    "checked_upload": "校验数据",
    "refused_upload": "退回数据",
    "decided_upload": "决定入库",
    "discarded_upload": "放弃报送",
    "retried_upload": "重试报送",
    "cleared_files": "清理到期文件",
    "held_upload": "质量关口拦下",
    "released_upload": "核实放行数据",
    "asked_undo": "申请撤回批次",
    "undid_upload": "撤回批次",
    "exported_fault_file": "导出错误行",
    "found_conflicts": "比对部门数据",
    "answered_conflict": "答复数据打架",
    "decided_source_of_truth": "决定以谁为准",
    "found_proposals": "提出户籍变动建议",
    "confirmed_proposal": "确认户籍变动建议",
    "refused_proposal": "不予登记户籍变动",
    "matched_records": "补配人员",
    "reminded_department": "催报数据",
    "saw_reminder": "已阅催报",
}

OTHER_KINDS = {
    "installation": "安装",
    "page": "页面",
    "schedule": "定时任务",
    "demo_county": "演示县",
    "conflicts": "部门数据比对",
    "proposals": "户籍变动建议",
    "records": "部门数据",
}


def kind_in_words(subject_type: str) -> str:
    """The model label grid.household as 农户; what is no model keeps its own word."""
    if subject_type in OTHER_KINDS:
        return OTHER_KINDS[subject_type]
    try:
        return str(apps.get_model(subject_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return subject_type
