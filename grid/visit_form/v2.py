"""Version 2 of the visit form: one visit answers every purpose.

Water: the four official tests (《农村饮水安全评价准则》, reference 4.6 [W1] A; 35 litres is the
figure for wet areas). Three guarantees with evidence: reference 3.6 [D1][D2]. Risks: reference 3.4
list 100A27. Income and spending: reference 3.5. Kinds of help: reference 3.7 [D1]. What the
sections ask: to be confirmed by the county.

Nothing is asked that the registry holds by person (labour, health): the list of members is shown
and one question asks whether it is right.
"""

from datetime import date

from grid.visit_form.lines import INCOME, SPENDING, options_of
from grid.visit_form.question import Form, Question, Section

WORDS = 300

PEOPLE = Section(
    "家庭情况",
    (
        Question(
            "members_right",
            "登记的成员、健康和劳动能力都对吗？",
            "yes_no",
            (("yes", "都对"), ("no", "有变化")),
            bad_value="no",
            anew=True,
        ),
        Question(
            "members_change",
            "有什么变化？",
            "text",
            shown_when=("members_right", "no"),
            help="写清是谁：出生、去世、迁入、迁出，得了什么病，还能不能干活。",
            maximum=WORDS,
        ),
        Question("away", "在外务工的有几个人？", "stepper", unit="人", maximum=20),
    ),
)

WATER_AND_HOUSE = Section(
    "饮水住房",
    (
        Question(
            "water_safe",
            "饮水四项都达标吗？",
            "yes_no",
            (("yes", "都达标"), ("no", "有不达标")),
            bad_value="no",
            help="水量够用、水质干净、取水方便、不常停水，一项不行就选“有不达标”。",
        ),
        Question(
            "water_problems",
            "哪几项不达标？",
            "chips",
            (
                ("quantity", "水量：每人每天不到 35 升"),
                ("quality", "水质：看、闻、尝有异常"),
                ("distance", "取水：来回超过 20 分钟"),
                ("reliability", "保证率：一年停水超 36 天"),
            ),
            shown_when=("water_safe", "no"),
        ),
        Question(
            "water_evidence",
            "怎么看出来的？",
            "text",
            shown_when=("water_safe", "no"),
            help="例如：水柜 9 月干了，每天到屯口挑水两趟。",
            maximum=WORDS,
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
                ("slope", "靠近滑坡、落石"),
                ("no_house", "没有自己的住房"),
            ),
            shown_when=("house_safe", "no"),
        ),
        Question(
            "house_evidence",
            "怎么看出来的？",
            "text",
            shown_when=("house_safe", "no"),
            help="例如：正房东墙有一指宽的裂缝，还住着人。",
            maximum=WORDS,
        ),
    ),
)

SCHOOL_AND_MEDICINE = Section(
    "教育医疗",
    (
        Question(
            "school_ok",
            "义务教育阶段的孩子都在校吗？",
            "choice",
            (("yes", "都在校"), ("no", "有孩子没在校"), ("none", "家里没有这个年龄的孩子")),
            bad_value="no",
        ),
        Question(
            "school_evidence",
            "哪个孩子？为什么没在校？",
            "text",
            shown_when=("school_ok", "no"),
            help="写清姓名、哪个学校几年级、现在在哪里。",
            maximum=WORDS,
        ),
        Question(
            "insured",
            "全家都参加基本医保了吗？",
            "yes_no",
            (("yes", "都参加了"), ("no", "有人没参加")),
            bad_value="no",
        ),
        Question(
            "insured_evidence",
            "谁没有参加？为什么？",
            "text",
            shown_when=("insured", "no"),
            maximum=WORDS,
        ),
    ),
)

MONEY = Section(
    "收入支出",
    (
        Question(
            "income_change",
            "和上次走访比，家里收入怎样？",
            "choice",
            (("up", "增加"), ("same", "差不多"), ("down", "减少")),
            bad_value="down",
            help="第一次走访的，和去年比。",
            anew=True,
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
                ("other", "其他"),
            ),
            shown_when=("income_change", "down"),
            anew=True,
        ),
        Question(
            "income",
            "近 12 个月的收入",
            "lines",
            options_of(INCOME),
            required=False,
            help="只改有变化的。不选月份就是 12 个月合计；外出务工的扣掉房租和吃住。",
            unit="元",
        ),
        Question(
            "spending",
            "近 12 个月的大项支出",
            "lines",
            options_of(SPENDING),
            required=False,
            help="只记生产成本和报销以后自己付的看病、上学等钱；平常吃穿不记。",
            unit="元",
        ),
    ),
)

RISKS_AND_NEEDS = Section(
    "风险和需求",
    (
        Question(
            "risk",
            "这家有返贫致贫的风险吗？",
            "yes_no",
            (("yes", "有"), ("no", "没有")),
            bad_value="yes",
            anew=True,
        ),
        Question(
            "risks",
            "哪些风险？",
            "chips",
            (
                ("illness", "因病"),
                ("schooling", "因学"),
                ("disability", "因残"),
                ("disaster", "因自然灾害"),
                ("accident", "因意外事故"),
                ("industry", "因产业项目失败"),
                ("job", "因务工就业不稳"),
                ("labour", "缺劳动力"),
                ("housing", "因住房"),
                ("water", "因安全饮水"),
                ("other", "其他"),
            ),
            shown_when=("risk", "yes"),
        ),
        Question(
            "risk_sentence",
            "用一句话说清风险",
            "text",
            shown_when=("risk", "yes"),
            maximum=WORDS,
        ),
        Question(
            "need_help",
            "这家需要帮忙吗？",
            "yes_no",
            (("yes", "需要"), ("no", "不需要")),
            bad_value="yes",
            anew=True,
        ),
        Question(
            "needs",
            "需要哪方面的帮忙？",
            "chips",
            (
                ("industry", "发展产业"),
                ("job", "找工作、培训"),
                ("loan", "小额信贷"),
                ("welfare_post", "公益岗"),
                ("medical", "看病报销"),
                ("schooling", "孩子上学"),
                ("relief", "低保、救助"),
                ("house", "修房"),
                ("water", "饮水"),
                ("care", "照料老人、残疾人"),
                ("other", "其他"),
            ),
            shown_when=("need_help", "yes"),
        ),
        Question(
            "need_sentence",
            "用一句话说清要帮什么",
            "text",
            shown_when=("need_help", "yes"),
            maximum=WORDS,
        ),
    ),
)

# What a kind of purpose adds to the same visit. A kind that is not here has its outcome and note.
SECTIONS: dict[str, Section] = {
    "verify_alert": Section(
        "核对部门数据",
        (
            Question(
                "alert_right",
                "部门的数据和实际一致吗？",
                "yes_no",
                (("yes", "一致"), ("no", "不一致")),
                bad_value="no",
                anew=True,
            ),
            Question(
                "alert_truth",
                "实际是怎样的？",
                "text",
                shown_when=("alert_right", "no"),
                help="写清哪个数不对、实际是多少。",
                maximum=WORDS,
            ),
            Question(
                "alert_seen",
                "根据什么确认的？",
                "chips",
                (
                    ("head", "户主或家人说的"),
                    ("papers", "看了票据、证件"),
                    ("on_site", "看了现场"),
                    ("village", "问了村干部"),
                    ("neighbour", "问了邻居"),
                ),
                anew=True,
            ),
        ),
    ),
    "routine": Section(
        "常规走访",
        (
            Question(
                "help_arrived",
                "应得的补贴和帮扶都到位了吗？",
                "choice",
                (("yes", "都到位"), ("no", "有没到位的"), ("none", "没有享受")),
                bad_value="no",
            ),
            Question(
                "help_missing",
                "哪一项没到位？",
                "text",
                shown_when=("help_arrived", "no"),
                maximum=WORDS,
            ),
        ),
    ),
    "must_visit": Section(
        "必访情况",
        (
            Question(
                "event_standing",
                "这件事现在怎么样了？",
                "choice",
                (("over", "已经过去"), ("going_on", "还在处理"), ("worse", "更严重了")),
                bad_value="worse",
                anew=True,
            ),
            Question(
                "event_detail",
                "严重在哪里？",
                "text",
                shown_when=("event_standing", "worse"),
                maximum=WORDS,
            ),
        ),
    ),
    "half_yearly": Section(
        "半年复核",
        (
            Question(
                "risk_gone",
                "纳入时的风险消除了吗？",
                "choice",
                (("yes", "已消除"), ("partly", "有好转"), ("no", "没有消除")),
                bad_value="no",
                anew=True,
            ),
            Question(
                "risk_left",
                "还差什么？",
                "text",
                shown_when=("risk_gone", "no"),
                maximum=WORDS,
            ),
        ),
    ),
    "check": Section(
        "集中排查",
        (
            Question(
                "policy_known",
                "防返贫政策和申报办法讲明白了吗？",
                "yes_no",
                (("yes", "讲明白了"), ("no", "还要再讲")),
                anew=True,
            ),
        ),
    ),
    "follow_measure": Section(
        "帮扶措施回访",
        (
            Question(
                "measure_done",
                "措施落实了吗？",
                "choice",
                (("yes", "已落实"), ("partly", "落实了一部分"), ("no", "没有落实")),
                bad_value="no",
                anew=True,
            ),
            Question(
                "measure_missing",
                "为什么没有落实？",
                "text",
                shown_when=("measure_done", "no"),
                maximum=WORDS,
            ),
            Question(
                "measure_works",
                "对这家有用吗？",
                "choice",
                (("yes", "有用"), ("little", "作用不大"), ("early", "还看不出来")),
                bad_value="little",
                anew=True,
            ),
        ),
    ),
    "promise": Section(
        "回访承诺",
        (
            Question(
                "promise_kept",
                "到期的承诺兑现了吗？",
                "yes_no",
                (("yes", "兑现了"), ("no", "没有兑现")),
                bad_value="no",
                anew=True,
            ),
        ),
    ),
}

FORM = Form(
    version=2,
    since=date(2026, 11, 24),
    steps=(PEOPLE, WATER_AND_HOUSE, SCHOOL_AND_MEDICINE, MONEY, RISKS_AND_NEEDS),
    sections=SECTIONS,
)
