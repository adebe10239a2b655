"""A feed's contract as plain data: what the child process reads by, and what the API shows."""

from typing import Any

from django.db import models

from monitoring.feeds import Column, Feed
from monitoring.intake.reader import packed

ID_TITLE = "身份证号"
SMALLEST = {models.PositiveSmallIntegerField: "0", models.PositiveIntegerField: "0"}
LARGEST = {models.PositiveSmallIntegerField: "32767", models.PositiveIntegerField: "2147483647"}


def kind_of(feed: Feed, column: Column) -> str:
    """id, name, text, day, month, amount, whole or choice."""
    if column.name == "id_number":
        return "id"
    if column.name == "person_name":
        return "name"
    field: Any = feed.model._meta.get_field(column.name)
    if field.choices:
        return "choice"
    if isinstance(field, models.DateField):
        return "month" if column.by_month else "day"
    if isinstance(field, models.DecimalField):
        return "amount"
    if isinstance(field, models.IntegerField):
        return "whole"
    return "text"


def column_of(feed: Feed, column: Column) -> dict[str, Any]:
    """Everything a reader needs to know of one column, as JSON."""
    plain: dict[str, Any] = {
        "name": column.name,
        "title": feed.header(column.name),
        "kind": kind_of(feed, column),
        "aliases": list(column.aliases),
        "unit": column.unit,
        "example": column.example,
        "meaning": column.meaning,
        "required": True,
        "past_only": column.past_only,
        "at_least": column.at_least,
        "at_most": column.at_most,
    }
    if column.name == "id_number":
        return plain
    field: Any = feed.model._meta.get_field(column.name)
    plain["required"] = not (field.blank or field.null)
    if plain["kind"] == "whole":
        plain["at_least"] = column.at_least or SMALLEST.get(type(field))
        plain["at_most"] = column.at_most or LARGEST.get(type(field), "2147483647")
    if plain["kind"] in ("text", "name"):
        plain["max_length"] = field.max_length
    if plain["kind"] == "amount":
        plain |= {"digits": field.max_digits, "decimals": field.decimal_places}
    if plain["kind"] == "choice":
        spellings = {str(v): v for v in column.values.values()}
        spellings |= {str(value): value for value, _ in field.choices}
        spellings |= dict(column.values) | {str(label): value for value, label in field.choices}
        plain["labels"] = [str(label) for _, label in field.choices]
        plain["choices"] = {packed(text): value for text, value in spellings.items()}
    return plain


def contract_of(feed: Feed) -> list[dict[str, Any]]:
    """All columns, in the order of the template."""
    return [column_of(feed, column) for column in feed.columns]


def id_first(feed: Feed) -> list[dict[str, Any]]:
    """The order in which the child process writes columns and the staging table keeps them."""
    return sorted(contract_of(feed), key=lambda column: column["kind"] != "id")
