"""Every data set's contract: complete, readable by its own readers, merged by the one engine."""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.departments import DEPARTMENTS
from grid.models import Account, Department
from monitoring.feeds import FEEDS, Check, Column, Feed, Record
from monitoring.feeds.record import looked_up_by, one_current_per
from monitoring.intake.cells import READERS
from monitoring.intake.contract import contract_of
from monitoring.intake.heading import plain
from monitoring.intake.reader import NULL
from monitoring.intake.template import template_file
from monitoring.models import Upload
from tests.monitoring.batches import Outcome, as_xlsx, counts, send, work
from tests.world import World

SignIn = Callable[[Account], Client]
CHINESE = re.compile(r"[一-鿿]")
OF_ROW = re.compile(r"\bs\.(\w+)")
OF_RECORD = re.compile(r"\br\.(\w+)")


def feeds_with(wanted: Callable[[Feed], Any]) -> pytest.MarkDecorator:
    """The test once for each data set of which `wanted` is true."""
    found = [feed for feed in FEEDS.values() if wanted(feed)]
    return pytest.mark.parametrize("feed", found, ids=[feed.code for feed in found])


def has_optional(feed: Feed) -> bool:
    return not all(column["required"] for column in contract_of(feed))


every_feed = feeds_with(lambda feed: True)


def examples(feed: Feed) -> dict[str, str]:
    """The template's example row by contract name."""
    return {column.name: column.example for column in feed.columns}


def headings(feed: Feed) -> list[str]:
    return [column["title"] for column in contract_of(feed)]


def field_of(feed: Feed, name: str) -> Any:
    return feed.model._meta.get_field("id_digest" if name == "id_number" else name)


def know_departments() -> None:
    """All departments of the county, not only the few of the named world."""
    for code, (name, short) in DEPARTMENTS.items():
        Department.objects.get_or_create(code=code, defaults={"name": name, "short_name": short})


def send_rows(world: World, feed: Feed, row: dict[str, str]) -> Upload:
    return work(
        send(
            world.county_officer,
            as_xlsx([headings(feed), list(row.values())]),
            feed=feed.code,
        )
    )


def told(upload: Upload) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in upload.faults.order_by("id")]


# ---- the contract ----


def test_there_are_at_least_as_many_data_sets_as_the_seed_counts_departments() -> None:
    assert len(FEEDS) >= 24


@every_feed
def test_it_belongs_to_a_known_department(feed: Feed) -> None:
    assert feed.department in DEPARTMENTS


@every_feed
def test_it_has_title_purpose_and_source(feed: Feed) -> None:
    assert all(CHINESE.search(text) for text in (feed.title, feed.purpose, feed.source))


@every_feed
def test_its_due_day_exists_in_every_year(feed: Feed) -> None:
    assert 1 <= feed.due_day <= 28 or (feed.every_months == 12 and feed.due_day <= 30)


@every_feed
def test_its_due_months_repeat_within_the_year(feed: Feed) -> None:
    assert (12 % feed.every_months, feed.due_month in range(1, 13)) == (0, True)


@every_feed
def test_the_contract_holds_the_models_own_fields(feed: Feed) -> None:
    shared = {field.name for field in Record._meta.get_fields()}
    own = {field.name for field in feed.model._meta.fields} - shared - {"id"}
    assert set(feed.contract) == own | {"person_name", "id_number"}


@every_feed
def test_every_heading_is_chinese(feed: Feed) -> None:
    said = [text for c in contract_of(feed) for text in (c["title"], *c["aliases"])]
    assert [text for text in said if not CHINESE.search(text)] == []


@every_feed
def test_no_heading_means_two_columns(feed: Feed) -> None:
    said = [
        plain(text)
        for column in contract_of(feed)
        for text in (column["title"], column["name"], *column["aliases"])
    ]
    assert sorted({text for text in said if said.count(text) > 1}) == []


@every_feed
def test_the_natural_key_is_what_the_database_holds_unique(feed: Feed) -> None:
    key = {"id_digest" if name == "id_number" else name for name in feed.natural_key}
    unique = [c for c in feed.model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    assert [set(constraint.fields) for constraint in unique] == [key]


@every_feed
def test_no_part_of_the_natural_key_may_be_missing(feed: Feed) -> None:
    assert [name for name in feed.natural_key if field_of(feed, name).null] == []


@every_feed
def test_the_day_of_the_fact_is_always_known(feed: Feed) -> None:
    field = field_of(feed, feed.valid_on)
    assert (type(field), field.null) == (models.DateField, False)


@every_feed
def test_no_text_is_null(feed: Feed) -> None:
    texts = (f for f in feed.model._meta.fields if isinstance(f, models.CharField))
    assert [field.name for field in texts if field.null] == []


@every_feed
def test_every_amount_has_its_unit(feed: Feed) -> None:
    amounts = [column for column in contract_of(feed) if column["kind"] == "amount"]
    assert [c["name"] for c in amounts if c["unit"] != "元" or not c["name"].endswith("_yuan")
            and "_yuan_" not in c["name"]] == []  # fmt: skip


@every_feed
def test_every_spelling_leads_to_a_choice(feed: Feed) -> None:
    lost = [
        (column.name, value)
        for column in feed.columns
        for value in column.values.values()
        if value not in {str(stored) for stored, _ in field_of(feed, column.name).choices}
    ]
    assert lost == []


@every_feed
def test_checks_speak_only_of_its_columns(feed: Feed) -> None:
    staged = {"id_digest", "id_tail", *feed.contract} - {"id_number"}
    said = {name for check in feed.checks for name in OF_ROW.findall(check.condition)}
    assert said <= staged


@every_feed
def test_checks_are_told_apart_and_say_how_to_put_it_right(feed: Feed) -> None:
    codes = {check.code for check in feed.checks}
    good = [c for c in feed.checks if c.column in feed.contract and c.fix.endswith("。")]
    assert len(codes) == len(good) == len(feed.checks)


@every_feed
def test_checks_hold_no_percent_sign(feed: Feed) -> None:
    """The condition goes into a statement with parameters."""
    assert [check.code for check in feed.checks if "%" in check.condition] == []


@feeds_with(lambda feed: feed.proposals)
def test_proposals_speak_only_of_its_columns(feed: Feed) -> None:
    said = {n for p in feed.proposals for n in (p.on, *OF_RECORD.findall(p.when))}
    assert said <= set(feed.contract)


@feeds_with(lambda feed: feed.arithmetic)
def test_the_arithmetic_is_over_amounts(feed: Feed) -> None:
    kinds = {column["name"]: column["kind"] for column in contract_of(feed)}
    assert {kinds[name] for name in feed.arithmetic} <= {"amount"}


# ---- the examples ----


@every_feed
def test_every_required_column_has_an_example(feed: Feed) -> None:
    lacking = [c["name"] for c in contract_of(feed) if c["required"] and not c["example"]]
    assert lacking == []


@every_feed
def test_examples_are_read_by_their_own_readers(feed: Feed) -> None:
    today = timezone.localdate()
    read = {
        column["name"]: READERS[column["kind"]](column, today)[column["example"]]
        for column in contract_of(feed)
    }
    empty = [name for name, value in read.items() if value in ("", NULL)]
    assert empty == [column.name for column in feed.columns if not column.example]


@every_feed
def test_the_template_opens_with_the_headings(feed: Feed) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_file(feed)))
    assert [cell.value for cell in book.worksheets[0][1]] == headings(feed)


@every_feed
def test_a_template_filled_with_the_examples_is_read(feed: Feed) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_file(feed)))
    for i, text in enumerate(examples(feed).values(), start=1):
        book.worksheets[0].cell(row=2, column=i).value = text or None
    filled = io.BytesIO()
    book.save(filled)
    outcome = Outcome(filled.getvalue(), feed=feed.code)
    assert (len(outcome.rows), outcome.faults) == (1, [])


# ---- the engine ----


@pytest.mark.django_db
@every_feed
def test_the_example_row_is_merged_and_then_known(world: World, feed: Feed) -> None:
    know_departments()
    first = send_rows(world, feed, examples(feed))
    assert (told(first), counts(first)["accepted"]) == ([], 1)
    named = {name: text for name, text in examples(feed).items() if text}
    again = work(send(world.county_officer, json.dumps([named]).encode(), feed=feed.code))
    assert (counts(again)["unchanged"], feed.model._default_manager.count()) == (1, 1)


@pytest.mark.django_db
@feeds_with(has_optional)
def test_a_row_of_the_required_columns_alone_breaks_checks_only(world: World, feed: Feed) -> None:
    know_departments()
    needed = {column["name"] for column in contract_of(feed) if column["required"]}
    row = {name: text if name in needed else "" for name, text in examples(feed).items()}
    upload = send_rows(world, feed, row)
    of_checks = {(feed.header(check.column), check.code) for check in feed.checks}
    assert counts(upload)["accepted"] + counts(upload)["faulty"] == 1
    assert set(told(upload)) <= of_checks


@pytest.mark.django_db
@feeds_with(lambda feed: feed.proposals)
def test_its_proposals_can_be_asked(world: World, feed: Feed) -> None:
    know_departments()
    send_rows(world, feed, examples(feed))
    table = connection.ops.quote_name(feed.model._meta.db_table)
    with connection.cursor() as cursor:
        for proposal in feed.proposals:
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE r.{proposal.on} IS NULL)"
                f" FROM {table} r WHERE ({proposal.when})"
            )
            assert cursor.fetchone()[1] == 0  # a happening without a day proposes nothing


# ---- a new department's data set: one file and a migration ----


@pytest.fixture
def hail_insurance(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """What one new file would hold, and the table its migration would make."""

    class HailClaim(Record):
        class Crop(models.TextChoices):
            MULBERRY = "mulberry", "桑园"
            CANE = "cane", "甘蔗"

        claim_no = models.CharField("报案号", max_length=20)
        crop = models.CharField("作物", max_length=10, choices=Crop)
        hit_on = models.DateField("受灾日期")
        paid_on = models.DateField("赔付日期", null=True, blank=True)
        loss_yuan = models.DecimalField("损失金额", max_digits=10, decimal_places=2)

        class Meta:
            app_label = "monitoring"
            verbose_name = "雹灾报案"
            constraints = one_current_per("hail_claim", "claim_no")
            indexes = looked_up_by("hail_claim", "hit_on")

    feed = Feed(
        code="hail_claim",
        title="雹灾报案",
        model=HailClaim,
        department="agriculture",
        purpose="发现因雹灾减收的家庭。",
        source="待核定",
        due_day=10,
        natural_key=("claim_no",),
        valid_on="hit_on",
        columns=(
            Column("person_name", example="韦某某"),
            Column("id_number", aliases=("证件号码",), example="990101198001011236"),
            Column("claim_no", example="BX0001"),
            Column("crop", example="桑园", values={"桑": "mulberry"}),
            Column("hit_on", example="2026-05-02", past_only=True),
            Column("paid_on", past_only=True),
            Column("loss_yuan", aliases=("损失",), unit="元", example="1200.00", at_least="0"),
        ),
        checks=(
            Check(
                code="paid_before_hit",
                column="paid_on",
                condition="s.paid_on IS NULL OR s.paid_on >= s.hit_on",
                problem="赔付早于受灾",
                fix="核对两个日期。",
            ),
        ),
    )
    with connection.schema_editor() as editor:
        editor.create_model(HailClaim)
    monkeypatch.setitem(FEEDS, feed.code, feed)
    yield feed
    del apps.all_models["monitoring"]["hailclaim"]
    apps.clear_cache()


def test_a_new_data_set_is_merged_without_another_line(hail_insurance: Feed, world: World) -> None:
    know_departments()
    own = examples(hail_insurance) | {"id_number": world.id_number_of("韦甲")}
    bad = own | {"claim_no": "BX0002", "paid_on": "2026-05-01"}
    wan = ["姓名", "证件号码", "报案号", "作物", "受灾日期", "赔付日期", "损失（万元）"]
    rows = [wan, [*own.values()][:-1] + ["0.12"], [*bad.values()][:-1] + ["0.12"]]
    upload = work(send(world.county_officer, as_xlsx(rows), feed="hail_claim"))
    assert told(upload) == [("赔付日期", "paid_before_hit")]
    model: Any = hail_insurance.model
    record = model.objects.values("person", "crop", "loss_yuan", "paid_on")
    assert list(record) == [
        {
            "person": world.people["韦甲"].pk,
            "crop": "mulberry",
            "loss_yuan": 1200,
            "paid_on": None,
        }
    ]


def test_a_new_data_set_is_in_the_api_with_its_template(
    hail_insurance: Feed, world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.county_officer)
    shape = client.get(reverse("api-feed", args=["hail_claim"])).json()
    template = client.get(shape["template_address"])
    book = openpyxl.load_workbook(io.BytesIO(b"".join(template)))
    assert [cell.value for cell in book.worksheets[0][1]] == headings(hail_insurance)
