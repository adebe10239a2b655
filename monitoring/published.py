"""What is in force today: published rules in words, with the figures they compare with."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from monitoring.feeds import FEEDS
from monitoring.models import Rule, RuleVersion, Threshold
from monitoring.rules.definition import threshold_keys


@dataclass(frozen=True, slots=True)
class PublishedRule:
    rule: Rule
    version: RuleVersion
    thresholds: list[Threshold]
    sentence: str


def published_rules() -> list[PublishedRule]:
    figures: dict[str, list[Threshold]] = {}
    for threshold in Threshold.objects.on(timezone.localdate()).select_related("area"):
        figures.setdefault(threshold.key, []).append(threshold)
    return [
        PublishedRule(
            rule=version.rule,
            version=version,
            thresholds=[
                t
                for key in sorted(threshold_keys(version.definition))
                for t in figures.get(key, [])
            ],
            sentence=in_words(version.definition),
        )
        for version in RuleVersion.objects.published().select_related("rule").order_by("rule")
    ]


MEASURES = {"sum": "合计", "count": "次数", "max": "最大值", "latest": "最近一条"}


def in_words(definition: dict[str, Any]) -> str:
    """One line of what the rule looks at."""
    feed = FEEDS[definition["feed"]]
    measure = definition["measure"]
    column = feed.header(measure["column"]) if measure["op"] != "count" else "记录"
    whose = "每户" if definition["level"] == "household" else "每人"
    ages = definition.get("age")
    age = f"（{ages[0]} 至 {ages[1]} 周岁）" if ages else ""
    return (
        f"看“{feed.title}”近 {definition['window']['months']} 个月，"
        f"{whose}{age}的“{column}”{MEASURES[measure['op']]}"
    )
