"""Jobs as rows: claimed by lease in PostgreSQL; the broker only rings.

A job table inherits LeasedJob. `ring()` asks Celery to come after commit and never fails the
caller; what it loses, the beat sweep finds (`claimable()`). A worker claims by a conditional
UPDATE, renews the lease while it works, and writes its effects under unique keys: `carry_out()`.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from yizhou.refusals import Refusal

log = logging.getLogger("yizhou.deferred")
LEASE = timedelta(seconds=90)
MAX_ATTEMPTS = 5
RETRY_IN = timedelta(seconds=30)  # after the first attempt; every further one waits longer


class LeasedJobQuerySet(models.QuerySet):
    def claimable(self) -> Self:
        """Waiting, or left by a worker whose lease ran out."""
        now = timezone.now()
        return self.filter(
            Q(job_state="waiting") | Q(job_state="working", lease_until__lt=now),
            attempt__lt=MAX_ATTEMPTS,
        ).filter(Q(not_before=None) | Q(not_before__lte=now))

    def exhausted(self) -> Self:
        """Tried too often, or given back for a try it no longer has; a person must look."""
        return self.filter(
            Q(job_state="waiting") | Q(job_state="working", lease_until__lt=timezone.now()),
            attempt__gte=MAX_ATTEMPTS,
        )


class LeasedJob(models.Model):
    """State of a job: waiting -> working -> done | failed; failed can be asked for again."""

    class JobState(models.TextChoices):
        WAITING = "waiting", "等待处理"
        WORKING = "working", "处理中"
        DONE = "done", "已完成"
        FAILED = "failed", "失败，可重试"
        STOPPED = "stopped", "已停止"

    job_state = models.CharField(
        "作业状态", max_length=10, choices=JobState, default=JobState.WAITING, db_index=True
    )
    lease_token = models.UUIDField("租约", null=True, editable=False)
    lease_until = models.DateTimeField("租约到期", null=True, editable=False)
    not_before = models.DateTimeField("不早于", null=True, editable=False)
    attempt = models.PositiveSmallIntegerField("次数", default=0)
    progress = models.PositiveSmallIntegerField("进度（%）", default=0)
    job_error = models.TextField("失败原因", blank=True)

    objects = LeasedJobQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def claim(cls, pk: object) -> uuid.UUID | None:
        """Take the job for one lease, or None when another has it or it is over."""
        token = uuid.uuid4()
        taken = (
            cls._default_manager.claimable()  # type: ignore[attr-defined]
            .filter(pk=pk)
            .update(
                job_state="working",
                lease_token=token,
                lease_until=timezone.now() + LEASE,
                attempt=F("attempt") + 1,
                job_error="",
            )
        )
        return token if taken else None

    @classmethod
    def renew(cls, pk: object, token: uuid.UUID, *, progress: int | None = None) -> bool:
        """Keep the lease; False when it was lost to another worker."""
        change: dict[str, Any] = {"lease_until": timezone.now() + LEASE}
        if progress is not None:
            change["progress"] = progress
        return bool(
            cls._default_manager.filter(pk=pk, lease_token=token, job_state="working").update(
                **change
            )
        )

    @classmethod
    def finish(cls, pk: object, token: uuid.UUID) -> bool:
        return bool(
            cls._default_manager.filter(pk=pk, lease_token=token).update(
                job_state="done", progress=100, lease_until=None
            )
        )

    @classmethod
    def fail(cls, pk: object, token: uuid.UUID, error: str, *, retry_in: timedelta | None) -> None:
        """Give the job back: after a pause, or for good when `retry_in` is None."""
        state = (
            {"job_state": "waiting", "not_before": timezone.now() + retry_in}
            if retry_in
            else {"job_state": "failed"}
        )
        cls._default_manager.filter(pk=pk, lease_token=token).update(
            lease_until=None, job_error=error[:2000], **state
        )

    @classmethod
    def carry_out(
        cls, pk: object, work: Callable[[Self, uuid.UUID], None], *, interrupted: str
    ) -> bool:
        """Claim the job and do `work(job, token)`. False when it was not ours, or was taken over.

        A Refusal fails the job for good with its sentence. Any other error goes to the log, for it
        may quote rows; people read `interrupted`, and the job is tried again later.
        """
        token = cls.claim(pk)
        if token is None:
            return False
        job: Any = cls._default_manager.get(pk=pk)
        try:
            with heartbeat(cls, pk, token):
                work(job, token)
        except LeaseLost:
            return False
        except Refusal as refusal:
            cls.fail(pk, token, refusal.sentence, retry_in=None)
        except Exception:
            log.exception("%s %s, attempt %d", cls._meta.label, pk, job.attempt)
            again = None if job.attempt >= MAX_ATTEMPTS else RETRY_IN * job.attempt
            cls.fail(pk, token, interrupted, retry_in=again)
        return True


class LeaseLost(Exception):
    """Another worker took the job over; what this one did must be rolled back."""


@contextmanager
def heartbeat(job: type[LeasedJob], pk: object, token: uuid.UUID) -> Iterator[None]:
    """Renew the lease from a second connection while a long transaction runs on the first."""
    stop = threading.Event()

    def beat() -> None:
        try:
            while not stop.wait(LEASE.total_seconds() / 3):
                job.renew(pk, token)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def ring(task: Any, *args: object) -> None:
    """After commit, ask a worker to come. A deaf broker is logged; the sweep will find the job."""
    transaction.on_commit(_bell(task, args))


DEAF_FOR = 20.0  # seconds without ringing after a bell was not heard; the sweep comes meanwhile
_deaf_until = 0.0  # time.monotonic(); per process, so one slow page at most


def _bell(task: Any, args: tuple[object, ...]) -> Callable[[], None]:
    def press() -> None:
        global _deaf_until
        if time.monotonic() < _deaf_until:
            return
        try:
            task.apply_async(args=[str(a) for a in args], retry=False, ignore_result=True)
        except Exception:
            _deaf_until = time.monotonic() + DEAF_FOR
            log.warning("doorbell not heard for %s; the sweep will pick it up", task.name)

    return press
