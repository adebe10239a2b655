"""The visit form as data: questions, skip logic, and the one reader of its answers.

Water: the four official tests (《农村饮水安全评价准则》, reference 4.6 [W1]). Three guarantees and
income: reference 2.3 and 3.6. A version is never changed once used; a new one gets a new number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

FORM_VERSION = 1
MAX_YUAN = Decimal("9999999.99")
FULL_WIDTH = str.maketrans("０１２３４５６７８９．，", "0123456789.,")


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `shown_when` names a question and the answer that reveals this one."""

    name: str
    label: str
    kind: str  # yes_no, chips, stepper, amount, choice, text
    options: tuple[tuple[str, str], ...] = ()
    bad_value: str = ""
    shown_when: tuple[str, str] | None = None
    required: bool = True
    help: str = ""
    unit: str = ""
    maximum: int = 20


YES_NO = (("yes", "是"), ("no", "否"))

STEPS: tuple[tuple[str, tuple[Question, ...]], ...] = (
    (
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
    (
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
    (
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
    (
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

QUESTIONS: dict[str, Question] = {q.name: q for _, questions in STEPS for q in questions}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by question; and what is wrong, one sentence a question."""

    values: dict[str, Any]
    errors: dict[str, str]


def is_shown(question: Question, values: Mapping[str, Any]) -> bool:
    if question.shown_when is None:
        return True
    name, answer = question.shown_when
    return bool(values.get(name) == answer)


def read_answers(given: Mapping[str, Any]) -> Answers:
    """Check answers by question name (text, or a list of texts for chips)."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for question in QUESTIONS.values():
        if not is_shown(question, values):
            continue
        value, error = _READERS[question.kind](question, given.get(question.name))
        if error:
            errors[question.name] = error
        elif value is not None:
            values[question.name] = value
    return Answers(values, errors)


def _read_choice(question: Question, given: Any) -> tuple[Any, str]:
    if isinstance(given, str) and given in dict(question.options):
        return given, ""
    return None, f"请回答：{question.label}"


def _read_chips(question: Question, given: Any) -> tuple[Any, str]:
    chosen = given if isinstance(given, list) else [given]
    known = [v for v, _ in question.options if v in chosen]
    if known or not question.required:
        return known, ""
    return None, f"请至少选一项：{question.label}"


def _read_text(question: Question, given: Any) -> tuple[Any, str]:
    text = str(given or "").strip()
    if text:
        return text[:500], ""
    return None, f"请填写：{question.label}" if question.required else ""


def _read_stepper(question: Question, given: Any) -> tuple[Any, str]:
    text = str("" if given is None else given).translate(FULL_WIDTH).strip()
    if text.isascii() and text.isdigit() and int(text) <= question.maximum:
        return int(text), ""
    return None, f"请填 0 到 {question.maximum} 的整数：{question.label}"


def _read_amount(question: Question, given: Any) -> tuple[Any, str]:
    text = str("" if given is None else given).translate(FULL_WIDTH).replace(",", "").strip()
    text = text.removesuffix("元").strip()
    if not text:
        return None, f"请填写：{question.label}" if question.required else ""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if "_" in text or not amount.is_finite() or not 0 <= amount <= MAX_YUAN:
        return None, f"请填金额数字，例如 38000：{question.label}"
    return str(amount.quantize(Decimal("0.01"))), ""


_READERS = {
    "yes_no": _read_choice,
    "choice": _read_choice,
    "chips": _read_chips,
    "text": _read_text,
    "stepper": _read_stepper,
    "amount": _read_amount,
}


def in_words(name: str, value: Any) -> str:
    """An answer as people read it."""
    question = QUESTIONS.get(name)
    if question is None:
        return str(value)
    labels = dict(question.options)
    if isinstance(value, list):
        return "、".join(str(labels.get(v, v)) for v in value)
    return labels.get(value, f"{value} {question.unit}".strip())
