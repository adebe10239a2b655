"""Sealed copies of departments' files go after their time; what was learned from them stays."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from monitoring.actions.retention import clear_kept_files
from monitoring.models import DibaoPayment, Upload, UploadChunk, UploadFault
from tests.monitoring.batches import as_csv, dibao, send, titles, work
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry

pytestmark = pytest.mark.django_db


def received(upload: Upload, days_ago: int) -> Upload:
    Upload.objects.filter(pk=upload.pk).update(received_at=timezone.now() - timedelta(days_ago))
    return upload


def batch(world: World, n: int, **changed: str) -> Upload:
    return work(send(world.clerk_civil, as_csv([titles(), dibao(n), dibao(n + 1, **changed)])))


def test_old_files_go_and_young_ones_stay(world: World, settings: LazySettings) -> None:
    settings.UPLOAD_FILES_KEPT_DAYS = 30
    old, young = received(batch(world, 0), 31), received(batch(world, 10), 29)
    assert clear_kept_files(acting=SYSTEM) == 1
    assert set(UploadChunk.objects.values_list("upload", flat=True)) == {young.pk}
    assert Upload.objects.filter(pk=old.pk).exists()


def test_records_and_faults_stay(world: World, settings: LazySettings) -> None:
    settings.UPLOAD_FILES_KEPT_DAYS = 30
    received(batch(world, 0, people="x"), 31)
    clear_kept_files(acting=SYSTEM)
    assert DibaoPayment.objects.count() == 1
    assert UploadFault.objects.count() == 1


def test_a_batch_that_waits_for_a_person_keeps_its_file(
    world: World, settings: LazySettings
) -> None:
    settings.UPLOAD_FILES_KEPT_DAYS = 30
    waiting = batch(world, 0)
    received(waiting, 400)
    Upload.objects.filter(pk=waiting.pk).update(stage=Upload.Stage.HELD)
    assert clear_kept_files(acting=SYSTEM) == 0


def test_clearing_is_audited_with_counts(world: World, settings: LazySettings) -> None:
    settings.UPLOAD_FILES_KEPT_DAYS = 30
    received(batch(world, 0), 31)
    clear_kept_files(acting=SYSTEM)
    assert AuditEntry.objects.get(verb="cleared_files").detail["batches"] == 1


def test_nothing_to_clear_leaves_no_audit_row(world: World) -> None:
    assert clear_kept_files(acting=SYSTEM) == 0
    assert not AuditEntry.objects.filter(verb="cleared_files").exists()
