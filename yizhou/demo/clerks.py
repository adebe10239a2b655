"""How each department's clerk writes the rows down: headings, spellings, and usual mistakes.

Mistakes stand on rows of strangers (people of nowhere), so no planted truth rests on them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from yizhou.demo.county import Village
from yizhou.demo.ids import with_wrong_check
from yizhou.demo.rows import Certificate, Payment, SchoolRow, Settlement

Cells = list[str | float | date]
Mistake = Callable[[Cells, date], None]
LEVELS = {1: "一级", 2: "二级", 3: "三级", 4: "四级"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One data set's file as its clerk makes it. `every`: one oddity per so many rows."""

    feed: str
    stem: str
    suffix: str
    encoding: str
    title: str
    headings: tuple[str, ...]
    name_at: int
    id_at: int
    every: int
    mistakes: tuple[Mistake, ...]
    key_at: int | None = None  # a column that names the row by itself
    closing: tuple[str, ...] = ()  # the last line, e.g. totals


def yuan(fen: int) -> str:
    return f"-{-fen // 100}.{-fen % 100:02d}" if fen < 0 else f"{fen // 100}.{fen % 100:02d}"


def settlement_cells(row: Settlement, village: Village, serial: int) -> Cells:
    hospital = f"演示{village.township_name}卫生院" if row.care == "门诊" else HOSPITALS[serial % 4]
    return [
        f"JS{row.on:%Y%m}{village.code[6:]}{serial:06d}",
        row.person.name,
        row.person.id_number,
        "退费" if row.is_reversal else "正常结算",
        hospital,
        row.care,
        row.disease,
        row.on.isoformat(),
        yuan(row.total),
        yuan(row.basic),
        yuan(row.serious),
        yuan(row.assistance),
        yuan(row.self_paid),
        village.township_name,
    ]


def certificate_cells(row: Certificate, village: Village, serial: int) -> Cells:
    ends = row.issued_on.replace(day=min(28, row.issued_on.day), year=row.issued_on.year + 10)
    return [
        serial,
        row.person.name,
        row.person.id_number,
        row.category,
        LEVELS[row.level] if serial % 3 else f"{row.level}级",
        row.issued_on,
        ends,
        row.standing,
    ]


def school_cells(row: SchoolRow, village: Village, serial: int) -> Cells:
    place = village.township_name
    school = f"演示{place}{SCHOOLS.get(row.stage, '中心小学')}"
    day = row.status_on
    return [
        row.term,
        school,
        row.person.name,
        row.person.id_number,
        row.stage,
        row.standing,
        str(row.absent_days),
        f"{day.year}年{day.month}月{day.day}日",
    ]


def payment_cells(row: Payment, village: Village, serial: int) -> Cells:
    return [
        f"{row.month_on:%Y-%m}",
        row.person.name,
        row.person.id_number,
        "城镇低保" if village.is_community else "农村",
        str(row.people),
        yuan(row.amount),
        f"{row.paid_on:%Y%m%d}",
        village.township_name,
        village.name,
    ]


HOSPITALS = ("演示区第一医院", "演示区中医医院", "演示区妇幼保健院", "演示市第二医院")
SCHOOLS = {
    "学前教育": "中心幼儿园",
    "初中": "初级中学",
    "七年级": "初级中学",
    "八年级": "初级中学",
    "九年级": "初级中学",
    "高中": "高级中学",
    "中等职业教育": "职业技术学校",
    "高职高专及以上": "籍学生就读院校",
    "特殊教育": "特殊教育学校",
}


def set_to(at: int, value: str | float) -> Mistake:
    def mistake(cells: Cells, as_of: date) -> None:
        cells[at] = value

    return mistake


def days_ahead(at: int, write: Callable[[date], str | date]) -> Mistake:
    def mistake(cells: Cells, as_of: date) -> None:
        cells[at] = write(as_of + timedelta(days=45))

    return mistake


def mistyped_id(at: int) -> Mistake:
    def mistake(cells: Cells, as_of: date) -> None:
        cells[at] = with_wrong_check(str(cells[at]))

    return mistake


def swapped(at: int, other: int) -> Mistake:
    def mistake(cells: Cells, as_of: date) -> None:
        cells[at], cells[other] = cells[other], cells[at]

    return mistake


def absent_without_days(standing_at: int, days_at: int) -> Mistake:
    def mistake(cells: Cells, as_of: date) -> None:
        cells[standing_at], cells[days_at] = "疑似失学辍学", "0"

    return mistake


MEDICAL = Sheet(
    feed="medical_settlement",
    stem="医保结算",
    suffix=".csv",
    encoding="gb18030",
    title="医疗费用结算明细（演示数据，人物均为虚构）",
    headings=(
        "结算流水号",
        "患者姓名",
        "证件号码",
        "业务类型",
        "定点机构名称",
        "医疗类别",
        "主要诊断",
        "结算时间",
        "医疗总费用",
        "统筹支付",
        "大病报销",
        "医疗救助",
        "三重保障后自付",
        "经办机构",
    ),
    name_at=1,
    id_at=2,
    key_at=0,
    every=1500,
    mistakes=(
        mistyped_id(2),
        set_to(12, "98765432.10"),
        days_ahead(7, date.isoformat),
        set_to(2, "9.90101E+17"),
        set_to(12, ""),
        set_to(3, "退费"),
    ),
    closing=("合计",),
)
DISABILITY = Sheet(
    feed="disability_certificate",
    stem="残疾人证",
    suffix=".xlsx",
    encoding="",
    title="持证残疾人名册（演示数据，人物均为虚构）",
    headings=(
        "序号",
        "残疾人姓名",
        "身份证号码",
        "类别",
        "残疾级别",
        "评定日期",
        "有效期",
        "状态",
    ),
    name_at=1,
    id_at=2,
    every=150,
    mistakes=(
        mistyped_id(2),
        set_to(4, "五级"),
        set_to(2, 990101198001011200.0),
        swapped(5, 6),
        days_ahead(5, lambda day: day),
    ),
    closing=("制表人：演示员", "审核人：演示员"),
)
SCHOOL = Sheet(
    feed="school_status",
    stem="学生就学状态",
    suffix=".csv",
    encoding="utf-8-sig",
    title="学生就学状态表（演示数据，人物均为虚构）",
    headings=(
        "学年学期",
        "就读学校",
        "学生姓名",
        "学生身份证号",
        "学段（年级）",
        "学籍状态",
        "未到校天数",
        "统计日期",
    ),
    name_at=2,
    id_at=3,
    every=700,
    mistakes=(
        mistyped_id(3),
        absent_without_days(5, 6),
        set_to(0, "秋季学期"),
        set_to(6, "不详"),
        days_ahead(7, date.isoformat),
    ),
    closing=("制表人：演示员",),
)
DIBAO = Sheet(
    feed="dibao_payment",
    stem="低保金发放",
    suffix=".csv",
    encoding="utf-8",
    title="最低生活保障金发放明细（演示数据，人物均为虚构）",
    headings=(
        "月份",
        "申请人姓名",
        "申请人身份证号",
        "低保类别",
        "保障人口",
        "保障金额",
        "打卡日期",
        "乡镇",
        "村（社区）",
    ),
    name_at=1,
    id_at=2,
    every=600,
    mistakes=(
        mistyped_id(2),
        set_to(5, "735000.00"),
        set_to(3, "五保"),
        set_to(4, "0"),
        days_ahead(6, lambda day: f"{day:%Y%m%d}"),
    ),
    closing=("合计",),
)
