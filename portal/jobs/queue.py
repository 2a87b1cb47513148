"""Making jobs: the row first, in the transaction of what it stands for; the message after commit."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

from portal.access.models import User
from portal.jobs.models import Job

log = logging.getLogger(__name__)


def enqueue(
    task: Task[..., Any],
    *,
    kind: str,
    title: str,
    user: User | None,
    params: dict[str, Any] | None = None,
    max_attempts: int = 3,
) -> Job:
    """Record a job and send its id to the broker once the transaction has committed."""
    job = Job.objects.create(
        kind=kind,
        title=title,
        params=params or {},
        requested_by=user,
        requested_name=str(user) if user else "Muster",
        max_attempts=max_attempts,
    )
    transaction.on_commit(lambda: send(task, job))
    return job


def send(task: Task[..., Any], job: Job) -> None:
    """Hand the job to the broker. A broker that is down loses nothing: the reaper sends what still waits."""
    try:
        task.apply_async(args=(str(job.pk),))
    except (OperationalError, OSError) as error:
        log.warning("broker unreachable, job %s waits for the reaper: %s", job.pk, error)
