"""Measures kept for previews: whatever changes since, a preview finds what a screening finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from psycopg2.sql import SQL

from grid.actions.households import record_death
from grid.models import Household
from monitoring.actions import kept_measures
from monitoring.actions.kept_measures import keep_measures, screen_for_preview
from monitoring.actions.rule_drafts import change_draft, start_draft
from monitoring.actions.rule_previews import preview_version
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import sweep_screenings
from monitoring.actions.trying import frozen_with
from monitoring.actions.undos import advance_undo, request_undo
from monitoring.engine import screen
from monitoring.engine.kept import Kept
from monitoring.models import KeptMeasures, Rule, RuleVersion, Upload
from tests.monitoring.batches import as_csv, medical, send, titles, work
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import months_ago
from tests.monitoring.test_screening import screen as run_screening
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.statements import ask

pytestmark = pytest.mark.django_db

Hits = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def night(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night's run is over and its measures are kept. Nothing else happened on its day."""
    monkeypatch.setattr(kept_measures, "LATE_MATCH", timedelta(0))
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    add_settlement(world.people["潘甲"], months_ago(2), "90000")
    run_screening()
    assert keep_measures()


@pytest.fixture
def seen_anew(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Households that previews screened anew; a preview that reads the feeds leaves none."""
    calls: list[list[int]] = []

    def watched(frozen: Any, kept: Kept, changed: list[int]) -> Any:
        calls.append(changed)
        return real(frozen, kept, changed)

    real = kept_measures.screen_kept
    monkeypatch.setattr(kept_measures, "screen_kept", watched)
    return calls


def previewed(code: str = "MED-01", **changed: Any) -> Hits:
    """Hits of the rule as a preview finds them, which are those of a screening."""
    version = RuleVersion.objects.get(rule=code, state="published")
    definition = {**version.definition, **changed}
    frozen = frozen_with(code, version.pk, definition, {}, as_of=timezone.localdate())
    found = hits(lambda: screen_for_preview(frozen))
    assert found == hits(lambda: screen(replace(frozen, replay=True), evidence=False))
    return found


def hits(screening: Callable[[], Any]) -> Hits:
    with transaction.atomic():
        screening()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT household_id, person_id, value, line, severity, measured FROM hit"
                " ORDER BY 1, 2"
            )
            rows = cursor.fetchall()
        transaction.set_rollback(True)
    return rows


def values(found: Hits) -> list[str]:
    return [str(row[2]) for row in found]


def test_nothing_is_screened_anew_when_nothing_changed(
    world: World, seen_anew: list[list[int]]
) -> None:
    assert values(previewed()) == ["12000.00", "90000.00"]
    assert seen_anew == [[]]


def test_a_batch_that_came_since_counts(world: World, seen_anew: list[list[int]]) -> None:
    deliver(world, "30000.00")
    assert values(previewed()) == ["42000.00", "90000.00"]
    assert seen_anew == [[world.household.pk]]


def test_a_batch_taken_back_since_does_not_count(world: World, seen_anew: list[list[int]]) -> None:
    upload = deliver(world, "30000.00")
    sweep_screenings()  # the run that the batch asked for
    run_screening()
    keep_measures()
    assert values(previewed()) == ["42000.00", "90000.00"]
    undo = request_undo(acting=world.clerk_medical, upload=upload, reason="报成了上个月的文件")
    assert advance_undo(undo.pk)
    assert values(previewed()) == ["12000.00", "90000.00"]
    assert seen_anew == [[], [world.household.pk]]


def test_a_batch_that_is_being_merged_does_not_count(world: World) -> None:
    upload = deliver(world, "30000.00")
    Upload.objects.filter(pk=upload.pk).update(stage=Upload.Stage.MERGING, merged_at=None)
    assert values(previewed()) == ["12000.00", "90000.00"]


def test_a_death_since_is_known(world: World, seen_anew: list[list[int]]) -> None:
    head = world.people["潘甲"]
    household = Household.objects.get(pk=head.household_id)
    heirs = [p for p in household.people.all() if p.pk != head.pk]
    record_death(
        acting=world.other_township_officer,
        household=household,
        version_seen=household.version,
        person=head,
        died_on=timezone.localdate(),
        new_head=heirs[0] if heirs else None,
        relations={p.pk: "other" for p in heirs[1:]},
    )
    assert values(previewed()) == ["12000.00"]
    assert seen_anew == [[household.pk]]


def test_another_kind_of_household_has_another_line_at_once(world: World) -> None:
    before = previewed()
    kind = "out_of_poverty" if world.household.kind != "out_of_poverty" else "ordinary"
    Household.objects.filter(pk=world.household.pk).update(kind=kind, entered_at=timezone.now())
    after = previewed()
    assert {row[3] for row in before} != {row[3] for row in after}


def test_a_measure_that_nobody_kept_is_scanned(world: World) -> None:
    version = RuleVersion.objects.get(rule="MED-01", state="published")
    measures = dict(version.definition["measures"])
    [name] = [n for n, m in measures.items() if m.get("feed") == "medical_settlement"]
    measures[name] = {**measures[name], "window": {"months": 1}}
    assert previewed(measures=measures) == []


def test_a_draft_s_own_measures_are_kept_when_asked(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    version = start_draft(acting=world.county_officer, code="MED-01")
    definition = dict(version.definition)
    measures = dict(definition["measures"])
    [name] = [n for n, m in measures.items() if m.get("feed") == "medical_settlement"]
    measures[name] = {**measures[name], "window": {"months": 7}}
    change_draft(
        acting=world.county_officer,
        version=version,
        version_seen=version.version,
        definition={**definition, "measures": measures},
        figures={},
        source=version.source,
        why="窗口改为七个月试算",
        review_on=timezone.localdate() + timedelta(days=90),
    )
    version.refresh_from_db()
    before = KeptMeasures.objects.get().catalog
    with django_capture_on_commit_callbacks() as bells:
        preview_version(acting=world.county_officer, version=version, version_seen=version.version)
    assert bells
    assert keep_measures()
    after = KeptMeasures.objects.get().catalog
    assert len(after["columns"]) == len(before["columns"]) + 1
    assert not keep_measures()


def test_tables_that_a_crash_emptied_are_not_believed(
    world: World, seen_anew: list[list[int]]
) -> None:
    kept = Kept.of(KeptMeasures.objects.get().catalog)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE kept.{kept.table('family')}")
    assert values(previewed()) == ["12000.00", "90000.00"]
    assert seen_anew == []
    assert keep_measures()
    previewed()
    assert seen_anew == [[]]


def test_what_was_kept_of_another_day_is_not_used(world: World, seen_anew: list[list[int]]) -> None:
    kept = KeptMeasures.objects.get()
    kept.run.as_of -= timedelta(days=1)
    kept.run.save(update_fields=["as_of"])
    assert values(previewed()) == ["12000.00", "90000.00"]
    assert seen_anew == []


def test_too_many_changes_are_read_from_the_feeds(
    world: World, seen_anew: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_measures, "MOST_CHANGED", 0)
    deliver(world, "30000.00")
    assert values(previewed()) == ["42000.00", "90000.00"]
    assert seen_anew == []


def test_only_the_latest_run_s_measures_stay(world: World) -> None:
    first = Kept.of(KeptMeasures.objects.get().catalog)
    run_screening()
    assert keep_measures()
    latest = Kept.of(KeptMeasures.objects.get().catalog)
    tables = ask(SQL("SELECT relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace"))
    assert latest.prefix != first.prefix
    assert all(name.startswith(f"{latest.prefix}_") for (name,) in tables)


def test_every_shipped_rule_is_kept(world: World) -> None:
    kept = Kept.of(KeptMeasures.objects.get().catalog)
    for rule in Rule.objects.all():
        version = RuleVersion.objects.get(rule=rule, state="published")
        frozen = frozen_with(
            rule.pk, version.pk, version.definition, {}, as_of=timezone.localdate()
        )
        assert not kept.lacks(frozen), rule.pk


def deliver(world: World, self_paid: str) -> Upload:
    """A settlement of 韦甲 by way of the office's file."""
    row = medical(
        7,
        person_name="韦甲",
        id_number=world.id_number_of("韦甲"),
        settled_on=months_ago(1).isoformat(),
        total_yuan=self_paid,
        basic_paid_yuan="0.00",
        serious_paid_yuan="0.00",
        self_paid_yuan=self_paid,
    )
    content = as_csv([titles("medical_settlement"), row])
    upload = work(send(world.clerk_medical, content, feed="medical_settlement"))
    assert upload.accepted == 1
    return upload
