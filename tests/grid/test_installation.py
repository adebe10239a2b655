"""A new county from the command line: complete, and harmless when run again."""

from io import StringIO

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from grid.models import Department, Establishment, Region
from monitoring.models import RuleVersion, Threshold

pytestmark = pytest.mark.django_db


def prepare() -> str:
    out = StringIO()
    call_command("prepare_county", stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    tables = (Region, Department, Establishment, RuleVersion, Threshold, PeriodicTask)
    return [table.objects.count() for table in tables]


def test_everything_a_county_needs_is_there() -> None:
    prepare()
    assert Region.objects.count() == 228
    assert all(counts())


def test_running_again_adds_nothing() -> None:
    prepare()
    before = counts()
    prepare()
    assert counts() == before


def test_what_officials_changed_stays() -> None:
    prepare()
    Threshold.objects.filter(key="medical_self_paid_ordinary").update(value=30000)
    Department.objects.filter(code="education").update(short_name="教体局")
    prepare()
    assert Threshold.objects.get(key="medical_self_paid_ordinary").value == 30000
    assert Department.objects.get(code="education").short_name == "教体局"
