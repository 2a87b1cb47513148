"""Jobs: the row is the truth, a lease says who works on it, and lost work is found again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from portal.access.models import User
from portal.access.roles import Role
from portal.jobs import tasks
from portal.jobs.lease import CanceledError, LeaseLostError, claim
from portal.jobs.models import Job, JobState
from portal.jobs.queue import enqueue
from portal.jobs.views import STOP_POLLING

ROOT = Path(__file__).resolve().parents[2]


def job(**values: Any) -> Job:
    return Job.objects.create(kind="ping", title="A job", requested_name="Test", **values)


@pytest.mark.django_db
def test_a_job_has_one_worker_at_a_time() -> None:
    one = job()
    assert claim(str(one.pk)) is not None
    assert claim(str(one.pk)) is None


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_cannot_write() -> None:
    one = job()
    slow = claim(str(one.pk))
    assert slow is not None
    Job.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    fast = claim(str(one.pk))
    assert fast is not None
    with pytest.raises(LeaseLostError):
        slow.progress("too late")
    fast.finish(JobState.SUCCEEDED)
    with pytest.raises(LeaseLostError):
        slow.finish(JobState.FAILED)
    one.refresh_from_db()
    assert (one.state, one.attempts) == (JobState.SUCCEEDED, 2)


@pytest.mark.django_db
def test_a_canceled_job_stops_at_its_next_step() -> None:
    lease = claim(str(job().pk))
    assert lease is not None
    Job.objects.update(cancel_requested=True)
    with pytest.raises(CanceledError):
        lease.progress("next step")


@pytest.mark.django_db
def test_the_reaper_gives_up_after_the_last_attempt() -> None:
    one = job(state=JobState.RUNNING, attempts=3, max_attempts=3, lease_until=timezone.now() - timedelta(seconds=1))
    tasks.reap()
    one.refresh_from_db()
    assert one.state == JobState.FAILED
    assert "lost" in one.error


@pytest.mark.django_db
def test_the_reaper_sends_lost_and_unsent_jobs_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(tasks.ping, "apply_async", lambda args: sent.append(args[0]))
    past = timezone.now() - timedelta(seconds=90)
    lost = job(state=JobState.RUNNING, attempts=1, lease_until=timezone.now() - timedelta(seconds=1))
    unsent, fresh = job(created_at=past), job()
    tasks.reap()
    tasks.reap()
    assert sorted(sent) == sorted([str(lost.pk), str(unsent.pk)])
    assert claim(str(lost.pk)) is not None
    assert claim(str(fresh.pk)) is not None


@pytest.mark.django_db
def test_a_job_is_made_with_its_work_or_not_at_all() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        enqueue(tasks.ping, kind="ping", title="Undone", user=None)
        raise ZeroDivisionError
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_one_sees_and_stops_only_ones_own_jobs(client: Client, make_user: Callable[..., User]) -> None:
    mine, other = make_user("mine", Role.EDITOR), make_user("other", Role.EDITOR)
    one = Job.objects.create(kind="import", title="Mine", requested_by=mine, requested_name="Mine")
    client.force_login(other)
    assert client.get(f"/jobs/{one.pk}/").status_code == 404
    assert client.post(f"/jobs/{one.pk}/cancel/").status_code == 404
    assert "Mine" not in client.get("/jobs/").content.decode()
    client.force_login(mine)
    assert client.get(f"/jobs/{one.pk}/").status_code == 200
    assert client.get(f"/jobs/{one.pk}/cancel/").status_code == 405
    assert client.post(f"/jobs/{one.pk}/cancel/").status_code == 302
    one.refresh_from_db()
    assert one.state == JobState.CANCELED


@pytest.mark.django_db
def test_pages_stop_asking_when_a_job_has_ended(client: Client, editor: User) -> None:
    one = Job.objects.create(kind="import", title="Mine", requested_by=editor, requested_name="Eddie")
    client.force_login(editor)
    live = client.get(f"/jobs/{one.pk}/", headers={"HX-Request": "true"})
    assert live.status_code == 200
    assert "hx-trigger" in live.content.decode()
    Job.objects.update(state=JobState.SUCCEEDED)
    ended = client.get(f"/jobs/{one.pk}/", headers={"HX-Request": "true"})
    assert ended.status_code == STOP_POLLING
    assert "hx-trigger" not in ended.content.decode()


@pytest.mark.django_db
def test_a_jobs_file_stays_inside_its_folder(client: Client, editor: User) -> None:
    one = Job.objects.create(
        kind="import", title="Mine", requested_by=editor, requested_name="E", file="../../../etc/passwd"
    )
    client.force_login(editor)
    assert client.get(f"/jobs/{one.pk}/file/").status_code == 404


@contextmanager
def worker(database: str, queue: str = "default", **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker on the test's database."""
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + database
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "-Q", queue, "-c", "1", "-n", f"{queue}@test"]
    process = subprocess.Popen(
        [*command, "--loglevel=WARNING"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, **environment},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with_group(process, signal.SIGKILL)
        process.wait()


def with_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def elsewhere(database: str, code: str, **environment: str) -> str:
    """Run code in a process of its own on the test's database, and so on its broker. What it prints comes back."""
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + database
    script = f"import django; django.setup()\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


ENQUEUE = """
from portal.jobs import tasks
from portal.jobs.queue import enqueue
print(enqueue(tasks.ping, kind="ping", title="From another process", user=None).pk)
"""


def test_a_round_trip_through_a_real_worker(committed: str) -> None:
    one = elsewhere(committed, ENQUEUE)
    with worker(committed):
        wait_for(lambda: Job.objects.get(pk=one).state == JobState.SUCCEEDED, 30)


def test_work_survives_the_death_of_its_worker(committed: str) -> None:
    """Claimed, then killed: the lease runs out, the reaper sends the job again, another worker does it."""
    one = elsewhere(committed, ENQUEUE)
    dead = claim(one)
    assert dead is not None
    with worker(committed):
        time.sleep(3)
        assert Job.objects.get(pk=one).state == JobState.RUNNING  # the message came, the lease held
        Job.objects.filter(pk=one).update(lease_until=timezone.now() - timedelta(seconds=1))
        elsewhere(committed, "from portal.jobs.tasks import reap; reap()")
        wait_for(lambda: Job.objects.get(pk=one).state == JobState.SUCCEEDED, 30)
    with pytest.raises(LeaseLostError):
        dead.write(stage="back from the dead")
