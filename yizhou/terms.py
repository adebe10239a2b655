"""Terms of office, of membership, of a figure: from a day until the first day no longer."""

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Func


class TermRange(Func):
    """daterange(from, until) for exclusion constraints: no two terms may overlap."""

    function = "daterange"
    output_field = DateRangeField()
