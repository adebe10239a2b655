"""Drawings are fresh, figures have sources, words are in the glossary."""

from io import StringIO

import pytest
from django.core.management import call_command

from grid.models import Outcome, Severity
from monitoring.actions.rules import load_shipped_rules
from monitoring.feeds import FEEDS
from monitoring.models import RuleVersion, Threshold
from monitoring.rules import SHIPPED
from monitoring.rules.definition import check_definition, threshold_keys
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.settings import ROOT


def test_drawing_of_the_lifecycle_is_fresh() -> None:
    call_command("diagram", check=True)


def test_data_dictionary_is_fresh() -> None:
    call_command("data_dictionary", check=True)


def test_openapi_document_is_fresh() -> None:
    """`make docs` writes it; a change of the API without it would mislead every department."""
    out = StringIO()
    call_command("spectacular", validate=True, stdout=out)
    assert out.getvalue() == (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_every_threshold_has_unit_and_source(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)
    assert not Threshold.objects.filter(source="").exists()
    assert not Threshold.objects.filter(unit="").exists()


@pytest.mark.django_db
def test_every_threshold_a_rule_names_is_shipped(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)
    named = {key for v in RuleVersion.objects.published() for key in threshold_keys(v.definition)}
    assert named <= set(Threshold.objects.values_list("key", flat=True))


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda r: r.code)
def test_shipped_rules_are_well_written(rule) -> None:
    check_definition(rule.definition)
    assert rule.source


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda f: f.code)
def test_feeds_say_purpose_source_and_example(feed) -> None:
    assert feed.purpose
    assert feed.source
    assert all(c.example for c in feed.columns)


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda f: f.code)
def test_feed_columns_are_fields_of_the_model(feed) -> None:
    fields = {f.name for f in feed.model._meta.get_fields()} | {"id_number"}
    assert set(feed.contract) <= fields
    assert {*feed.natural_key, feed.valid_on} <= set(feed.contract)


def test_glossary_names_the_words_of_the_screen() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = [*Severity.labels, *(o.value for o in Outcome), "屯", "低保", "信息员"]
    assert [w for w in words if w not in glossary] == []
