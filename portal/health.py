"""`/healthz`: this process answers. `/readyz`: it can work. `/readyz/roundtrip`: a worker does."""

from __future__ import annotations

import time
from hmac import compare_digest

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from portal.jobs.models import JobState
from portal.jobs.queue import enqueue
from portal.jobs.tasks import ping

ROUND_TRIP_SECONDS = 15.0
_migrated = False


def _is_migrated() -> bool:
    """Asked until it is true once: the plan costs a query a time, and a process never un-migrates."""
    global _migrated  # noqa: PLW0603 - a process-wide fact
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


@login_not_required
@require_GET
def healthz(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_GET
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when the database answers and is migrated, else 503 with the reason."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        ready, reason = _is_migrated(), "migrations are missing"
    except DatabaseError as error:
        ready, reason = False, f"the database does not answer: {error.__class__.__name__}"
    return JsonResponse({"status": "ok"} if ready else {"status": reason}, status=200 if ready else 503)


@csrf_exempt
@login_not_required
@require_POST
def roundtrip(request: HttpRequest) -> JsonResponse:
    """Send a job through broker and worker and wait for it. Only for whoever holds the probe's key."""
    key = request.headers.get("X-Probe-Key", "")
    if not settings.PROBE_KEY or not compare_digest(key.encode(), settings.PROBE_KEY.encode()):
        return JsonResponse({"status": "not found"}, status=404)
    job = enqueue(ping, kind="ping", title="Round trip through the worker", user=None)
    deadline = time.monotonic() + ROUND_TRIP_SECONDS
    while time.monotonic() < deadline:
        job.refresh_from_db(fields=["state"])
        if job.state == JobState.SUCCEEDED:
            job.delete()
            return JsonResponse({"status": "ok"})
        time.sleep(0.05)
    job.delete()
    return JsonResponse({"status": "no worker answered"}, status=503)
