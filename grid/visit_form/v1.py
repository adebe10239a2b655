"""Version 1 of the visit form, given out until November 2026. Kept word for word.

Water: the four official tests (《农村饮水安全评价准则》, reference 4.6 [W1]). Three guarantees and
income: reference 2.3 and 3.6.
"""

from datetime import date

from grid.visit_form.question import Form, Question, Section

STEPS: tuple[Section, ...] = (
    Section(
        "家庭情况",
        (
            Question(
                "members_right",
                "登记的家庭成员对吗？",
                "yes_no",
                (("yes", "对"), ("no", "有变化")),
                bad_value="no",
            ),
            Question(
                "members_change",
                "有什么变化？",
                "text",
                shown_when=("members_right", "no"),
                help="谁出生、去世、迁入、迁出。",
            ),
            Question("workers", "家里能干活的有几个人？", "stepper", unit="人"),
            Question("away", "在外务工的有几个人？", "stepper", unit="人"),
        ),
    ),
    Section(
        "饮水和住房",
        (
            Question(
                "water_safe",
                "饮水有保障吗？",
                "yes_no",
                (("yes", "有保障"), ("no", "没有")),
                bad_value="no",
            ),
            Question(
                "water_problems",
                "哪里不达标？",
                "chips",
                (
                    ("quantity", "水量不够"),
                    ("quality", "水质差"),
                    ("distance", "取水超 20 分钟"),
                    ("reliability", "一年停水超 36 天"),
                ),
                shown_when=("water_safe", "no"),
            ),
            Question(
                "house_safe",
                "住房安全吗？",
                "yes_no",
                (("yes", "安全"), ("no", "有隐患")),
                bad_value="no",
            ),
            Question(
                "house_problems",
                "什么隐患？",
                "chips",
                (
                    ("grade_cd", "鉴定为 C 或 D 级"),
                    ("cracks", "墙体开裂"),
                    ("roof", "屋顶漏雨"),
                    ("slope", "靠近滑坡"),
                ),
                shown_when=("house_safe", "no"),
            ),
        ),
    ),
    Section(
        "教育和医疗",
        (
            Question(
                "school_ok",
                "义务教育阶段的孩子都在校吗？",
                "choice",
                (("yes", "都在校"), ("no", "有孩子没在校"), ("none", "家里没有")),
                bad_value="no",
            ),
            Question(
                "insured",
                "全家都参加基本医保了吗？",
                "yes_no",
                (("yes", "都参加了"), ("no", "有人没参加")),
                bad_value="no",
            ),
            Question(
                "ill",
                "有人患大病或长期慢性病吗？",
                "yes_no",
                (("yes", "有"), ("no", "没有")),
            ),
        ),
    ),
    Section(
        "收入和支出",
        (
            Question(
                "income_change",
                "和去年比，家庭收入怎样？",
                "choice",
                (("up", "增加"), ("same", "差不多"), ("down", "减少")),
                bad_value="down",
            ),
            Question(
                "income_why",
                "为什么减少？",
                "chips",
                (
                    ("job", "务工不稳"),
                    ("crop", "种养失败"),
                    ("ill", "劳力生病"),
                    ("disaster", "受灾"),
                ),
                shown_when=("income_change", "down"),
            ),
            Question(
                "self_paid_yuan",
                "近 12 个月看病自己掏了多少钱？",
                "amount",
                unit="元",
                required=False,
                help="报销以后自己付的；没有就不填。",
            ),
            Question("debt_yuan", "现在欠债多少？", "amount", unit="元", required=False),
        ),
    ),
)

FORM = Form(version=1, since=date(2026, 11, 1), steps=STEPS)
