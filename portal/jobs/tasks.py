"""The task base class every job runs in, the reaper, and the ping."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from celery import Task, current_app, shared_task
from django.db import close_old_connections
from django.db.models import F, Q
from django.utils import timezone

from portal.history.context import Actor, Source, announced
from portal.jobs.lease import CanceledError, Lease, LeaseLostError, claim
from portal.jobs.models import Job, JobState

log = logging.getLogger(__name__)

# How long a waiting job's message is given before it counts as lost.
AGAIN = timedelta(seconds=60)

# Kind of job → the task that does it, for the reaper and for "try again".
TASKS: dict[str, str] = {}


def task_of(job: Job) -> Task[Any, Any]:
    """The task that does a job of this kind, whichever floor it lives on. Raises KeyError for an unknown kind."""
    if job.kind not in TASKS:
        current_app.loader.import_default_modules()
    task: Task[Any, Any] = current_app.tasks[TASKS[job.kind]]
    return task


def job_task(kind: str) -> Callable[[Callable[[Lease], dict[str, Any] | None]], Task[..., Any]]:
    """Make a function of a Lease into a Celery task that takes a job's id and nothing else.

    What the function returns becomes `Job.result`; the keys `file` and `result_url` fill those columns. An exception
    fails the job with its message; killed workers are the reaper's business.
    """

    def make(work: Callable[[Lease], dict[str, Any] | None]) -> Task[..., Any]:
        @wraps(work)
        def run(job_id: str) -> None:
            close_old_connections()
            lease = claim(job_id)
            if lease is None:
                return
            with lease, announced(_actor(lease.job)):
                _do(work, lease)

        task: Task[..., Any] = shared_task(name=f"{work.__module__}.{work.__name__}")(run)
        TASKS[kind] = task.name
        return task

    return make


def _actor(job: Job) -> Actor:
    key = str(job.requested_by_id) if job.requested_by_id else "muster"
    return Actor(key, job.requested_name, Source.JOB, request_id=f"job {job.pk}")


def _do(work: Callable[[Lease], dict[str, Any] | None], lease: Lease) -> None:
    try:
        result = dict(work(lease) or {})
        columns = {name: result.pop(name) for name in ("file", "result_url") if name in result}
        lease.finish(JobState.SUCCEEDED, result=result, stage="", **columns)
    except CanceledError:
        lease.finish(JobState.CANCELED, stage="")
    except LeaseLostError:
        log.warning("job %s: the lease was lost, somebody else goes on", lease.job.pk)
    except Exception as error:
        log.exception("job %s failed", lease.job.pk)
        try:
            lease.finish(JobState.FAILED, error=str(error) or type(error).__name__)
        except LeaseLostError:
            log.warning("job %s: failed after its lease was lost", lease.job.pk)


@job_task("ping")
def ping(lease: Lease) -> dict[str, Any]:
    """Does nothing, through the whole machinery."""
    return {}


@shared_task(name="portal.jobs.tasks.reap")
def reap() -> None:
    """Send again what no worker has: leases that ran out, and jobs whose message the broker never got."""
    now = timezone.now()
    lost = Q(state=JobState.RUNNING, lease_until__lt=now)
    Job.objects.filter(lost, attempts__gte=F("max_attempts")).update(
        state=JobState.FAILED,
        finished_at=now,
        lease_token=None,
        error="The worker was lost, and so were those that tried again.",
    )
    Job.objects.filter(lost).update(state=JobState.QUEUED, lease_token=None, lease_until=now)
    # `lease_until` of a waiting job is when to send it again, so that a long queue is not filled with copies.
    never_sent = Q(lease_until=None, created_at__lt=now - AGAIN)
    for job in Job.objects.filter(never_sent | Q(lease_until__lte=now), state=JobState.QUEUED):
        if Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(lease_until=now + AGAIN):
            task_of(job).apply_async(args=(str(job.pk),))
