"""Terms of office, of membership, of a figure: from a day until the first day no longer.

A dated figure is a row with `from_on` and `until_on`; a new one takes the place of the one before
from its first day on.
"""

from datetime import date
from operator import attrgetter
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q


class TermRange(Func):
    """daterange(from, until) for exclusion constraints: no two terms may overlap."""

    function = "daterange"
    output_field = DateRangeField()


def one_at_a_time(name: str, *same: str) -> ExclusionConstraint:
    """Of rows alike in the fields `same` at most one is in force on any day."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            *((field, RangeOperators.EQUAL) for field in same),
            (TermRange(F("from_on"), F("until_on")), RangeOperators.OVERLAPS),
        ],
    )


class DatedQuerySet(models.QuerySet):
    """Dated rows: in force from `from_on` on, `until_on` is the first day no longer."""

    def on(self, day: date) -> Self:
        return self.not_over(day).filter(from_on__lte=day)

    def not_over(self, day: date) -> Self:
        """In force on the day, or entered for later."""
        return self.filter(Q(until_on=None) | Q(until_on__gt=day))

    def make_way(self, day: date) -> None:
        """Rows of one figure: the one in force ends that day, those entered for later go.

        The caller has locked them and writes what holds from the day on.
        """
        self.filter(from_on__gte=day).delete()
        self.not_over(day).update(until_on=day)

    def now_and_later(self, day: date, *fields: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """What is in force, what is entered for later: by the field's value, several a tuple."""
        key_of, begins_on = attrgetter(*fields), attrgetter("from_on")
        now: dict[Any, Any] = {}
        later: dict[Any, Any] = {}
        for row in self.not_over(day):
            (now if begins_on(row) <= day else later)[key_of(row)] = row
        return now, later
