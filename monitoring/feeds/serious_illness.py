"""New serious-illness patients of the month, by hospital or family doctor.

Source: reference 4.4 row 2, monthly by the 5th [A2]; diseases from the 2019 list of 25 [M4]. The
five added later are to be confirmed and go under "other" until then.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    id_number_column,
    looked_up_by,
    one_current_per,
)


class SeriousIllness(Record):
    class Disease(models.TextChoices):
        CHILD_HEART = "child_heart", "儿童先心病"
        CHILD_LEUKAEMIA = "child_leukaemia", "儿童白血病"
        STOMACH_CANCER = "stomach_cancer", "胃癌"
        OESOPHAGUS_CANCER = "oesophagus_cancer", "食道癌"
        COLON_CANCER = "colon_cancer", "结肠癌"
        RECTUM_CANCER = "rectum_cancer", "直肠癌"
        KIDNEY_FAILURE = "kidney_failure", "终末期肾病"
        LUNG_CANCER = "lung_cancer", "肺癌"
        LIVER_CANCER = "liver_cancer", "肝癌"
        BREAST_CANCER = "breast_cancer", "乳腺癌"
        CERVIX_CANCER = "cervix_cancer", "宫颈癌"
        HEART_ATTACK = "heart_attack", "急性心肌梗死"
        CATARACT = "cataract", "白内障"
        PNEUMOCONIOSIS = "pneumoconiosis", "尘肺"
        NEUROBLASTOMA = "neuroblastoma", "神经母细胞瘤"
        CHILD_LYMPHOMA = "child_lymphoma", "儿童淋巴瘤"
        OSTEOSARCOMA = "osteosarcoma", "骨肉瘤"
        HAEMOPHILIA = "haemophilia", "血友病"
        THALASSAEMIA = "thalassaemia", "地中海贫血"
        CLEFT_LIP = "cleft_lip", "唇腭裂"
        HYPOSPADIAS = "hypospadias", "尿道下裂"
        RESISTANT_TB = "resistant_tb", "耐多药结核病"
        STROKE = "stroke", "脑卒中"
        COPD = "copd", "慢性阻塞性肺气肿"
        OTHER = "other", "其他大病"

    class Treatment(models.TextChoices):
        WAITING = "waiting", "未救治"
        TREATED = "treated", "救治中"
        ENDED = "ended", "治愈或好转"
        GIVEN_UP = "given_up", "放弃治疗"

    disease = models.CharField("病种", max_length=20, choices=Disease)
    disease_detail = models.CharField("其他病种名称", max_length=60, blank=True)
    diagnosed_on = models.DateField("确诊日期")
    hospital = models.CharField("确诊医院", max_length=80)
    treatment = models.CharField("救治状态", max_length=10, choices=Treatment)

    class Meta:
        verbose_name = "新发大病患者"
        verbose_name_plural = verbose_name
        ordering = ["-diagnosed_on", "id"]
        constraints = one_current_per("serious_illness", "id_digest", "disease", "disease_detail")
        indexes = looked_up_by("serious_illness", "diagnosed_on")

    def __str__(self) -> str:
        return f"{self.diagnosed_on} {self.get_disease_display()}"


FEED = Feed(
    code="serious_illness",
    title="新发大病患者",
    model=SeriousIllness,
    department="health",
    purpose="及时发现新发大病、可能因病返贫致贫的家庭（防止返贫监测）。",
    source="卫健局大病专项救治名册（2019 年 25 种，后增 5 种待核定）；外地多每月 5 日，本区待核定",
    due_day=5,
    natural_key=("id_number", "disease", "disease_detail"),
    valid_on="diagnosed_on",
    note="只报病种和确诊时间，不报病历。艾滋病机会感染依法保密，不在本表报送。",
    columns=(
        Column("person_name", aliases=("患者姓名", "病人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "患者身份证号"),
        Column(
            "disease",
            aliases=("大病病种", "疾病名称", "诊断病种"),
            example="其他大病",
            values={
                "先天性心脏病": "child_heart",
                "儿童先天性心脏病": "child_heart",
                "食管癌": "oesophagus_cancer",
                "尿毒症": "kidney_failure",
                "肝细胞癌": "liver_cancer",
                "子宫颈癌": "cervix_cancer",
                "急性心梗": "heart_attack",
                "心肌梗死": "heart_attack",
                "尘肺病": "pneumoconiosis",
                "地贫": "thalassaemia",
                "唇裂": "cleft_lip",
                "腭裂": "cleft_lip",
                "耐多药肺结核": "resistant_tb",
                "脑梗死": "stroke",
                "脑出血": "stroke",
                "中风": "stroke",
                "慢阻肺": "copd",
                "慢性阻塞性肺疾病": "copd",
                "其他": "other",
            },
        ),
        Column(
            "disease_detail",
            aliases=("其他大病名称",),
            example="膀胱癌",
            meaning="只在病种为“其他大病”时填写。",
        ),
        Column("diagnosed_on", aliases=("确诊时间",), example="2026-10-09", past_only=True),
        Column("hospital", aliases=("诊断医院", "就诊医院"), example="宜州区某医院"),
        Column(
            "treatment",
            aliases=("救治情况", "治疗状态"),
            example="救治中",
            values={
                "治疗中": "treated",
                "已救治": "treated",
                "未治疗": "waiting",
                "治愈": "ended",
                "好转": "ended",
                "放弃": "given_up",
            },
        ),
    ),
    checks=(
        Check(
            code="detail_does_not_fit",
            column="disease_detail",
            condition="(s.disease = 'other') = (s.disease_detail <> '')",
            problem="病种与其他病种名称不配",
            fix="病种为“其他大病”时写出名称；是目录内病种的，把这一格清空。",
        ),
    ),
)
