"""The lease: who works on a job now. Claimed by a conditional update, extended beside the work, checked at each write.

A worker that is killed stops extending; after LEASE the reaper hands the job to another one. A worker that was only
slow finds its token gone at its next write, and stops.
"""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from portal.jobs.models import Job, JobLine, JobState

LEASE = timedelta(seconds=30)
EXTEND_EVERY = 10.0  # seconds


class LeaseLostError(Exception):
    """Somebody else works on this job now, or it was canceled."""


class CanceledError(Exception):
    """The person who asked for it does not want it any more."""


def claim(job_id: str) -> Lease | None:
    """Take the job if it waits, or if its last worker's lease has run out; None if it is somebody else's."""
    now, token = timezone.now(), uuid.uuid4()
    free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=now)
    taken = Job.objects.filter(free, pk=job_id, attempts__lt=F("max_attempts")).update(
        state=JobState.RUNNING,
        lease_token=token,
        lease_until=now + LEASE,
        attempts=F("attempts") + 1,
        started_at=now,
        error="",
    )
    return Lease(Job.objects.get(pk=job_id), token) if taken else None


class Lease:
    """A claimed job. As a context manager it extends itself from a thread beside the work."""

    def __init__(self, job: Job, token: uuid.UUID) -> None:
        self.job = job
        self.token = token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._extend, name=f"lease-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=EXTEND_EVERY)

    def _extend(self) -> None:
        try:
            while not self._stop.wait(EXTEND_EVERY):
                if not self._held().update(lease_until=timezone.now() + LEASE):
                    return
        finally:
            connection.close()

    def _held(self) -> models.QuerySet[Job]:
        return Job.objects.filter(pk=self.job.pk, lease_token=self.token, state=JobState.RUNNING)

    def write(self, **values: Any) -> None:
        """Update the job's row. Raises LeaseLostError when the lease is no longer ours."""
        if not self._held().update(**values):
            raise LeaseLostError(str(self.job.pk))

    def progress(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say how far the work is. Raises CanceledError when it is not wanted any more."""
        self.write(stage=stage, done=done, total=total)
        if Job.objects.filter(pk=self.job.pk, cancel_requested=True).exists():
            raise CanceledError

    def say(self, message: str) -> None:
        """Add a line to the job's log."""
        JobLine.objects.create(job=self.job, message=message)

    def finish(self, state: JobState, **values: Any) -> None:
        """Close the job. Raises LeaseLostError when the lease is no longer ours."""
        self.write(state=state, finished_at=timezone.now(), lease_token=None, lease_until=None, **values)
