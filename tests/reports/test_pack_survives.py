"""Kill the worker half-way, with SIGKILL: the pack still appears."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from portal.access.models import User
from portal.access.roles import Role
from portal.jobs.lease import LEASE
from portal.jobs.models import Job, JobState
from reports.models import EvidencePack
from tests.conftest import FULL
from tests.portal.test_jobs import elsewhere, wait_for, with_group, worker
from tests.reports.conftest import make_estate

ASK = """
from portal.history.context import Actor, Source, announced
from portal.access.models import User
from reports.actions.request_pack import PackRequest, request_pack
user = User.objects.get(username="august")
with announced(user.actor(Source.SHELL)):
    print(request_pack(PackRequest("eu-ai-act"), user=user).job_id)
"""


def test_a_pack_survives_sigkill_of_its_worker(committed: str, make_user: Callable[..., User], tmp_path: Path) -> None:
    pytest.importorskip("weasyprint")
    make_estate()
    make_user("august", Role.AUDITOR)
    here = {"MUSTER_DATA": str(tmp_path)}
    job = elsewhere(committed, ASK, **here)
    with worker(committed, "packs", **here) as doomed:
        wait_for(lambda: Job.objects.get(pk=job).state == JobState.RUNNING, 60)
        with_group(doomed, signal.SIGKILL)
        doomed.wait()
    left = Job.objects.get(pk=job)
    assert left.state == JobState.RUNNING  # nobody has told the row yet
    if FULL:  # wait as long as life would; otherwise let the lease run out now
        wait_for(lambda: timezone.now() > (left.lease_until or timezone.now()), LEASE.total_seconds() + 15)
    else:
        Job.objects.filter(pk=job).update(lease_until=timezone.now() - timedelta(seconds=1))
    elsewhere(committed, "from portal.jobs.tasks import reap; reap()", **here)
    with worker(committed, "packs", **here):
        wait_for(lambda: Job.objects.get(pk=job).state == JobState.SUCCEEDED, 120)
    done = Job.objects.get(pk=job)
    assert done.attempts == 2
    pack = EvidencePack.objects.get(job_id=job)
    made = tmp_path / "files" / pack.pdf
    assert made.read_bytes().startswith(b"%PDF-")
    assert not list(made.parent.glob("*.part"))
