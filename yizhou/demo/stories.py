"""The stories: how one household comes to be alerted, or nearly, by the three rules with planted
truths."""

from collections.abc import Callable
from datetime import date, timedelta

from yizhou.demo.families import Household, Person
from yizhou.demo.rows import Certificate, SchoolRow, Settlement, months_before, terms_on
from yizhou.demo.truth import Stage

LOW_LINE, ORDINARY_LINE = 10_000_00, 26_000_00  # fen; to be confirmed by the county
SERIOUS_DISEASES = (
    "终末期肾病",
    "肺癌",
    "肝癌",
    "脑卒中",
    "急性心肌梗死",
    "白血病",
    "重型地中海贫血",
)
CATEGORIES = ("肢体残疾", "视力残疾", "精神残疾", "智力残疾", "听力残疾", "多重残疾")

Story = Callable[[Stage], None]


# Heavy medical self-payment ---------------------------------------------------------------------


def ordinary(household: Household) -> bool:
    return not household.ever_low_income and len(household.people) >= 2


def low_by_kind(household: Household) -> bool:
    return household.kind != "ordinary" and household.dibao_from is None


def stay(stage: Stage, person: Person, self_paid: int, on: date) -> Settlement:
    """A hospital stay whose parts add up to a total about three times the own payment."""
    total = self_paid * stage.rng.randint(26, 38) // 10
    serious, assistance = total // 12, 0
    return Settlement(
        person,
        on,
        self_paid=self_paid,
        total=total,
        basic=total - self_paid - serious - assistance,
        serious=serious,
        assistance=assistance,
        is_reversal=False,
        care="普通住院",
        disease=stage.rng.choice(SERIOUS_DISEASES),
    )


def stays(stage: Stage, household: Household, total: int, people: int = 1) -> list[Settlement]:
    """Stays within the last year that add up to `total` fen exactly, spread over members."""
    count = max(people, stage.rng.randint(1, 4))
    parts = [total // count] * (count - 1)
    parts.append(total - sum(parts))
    patients = household.people[-people:]
    return [
        stay(stage, patients[i % len(patients)], part, stage.ago(3, 330))
        for i, part in enumerate(parts)
    ]


def severity_of(self_paid: int, line: int) -> str:
    return "RED" if self_paid >= 3 * line else "ORANGE" if self_paid >= 2 * line else "YELLOW"


def heavy(fits: Callable[[Household], bool], low: int, high: int, people: int = 1) -> Story:
    """Own payment between `low` and `high` yuan, over the line of the household."""

    def story(stage: Stage) -> None:
        household = stage.household(lambda h: fits(h) and len(h.people) >= people)
        line = LOW_LINE if household.ever_low_income else ORDINARY_LINE
        paid = stage.rng.randint(low * 100, high * 100)
        stage.plan.settlements[household.number] = stays(stage, household, paid, people)
        why = f"近 12 个月自付 {paid / 100:.2f} 元，标准线 {line // 100} 元"
        stage.must("MED-01", household, None, severity_of(paid, line), why)

    return story


def heavy_on_dibao(stage: Stage) -> None:
    household = stage.household(ordinary)
    stage.plan.dibao[household.number] = (months_before(stage.as_of, 20), None)
    stage.plan.settlements[household.number] = stays(stage, household, 10_500_00)
    stage.must(
        "MED-01",
        household,
        None,
        "YELLOW",
        "自付 10500 元，在保低保户，标准线 10000 元",
    )


def heavy_despite_reversal(stage: Stage) -> None:
    household = stage.household(ordinary)
    kept = stay(stage, household.head, 31_000_00, stage.ago(120, 150))
    taken = stay(stage, household.head, 9_000_00, stage.ago(60, 75))
    back = taken.reversed_on(taken.on + timedelta(days=6))
    stage.plan.settlements[household.number] = [kept, taken, back]
    stage.must("MED-01", household, None, "YELLOW", "冲正 9000 元后仍自付 31000 元")


def exactly_on_the_line(stage: Stage) -> None:
    household = stage.household(ordinary)
    stage.plan.settlements[household.number] = stays(stage, household, ORDINARY_LINE)
    stage.must("MED-01", household, None, "YELLOW", "自付正好 26000 元，达到标准线")


def light(fits: Callable[[Household], bool], yuan: int, why: str) -> Story:
    def story(stage: Stage) -> None:
        household = stage.household(fits)
        stage.plan.settlements[household.number] = stays(stage, household, yuan * 100)
        stage.must_not(household, why)

    return story


def left_dibao(stage: Stage) -> None:
    household = stage.household(ordinary)
    term = (months_before(stage.as_of, 22), months_before(stage.as_of, 5))
    stage.plan.dibao[household.number] = term
    stage.plan.settlements[household.number] = stays(stage, household, 10_500_00)
    stage.must_not(household, "自付 10500 元，退出低保已满 3 个月，按一般农户标准线")


def reversed_below(stage: Stage) -> None:
    household = stage.household(ordinary)
    taken = stay(stage, household.head, 30_000_00, stage.ago(60, 75))
    back = taken.reversed_on(taken.on + timedelta(days=6))
    rest = stay(stage, household.head, 6_000_00, stage.ago(10, 20))
    stage.plan.settlements[household.number] = [taken, back, rest]
    stage.must_not(household, "30000 元已冲正，余 6000 元")


def long_ago(stage: Stage) -> None:
    household = stage.household(ordinary)
    on = months_before(stage.as_of, 13) - timedelta(days=stage.rng.randint(1, 40))
    stage.plan.settlements[household.number] = [stay(stage, household.head, 60_000_00, on)]
    stage.must_not(household, "60000 元发生在 13 个月以前")


def patient_died(stage: Stage) -> None:
    since = months_before(stage.as_of, 11)
    household = stage.household(
        lambda h: any(p.died_on and p.died_on > since + timedelta(days=9) for p in h.departed)
    )
    person = household.departed[0]
    assert person.died_on is not None
    bill = stay(stage, person, 70_000_00, person.died_on - timedelta(days=6))
    stage.plan.settlements[household.number] = [bill]
    stage.must_not(household, "患者已去世，不是在世成员")


# New severe disability --------------------------------------------------------------------------


def without_certificate(stage: Stage) -> Callable[[Person], bool]:
    """Old enough for the certificates of the stories, and with none of the background."""
    return lambda p: p.health != "disabled" and p.age_on(stage.as_of) >= 8


def newly_disabled(level: int, earlier: int | None = None) -> Story:
    """A level 1 or 2 certificate of the last three months, perhaps after a light one."""

    def story(stage: Stage) -> None:
        household, person = stage.member(without_certificate(stage))
        certify(stage, household, person, level, earlier)

    return story


def certify(
    stage: Stage,
    household: Household,
    person: Person,
    level: int,
    earlier: int | None = None,
) -> None:
    category = stage.rng.choice(CATEGORIES)
    rows = [Certificate(person, category, level, stage.ago(5, 75))]
    why = f"新评定{category}{level}级"
    if earlier is not None:
        rows.insert(0, Certificate(person, category, earlier, stage.ago(700, 2500)))
        why += f"，原为{earlier}级"
    stage.plan.certificates[person.id_number] = rows
    stage.must("DIS-01", household, person, "ORANGE" if level == 1 else "YELLOW", why)


def not_newly_disabled(why: str, *rows: tuple[int, int, str]) -> Story:
    """Certificates (level, days ago, standing) that do not make a new severe disability."""

    def story(stage: Stage) -> None:
        household, person = stage.member(without_certificate(stage))
        category = stage.rng.choice(CATEGORIES)
        stage.plan.certificates[person.id_number] = [
            Certificate(person, category, level, stage.as_of - timedelta(days=days), standing)
            for level, days, standing in rows
        ]
        stage.must_not(household, why)

    return story


# Suspected drop-out -----------------------------------------------------------------------------


def aged(stage: Stage, low: int, high: int) -> Callable[[Person], bool]:
    """Between the two ages for three weeks before and after, and not someone else's story."""
    early, late = stage.as_of - timedelta(days=21), stage.as_of + timedelta(days=21)
    return lambda p: low <= p.age_on(early) and p.age_on(late) <= high


def row(stage: Stage, person: Person, level: str, standing: str, absent: int) -> SchoolRow:
    return SchoolRow(person, terms_on(stage.as_of)[0], level, standing, absent, stage.ago(9, 9))


def dropped_out(low: int, high: int, severity: str, level: str | None = None) -> Story:
    def story(stage: Stage) -> None:
        household, pupil = stage.member(aged(stage, 7, 14))
        absent = stage.rng.randint(low, high)
        stage_of_age = "五年级" if pupil.age_on(stage.as_of) < 12 else "初中"
        stage.plan.school[pupil.id_number] = [
            row(stage, pupil, level or stage_of_age, "疑似失学辍学", absent)
        ]
        stage.must("EDU-01", household, pupil, severity, f"疑似辍学，连续未到校 {absent} 天")

    return story


def not_dropped_out(why: str, low: int, high: int, level: str) -> Story:
    """Reported as drop-out, but outside the ages or the stages the rule looks at."""

    def story(stage: Stage) -> None:
        household, pupil = stage.member(aged(stage, low, high))
        stage.plan.school[pupil.id_number] = [row(stage, pupil, level, "疑似失学辍学", 25)]
        stage.must_not(household, why)

    return story


def back_at_school(stage: Stage) -> None:
    household, pupil = stage.member(aged(stage, 8, 14))
    before = SchoolRow(
        pupil, terms_on(stage.as_of)[1], "初中", "疑似失学辍学", 18, stage.ago(150, 150)
    )
    stage.plan.school[pupil.id_number] = [before, row(stage, pupil, "初中", "在校", 0)]
    stage.must_not(household, "上学期疑似辍学，本学期已返校")


def reported_long_ago(stage: Stage) -> None:
    household, pupil = stage.member(aged(stage, 8, 14))
    stage.plan.school[pupil.id_number] = [
        SchoolRow(
            pupil,
            terms_on(stage.as_of)[1],
            "初中",
            "疑似失学辍学",
            20,
            stage.ago(205, 205),
        )
    ]
    stage.must_not(household, "最近一次就学状态在 6 个月以前")


# Two rules at once ------------------------------------------------------------------------------


def two_rules(stage: Stage) -> None:
    """One household, two alerts, one visit."""
    fits = without_certificate(stage)
    household = stage.household(lambda h: ordinary(h) and fits(h.head))
    paid = stage.rng.randint(53_000_00, 76_000_00)
    stage.plan.settlements[household.number] = stays(stage, household, paid)
    why = f"近 12 个月自付 {paid / 100:.2f} 元，标准线 26000 元"
    stage.must("MED-01", household, None, "ORANGE", why)
    certify(stage, household, household.head, 1)
