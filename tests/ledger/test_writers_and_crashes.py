"""Many writers, slow and undone transactions, killed processes, a restored dump: the log holds what happened."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
from django.db import connection
from django.db.models import Max

from launcher.postgres import free_port
from portal.ledger.findings import Finding
from portal.ledger.models import Checkpoint, LedgerLeaf
from portal.ledger.sequencer import sequence
from portal.ledger.verify import verify
from tests.conftest import FULL, ROOT, superuser
from tests.ledger.conftest import OwnServer
from tests.measuring import manage

WRITERS = 8
MILLION = 1_000_000
MEGABYTES = 200

VERIFY = """
import json
from portal.ledger.models import Checkpoint, LedgerLeaf
from portal.ledger.sequencer import sequence
from portal.ledger.verify import verify
notes = list(Checkpoint.objects.values_list("note", flat=True))
sequence()
report = verify(notes=notes).as_dict()
report["entries_in_order"] = list(LedgerLeaf.objects.order_by("index").values_list("entry_id", flat=True))
print(json.dumps(report))
"""


def script(code: str) -> list[str]:
    return [sys.executable, "-c", "import django; django.setup()\n" + code]


def writers(
    directory: Path, seconds: float, environment: dict[str, str], rows: int = 25
) -> list[subprocess.Popen[bytes]]:
    script = [sys.executable, "-m", "tests.ledger.writing"]
    return [
        subprocess.Popen(
            [*script, str(n), str(seconds), str(rows), str(directory / f"writer-{n}")],
            env=environment,
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for n in range(WRITERS)
    ]


def outcomes(directory: Path) -> tuple[set[int], set[int]]:
    """Which entries the writers saw committed, and which rolled back."""
    kinds: dict[str, set[int]] = {"committed": set(), "rolled back": set(), "unknown": set()}
    for path in directory.glob("writer-*"):
        for line in path.read_text().splitlines():
            outcome, _, entries = line.partition(":")
            if outcome in kinds:  # a killed writer's last line may be torn
                kinds[outcome] |= {int(entry) for entry in entries.split(",") if entry.isdigit()}
    return kinds["committed"], kinds["rolled back"]


def assert_order_of_records() -> None:
    """Each record's entries stand in the log in the order of its changes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT l.index, lag(l.index) OVER (PARTITION BY e.record ORDER BY e.id) AS before"
            " FROM portal_ledgerleaf l JOIN portal_ledgerentry e ON e.id = l.entry_id) o WHERE o.index < o.before"
        )
        assert cursor.fetchone() == (0,)


def test_eight_writers_with_slow_and_undone_transactions_leave_an_honest_log(
    committed: str, tmp_path: Path, settings: Any
) -> None:
    environment = {**_variables(committed), "MUSTER_DATA": str(tmp_path)}
    running = writers(tmp_path, 3600 if FULL else 8, environment, 1500 if FULL else 25)
    late = superuser(committed)
    late.autocommit = False
    _write_slowly(late)  # an old number that commits when thousands of newer ones have their place
    checked: list[list[Finding]] = []
    while any(process.poll() is None for process in running):
        sequence()
        time.sleep(0.05)
        if len(checked) < 2:
            checked.append(verify().findings)
        if FULL and (LedgerLeaf.objects.aggregate(last=Max("index"))["last"] or 0) > MILLION:
            for process in running:
                process.kill()
                process.wait()
    late.commit()
    late.close()
    sequence()
    report = verify(notes=list(Checkpoint.objects.values_list("note", flat=True)))
    assert checked == [[], []]  # no false alarm while others write
    assert (report.ok, report.findings, report.waiting) == (True, [], 0)
    done, undone = outcomes(tmp_path)
    logged = set(LedgerLeaf.objects.values_list("entry_id", flat=True))
    assert len(done) > 200
    assert len(undone) > 20
    assert done <= logged
    assert not undone & logged
    assert_order_of_records()
    assert manage(environment, "verify_ledger").megabytes < MEGABYTES


def _write_slowly(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT set_config('muster.actor', 's', true), set_config('muster.actor_name', 'Slow', true),"
        " set_config('muster.source', 'shell', true)"
    )
    connection.execute(
        "INSERT INTO portal_savedmapping (id, register, name, yaml) VALUES (gen_random_uuid(), 'x', 'slow', '')"
    )


def _variables(database: str) -> dict[str, str]:
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + database
    return {**os.environ, "DATABASE_URL": url}


PASSWORD = "a long pass phrase"
PEOPLE = f"""
from portal.access.models import RoleGrant, User
from portal.history.context import Actor, Source, acting
with acting(Actor("test", "Set-up", Source.SHELL)):
    user = User.objects.create_user("webster", "{PASSWORD}", full_name="Web Ster")
    RoleGrant.objects.create(user=user, role="editor")
"""


def test_sigkill_of_worker_web_and_database_loses_and_invents_nothing(own_server: OwnServer) -> None:
    server = own_server
    server.run("manage.py", "migrate", "-v0")
    server.run(*script(PEOPLE)[1:])
    for turn in range(3 if FULL else 1):
        running = writers(server.directory, 120, server.variables())
        running += _web_and_worker(server, turn)
        _wait_for(partial(_have_written, server.directory, turn))
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            if process is running[WRITERS // 2]:  # the other half writes into the server's death
                time.sleep(0.3)
                server.kill()
        for process in running:
            process.wait()
        server.start()
    report = _report(server)
    assert (report["ok"], report["findings"], report["waiting"]) == (True, [], 0)
    done, undone = outcomes(server.directory)
    logged = set(report["entries_in_order"])
    assert len(done) > 200
    assert done <= logged
    assert not undone & logged
    with psycopg.connect(server.superuser, dbname="muster") as inside:
        rows = inside.execute("SELECT history_id, name FROM inventory_historicalvendor").fetchall()
    assert {entry for entry, _name in rows} <= logged
    said = {line for path in server.directory.glob("web-*") for line in path.read_text().splitlines()}
    assert len(said) > 1
    assert said <= {name for _entry, name in rows}


def _web_and_worker(server: OwnServer, turn: int) -> list[subprocess.Popen[bytes]]:
    """The real ones, with the clock of the ledger; and somebody at the browser."""
    port = free_port()
    environment = {**server.variables(), "WEB_WORKERS": "1", "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "WARNING"}
    url, path = f"http://127.0.0.1:{port}", server.directory / f"web-{turn}"
    web = ["-m", "gunicorn", "portal.wsgi:application", "-c", "portal/gunicorn.py", "-b", f"127.0.0.1:{port}"]
    worker = ["-m", "celery", "-A", "portal", "worker", "-B", "-s", str(server.directory / f"beat-{turn}"), "-c", "1"]
    started = [_start(web, environment), _start([*worker, "-Q", "default", "-n", f"w{port}@t"], environment)]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urlopen(f"{url}/healthz", timeout=5):
            break
        time.sleep(0.2)
    return [*started, _start(["-m", "tests.ledger.web_writing", url, PASSWORD, str(path)], environment)]


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _have_written(directory: Path, turn: int) -> bool:
    """Whether writers and browser have something to lose."""
    by_browser = (directory / f"web-{turn}").read_text().splitlines()
    return len(by_browser) > 3 and len(outcomes(directory)[0]) >= 300 * (turn + 1)


def _wait_for(there: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            if there():
                return
        time.sleep(0.2)


def _report(server: OwnServer) -> dict[str, Any]:
    result = subprocess.run(
        script(VERIFY), env=server.variables(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_a_dump_restored_into_a_new_cluster_verifies_and_goes_on(log: Any, own_server: OwnServer) -> None:
    programs = own_server.cluster.programs
    source = os.environ["SUPERUSER_DATABASE_URL"].rsplit("/", 1)[0] + "/" + log.database
    dump = subprocess.run([programs.path("pg_dump"), "-Fc", source], capture_output=True, check=True).stdout
    target = own_server.superuser
    restored = subprocess.run(
        [programs.path("pg_restore"), "--exit-on-error", "-d", target], input=dump, capture_output=True, check=False
    )
    assert restored.returncode == 0, restored.stderr.decode()[-2000:]
    (own_server.directory / "ledger").mkdir()
    shutil.copy(log.key, own_server.directory / "ledger" / "key")
    before = _report(own_server)
    assert (before["ok"], before["size"]) == (True, 700)
    running = writers(own_server.directory, 3, own_server.variables())
    for process in running:
        assert process.wait() == 0
    after = _report(own_server)
    assert (after["ok"], after["findings"]) == (True, [])
    assert after["size"] > 700
