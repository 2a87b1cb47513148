"""The same Celery walk over RabbitMQ, on a broker of the test's own. Skipped, loudly, where it is not installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from portal.jobs.lease import LeaseLostError, claim
from portal.jobs.models import Job, JobState
from tests.portal.test_jobs import ENQUEUE, elsewhere, wait_for, worker

SERVER = next(
    (
        path
        for path in ("/usr/lib/rabbitmq/bin/rabbitmq-server", shutil.which("rabbitmq-server"))
        if path and Path(path).is_file()
    ),
    None,
)
pytestmark = pytest.mark.skipif(
    SERVER is None, reason="SKIPPED: RabbitMQ is not installed (apt-get install -y rabbitmq-server)"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A RabbitMQ node that lives for this module. Its value is its address."""
    home, port, epmd = tmp_path_factory.mktemp("rabbit"), free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"muster{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(home / "db"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    with (home / "out").open("wb") as out:
        process = subprocess.Popen([str(SERVER)], env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    probe.settimeout(1)
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, (home / "out").read_text(errors="replace")[-2000:]
                time.sleep(0.5)
            else:
                raise AssertionError("RabbitMQ did not start in time")
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
        finally:
            process.terminate()
            process.wait(timeout=60)
            subprocess.run(["epmd", "-port", str(epmd), "-kill"], check=False, capture_output=True)


def test_a_round_trip_over_rabbitmq(committed: str, rabbit: str) -> None:
    with worker(committed, BROKER_URL=rabbit):
        one = elsewhere(committed, ENQUEUE, BROKER_URL=rabbit)
        wait_for(lambda: Job.objects.get(pk=one).state == JobState.SUCCEEDED, 45)


def test_work_survives_the_death_of_its_worker_over_rabbitmq(committed: str, rabbit: str) -> None:
    one = elsewhere(committed, ENQUEUE, BROKER_URL=rabbit)
    dead = claim(one)
    assert dead is not None
    with worker(committed, BROKER_URL=rabbit):
        time.sleep(4)
        assert Job.objects.get(pk=one).state == JobState.RUNNING
        Job.objects.filter(pk=one).update(lease_until=timezone.now() - timedelta(seconds=1))
        elsewhere(committed, "from portal.jobs.tasks import reap; reap()", BROKER_URL=rabbit)
        wait_for(lambda: Job.objects.get(pk=one).state == JobState.SUCCEEDED, 45)
    with pytest.raises(LeaseLostError):
        dead.write(stage="back from the dead")
