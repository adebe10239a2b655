"""What is known of a household before the visit and who said it: visits, registry, departments.

grid may not import the floors above: settings.VISIT_KNOWN names callables (household_ids, on) ->
{household_id: [Known, ..]}.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from grid.dossier import WORKING, age_on
from grid.models import Health, Person, Visit
from grid.visit_form import FORM, Question, in_words, months_before, yuan_in_words

LAST_VISIT = "上次"
REGISTRY = "登记"
# Compulsory schooling: nine years from the age of six. Source: 《义务教育法》 art. 2 and 11.
SCHOOL_AGES = range(6, 15)
LINE_MONTHS = 13  # the running month and the twelve before it: older lines are not offered again


@dataclass(frozen=True, slots=True)
class Known:
    """One thing somebody said. `question` is the form's; `value` could be filled in as its answer.

    A value of None is only told. `source` is 上次, 登记 or a department; `by` the person.
    """

    question: str
    label: str
    words: str
    source: str
    on: date | None = None
    by: str = ""
    value: Any = None

    def said(self, today: date) -> str:
        """上次 8 月 14 日 韦某：有保障"""
        return f"{self.origin(today)}：{self.words}"

    def origin(self, today: date) -> str:
        """Who said it and when; a department's day is told as its month."""
        if self.on is None:
            return self.source
        year = "" if self.on.year == today.year else f"{self.on.year} 年 "
        if self.source == LAST_VISIT:
            return f"{self.source} {year}{self.on.month} 月 {self.on.day} 日 {self.by}".strip()
        return f"{self.source} {year}{self.on.month} 月"


Knowledge = dict[int, list[Known]]


def known_about(household_ids: Collection[int], *, on: date) -> Knowledge:
    """Everything known, by household: the last visit first. Queries do not grow with households.

    The caller has loaded the households through scope.
    """
    ids = list(household_ids)
    told: Knowledge = defaultdict(list)
    for source in (_last_visits(ids, on), _registry(ids, on), recorded(ids, on=on)):
        for household_id, entries in source.items():
            told[household_id].extend(entries)
    return dict(told)


def recorded(household_ids: Collection[int], *, on: date) -> Knowledge:
    """What the departments' records say, as the floors above tell it."""
    told: Knowledge = defaultdict(list)
    for name in settings.VISIT_KNOWN:
        for household_id, entries in import_string(name)(list(household_ids), on).items():
            told[household_id].extend(entries)
    return dict(told)


# ---- the last visit ----


def last_visits(household_ids: Collection[int]) -> dict[int, Visit]:
    """The latest visit at which somebody was met, in its latest version, by household."""
    visits = (
        Visit.objects.filter(household__in=list(household_ids), corrected_by=None)
        .exclude(mode=Visit.Mode.NOT_MET)
        .select_related("by")
        .order_by("household_id", "-visited_at", "-received_at")
        .distinct("household_id")
    )
    return {visit.household_id: visit for visit in visits}


def _last_visits(household_ids: list[int], on: date) -> Knowledge:
    return {
        household_id: [
            known
            for question in FORM.every.values()
            if (known := _said_at(visit, question, on)) is not None
        ]
        for household_id, visit in last_visits(household_ids).items()
    }


def _said_at(visit: Visit, question: Question, on: date) -> Known | None:
    """What the visit says to a question of today's form, in the words of its own version."""
    if question.name not in visit.answers:
        return None
    answer = visit.answers[question.name]
    value = answer if _still_fits(question, answer) and not question.anew else None
    if question.kind == "lines":
        value = [line for line in answer if _still_offered(line, on)]
        words = _sum_in_words(answer)
    else:
        words = in_words(question.name, answer, version=visit.form_version)
    return Known(
        question=question.name,
        label=question.label,
        words=words,
        source=LAST_VISIT,
        on=timezone.localdate(visit.visited_at),
        by=visit.by.name,
        value=value,
    )


def _sum_in_words(lines: list[dict[str, str]]) -> str:
    """4 项，合计 42,420 元"""
    total = sum((Decimal(line["yuan"]) for line in lines), Decimal(0))
    return f"{len(lines)} 项，合计 {yuan_in_words(total)} 元" if lines else "没有"


def _still_fits(question: Question, answer: Any) -> bool:
    """An answer of an older version may name an option that is gone."""
    if not question.options or question.kind == "lines":
        return True
    options = dict(question.options)
    return all(a in options for a in (answer if isinstance(answer, list) else [answer]))


def _still_offered(line: Mapping[str, str], on: date) -> bool:
    return not line["month"] or line["month"] in months_before(on, LINE_MONTHS)


# ---- the registry ----


def _registry(household_ids: list[int], on: date) -> Knowledge:
    homes = members_by_household(household_ids)
    return {household_id: _registered(members, on) for household_id, members in homes.items()}


def members_by_household(household_ids: Collection[int]) -> dict[int, list[Person]]:
    """Living people of the households, by household."""
    homes: dict[int, list[Person]] = defaultdict(list)
    for person in Person.objects.living().filter(household__in=household_ids).order_by("id"):
        if person.household_id is not None:
            homes[person.household_id].append(person)
    return dict(homes)


def _registered(members: list[Person], on: date) -> list[Known]:
    ages = [age_on(person.born_on, on) for person in members]
    pairs = list(zip(members, ages, strict=True))
    workers = sum(p.labour in WORKING and 16 <= age < 60 for p, age in pairs)
    ill = [f"{p.name}{p.get_health_display()}" for p in members if p.health != Health.HEALTHY]
    words = "；".join([f"{len(members)} 人，劳动力 {workers} 人", *ill[:4]])
    told = [Known("members_right", "家庭成员", words, REGISTRY)]
    pupils = [p.name for p, age in pairs if age in SCHOOL_AGES]
    if pupils:
        told.append(Known("school_ok", "学龄孩子", "、".join(pupils[:6]), REGISTRY))
    else:
        told.append(Known("school_ok", "学龄孩子", "没有 6 至 14 岁的孩子", REGISTRY, value="none"))
    return told


# ---- what a form begins with ----


def filled_in(known: Iterable[Known]) -> dict[str, Any]:
    """Answers to begin with, by question. Where sources disagree nothing is filled in: the
    worker, who sees both, decides. Lists begin with the last visit's lines; what a department
    knows and nobody said yet is added to them.
    """
    entries = list(known)
    begun: dict[str, Any] = {}
    for question in FORM.every.values():
        values = [k.value for k in entries if k.question == question.name and k.value is not None]
        if not values or question.anew:
            continue
        if question.kind == "lines":
            begun[question.name] = _merged(values, question.most)
        elif all(value == values[0] for value in values):
            begun[question.name] = values[0]
    return begun


def _merged(values: list[list[dict[str, str]]], most: int) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = []
    for offered in values:
        have = {line["item"] for line in lines}
        lines.extend(line for line in offered if line["item"] not in have)
    return lines[:most]


def for_phones(known: Iterable[Known]) -> list[dict[str, Any]]:
    """The `known` list of a household in a phone's pack: the last visit's answers travel apart."""
    return [
        {
            "name": k.question,
            "label": k.label,
            "value": k.words,
            "source": k.source,
            "on": k.on.isoformat() if k.on else None,
            "answer": k.value,
        }
        for k in known
        if k.source != LAST_VISIT
    ]
