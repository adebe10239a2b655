"""Jobs as rows: one worker at a time, leases that run out, attempts that end."""

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.models import ScreeningRun
from yizhou.deferred import DEAF_FOR, LEASE, MAX_ATTEMPTS, ring

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> ScreeningRun:
    return ScreeningRun.objects.create(trigger="by_hand", as_of=timezone.localdate())


def let_lease_run_out(job: ScreeningRun) -> None:
    ScreeningRun.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_job_is_claimed_once(job: ScreeningRun) -> None:
    assert ScreeningRun.claim(job.pk) is not None
    assert ScreeningRun.claim(job.pk) is None


def test_claim_counts_the_attempt_and_sets_the_lease(job: ScreeningRun) -> None:
    ScreeningRun.claim(job.pk)
    job.refresh_from_db()
    assert (job.job_state, job.attempt) == ("working", 1)
    assert timezone.now() < job.lease_until <= timezone.now() + LEASE


def test_job_of_a_dead_worker_is_claimed_again(job: ScreeningRun) -> None:
    first = ScreeningRun.claim(job.pk)
    let_lease_run_out(job)
    second = ScreeningRun.claim(job.pk)
    assert second is not None
    assert second != first


def test_worker_that_lost_its_lease_neither_renews_nor_finishes(job: ScreeningRun) -> None:
    first = ScreeningRun.claim(job.pk)
    let_lease_run_out(job)
    ScreeningRun.claim(job.pk)
    assert not ScreeningRun.renew(job.pk, first, progress=50)
    assert not ScreeningRun.finish(job.pk, first)


def test_renewing_keeps_the_lease_and_tells_progress(job: ScreeningRun) -> None:
    token = ScreeningRun.claim(job.pk)
    let_lease_run_out(job)
    assert ScreeningRun.renew(job.pk, token, progress=40)
    job.refresh_from_db()
    assert job.progress == 40
    assert ScreeningRun.claim(job.pk) is None


def test_finished_job_is_never_claimed(job: ScreeningRun) -> None:
    token = ScreeningRun.claim(job.pk)
    assert ScreeningRun.finish(job.pk, token)
    job.refresh_from_db()
    assert (job.job_state, job.progress) == ("done", 100)
    assert ScreeningRun.claim(job.pk) is None


def test_job_given_back_waits_out_its_pause(job: ScreeningRun) -> None:
    token = ScreeningRun.claim(job.pk)
    ScreeningRun.fail(job.pk, token, "数据库忙", retry_in=timedelta(minutes=1))
    assert ScreeningRun.claim(job.pk) is None
    ScreeningRun.objects.filter(pk=job.pk).update(not_before=timezone.now())
    assert ScreeningRun.claim(job.pk) is not None


def test_job_failed_for_good_keeps_its_reason(job: ScreeningRun) -> None:
    token = ScreeningRun.claim(job.pk)
    ScreeningRun.fail(job.pk, token, "规则写错了", retry_in=None)
    job.refresh_from_db()
    assert (job.job_state, job.job_error) == ("failed", "规则写错了")


def test_somebody_elses_token_fails_nothing(job: ScreeningRun) -> None:
    ScreeningRun.claim(job.pk)
    ScreeningRun.fail(job.pk, uuid.uuid4(), "不是我的", retry_in=None)
    job.refresh_from_db()
    assert job.job_state == "working"


def test_attempts_end_and_the_sweep_can_find_the_job(job: ScreeningRun) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert ScreeningRun.claim(job.pk) is not None
        let_lease_run_out(job)
    assert ScreeningRun.claim(job.pk) is None
    assert job in ScreeningRun.objects.exhausted()


def test_job_given_back_after_its_last_attempt_does_not_wait_forever(job: ScreeningRun) -> None:
    ScreeningRun.objects.filter(pk=job.pk).update(attempt=MAX_ATTEMPTS - 1)
    token = ScreeningRun.claim(job.pk)
    ScreeningRun.fail(job.pk, token, "数据库忙", retry_in=timedelta(seconds=0.001))
    assert ScreeningRun.claim(job.pk) is None
    assert job in ScreeningRun.objects.exhausted()


@pytest.fixture(autouse=True)
def nothing_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yizhou.deferred._deaf_until", 0.0)


class DeafTask:
    """A task whose broker does not answer."""

    name = "deaf"

    def apply_async(self, **options: object) -> None:
        raise ConnectionError("no broker")


class HearingTask:
    """A task that notes when it is rung."""

    name = "hearing"

    def __init__(self) -> None:
        self.rung: list[list[str]] = []

    def apply_async(self, *, args: list[str], **options: object) -> None:
        self.rung.append(args)


def test_deaf_broker_does_not_spoil_the_act(django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        ring(DeafTask(), 1)
    assert len(callbacks) == 1


def test_bell_rings_after_commit_and_not_before(
    django_capture_on_commit_callbacks: object,
) -> None:
    task = HearingTask()
    with django_capture_on_commit_callbacks(execute=True):
        ring(task, 7, "a")
        assert task.rung == []
    assert task.rung == [["7", "a"]]


def test_a_deaf_bell_is_left_alone_for_a_while(
    django_capture_on_commit_callbacks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise every page would wait for the broker that does not answer."""
    task = HearingTask()
    with django_capture_on_commit_callbacks(execute=True):
        ring(DeafTask(), 1)
        ring(task, 2)
    assert task.rung == []
    later = time.monotonic() + DEAF_FOR + 1
    monkeypatch.setattr("yizhou.deferred.time.monotonic", lambda: later)
    with django_capture_on_commit_callbacks(execute=True):
        ring(task, 3)
    assert task.rung == [["3"]]
