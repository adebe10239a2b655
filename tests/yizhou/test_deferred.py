"""Jobs as rows: one worker at a time, leases that run out, attempts that end."""

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.models import ScreeningRun
from yizhou.deferred import DEAF_FOR, LEASE, MAX_ATTEMPTS, RETRY_IN, LeaseLost, ring
from yizhou.refusals import Refusal

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


# ---- the whole round ----

INTERRUPTED = "中断了，会再试。"


def carry_out(job: ScreeningRun, error: Exception | None = None) -> bool:
    """One round, whose work finishes the job or raises the error; `job` is read again."""

    def work(run: ScreeningRun, token: uuid.UUID) -> None:
        assert (run.pk, run.job_state, run.lease_token) == (job.pk, "working", token)
        if error:
            raise error
        ScreeningRun.finish(run.pk, token)

    done = ScreeningRun.carry_out(job.pk, work, interrupted=INTERRUPTED)
    job.refresh_from_db()
    return done


def test_a_round_claims_and_does_the_work(job: ScreeningRun) -> None:
    assert carry_out(job)
    assert (job.job_state, job.attempt) == ("done", 1)


def test_a_round_of_a_job_that_is_over_does_nothing(job: ScreeningRun) -> None:
    carry_out(job)
    assert not carry_out(job, AssertionError("done twice"))
    assert (job.job_state, job.attempt) == ("done", 1)


def test_a_refusal_ends_the_job_with_its_sentence(job: ScreeningRun) -> None:
    assert carry_out(job, Refusal("先发布一条规则。"))
    assert (job.job_state, job.job_error) == ("failed", "先发布一条规则。")


def test_a_lease_that_was_lost_leaves_the_job_to_the_other_worker(job: ScreeningRun) -> None:
    assert not carry_out(job, LeaseLost())
    assert (job.job_state, job.job_error) == ("working", "")


def test_an_error_is_logged_and_people_read_a_sentence(
    job: ScreeningRun, caplog: pytest.LogCaptureFixture
) -> None:
    assert carry_out(job, RuntimeError("row 7"))
    assert (job.job_state, job.job_error) == ("waiting", INTERRUPTED)
    assert "row 7" in caplog.text


@pytest.mark.parametrize("attempt", range(1, MAX_ATTEMPTS))
def test_every_further_attempt_waits_longer(job: ScreeningRun, attempt: int) -> None:
    ScreeningRun.objects.filter(pk=job.pk).update(attempt=attempt - 1)
    before = timezone.now()
    carry_out(job, RuntimeError())
    assert job.not_before is not None
    assert before + RETRY_IN * attempt <= job.not_before <= timezone.now() + RETRY_IN * attempt


def test_the_last_attempt_fails_for_good(job: ScreeningRun) -> None:
    ScreeningRun.objects.filter(pk=job.pk).update(attempt=MAX_ATTEMPTS - 1)
    carry_out(job, RuntimeError())
    assert (job.job_state, job.not_before) == ("failed", None)


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
