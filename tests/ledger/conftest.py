"""Logs to be attacked: an honest one, written once, and a copy of its database for each test."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings

from inventory.models import Vendor
from launcher.database import choose_programs
from launcher.environment import Environment
from launcher.postgres import Cluster, stop
from launcher.processes import Account
from launcher.roles import SUPERUSER
from launcher.testing import temporary_directory
from portal.history.context import Actor, Source, acting
from portal.ledger.models import Checkpoint
from portal.ledger.sequencer import sequence
from tests.conftest import ROOT, fresh_database, superuser, using_database

WRITER = Actor("w-1", "Wanda Writer", Source.UI, request_id="req-1")
SIZE = 700  # two full tiles and a bit


@dataclass(frozen=True, slots=True)
class HonestLog:
    """A database with a log of 700 entries and three checkpoints, and what somebody kept outside."""

    database: str
    key: Path
    notes: tuple[str, ...]


@pytest.fixture(autouse=True)
def ledger_key(tmp_path: Path, settings: Any) -> Path:
    """Every test has a key of its own."""
    settings.LEDGER_KEY, settings.LEDGER_KEY_FILE = "", tmp_path / "key"
    return tmp_path / "key"


def vendors(count: int) -> list[Vendor]:
    return [Vendor(name=f"Vendor {n}", reference=f"VEN-{n:06d}") for n in range(count)]


@pytest.fixture(scope="module")
def honest_log(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HonestLog]:
    key = tmp_path_factory.mktemp("ledger") / "key"
    before, django_settings.LEDGER_KEY_FILE = django_settings.LEDGER_KEY_FILE, key
    try:
        with django_db_blocker.unblock(), fresh_database() as name:
            with using_database(name):
                with acting(WRITER):
                    Vendor.objects.bulk_create(vendors(SIZE - 150))
                sequence()
                with acting(WRITER, reason="They moved."):
                    first = Vendor.objects.order_by("reference")
                    Vendor.objects.filter(pk__in=first.values("pk")[:100]).update(country="CH", name="Moved")
                sequence()
                with acting(WRITER):
                    Vendor.objects.filter(pk__in=first.values("pk")[100:140]).update(website="https://example.org")
                    Vendor.objects.filter(pk__in=first.values("pk")[540:550]).delete()
                sequence()
                notes = tuple(Checkpoint.objects.order_by("size").values_list("note", flat=True))
            yield HonestLog(name, key, notes)
    finally:
        django_settings.LEDGER_KEY_FILE = before


@pytest.fixture
def log(honest_log: HonestLog, django_db_blocker: Any, settings: Any) -> Iterator[HonestLog]:
    """A copy of the honest log, which the test may ruin."""
    settings.LEDGER_KEY_FILE = honest_log.key
    name = f"muster_test_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock(), superuser() as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{honest_log.database}"')
        try:
            with using_database(name):
                yield HonestLog(name, honest_log.key, honest_log.notes)
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def intruder(log: HonestLog) -> Iterator[psycopg.Connection[Any]]:
    """Whoever has the database in hand, with every trigger switched off."""
    with superuser(log.database) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@dataclass(slots=True)
class OwnServer:
    """A PostgreSQL of the test's own, which it may kill. `app` and `owner` are the addresses of an empty database."""

    cluster: Cluster
    directory: Path
    app: str
    owner: str
    superuser: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = self.cluster.start(self.directory / "postgres.log", lambda _line: None)

    def kill(self) -> None:
        """SIGKILL for the server itself; its children notice and go."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def run(self, *command: str) -> None:
        """Run a script of Django as the application would, on this server."""
        subprocess.run([sys.executable, *command], env=self.variables(), cwd=ROOT, check=True)

    def variables(self) -> dict[str, str]:
        urls = {"DATABASE_URL": self.app, "MIGRATE_DATABASE_URL": self.owner, "SUPERUSER_DATABASE_URL": self.superuser}
        return {**os.environ, **urls, "MUSTER_DATA": str(self.directory)}


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    with temporary_directory() as directory:
        cluster = Cluster(directory / "postgres", directory / "postgres.json", Account.for_postgres(), throw_away=True)
        programs = choose_programs(cluster, Environment(Path(sys.prefix)), directory, lambda _line: None)
        cluster.use(programs, durable=True)  # a commit is a commit, whoever is killed next
        owner, app, superuser = (secrets.token_urlsafe(24) for _ in range(3))
        cluster.prepare(lambda _line: None)
        server = OwnServer(
            cluster,
            directory,
            cluster.url("muster_app", app),
            cluster.url("muster_owner", owner),
            cluster.url(SUPERUSER, superuser),
        )
        server.start()
        # A restart may find its port taken; for the minute that a test lasts, nobody takes it.
        try:
            cluster.set_up_roles(owner, app, superuser=superuser, createdb=True)
            yield server
        finally:
            if server.process is not None:
                stop(server.process)
            cluster.end_leftover()
            cluster.clear_socket_directory()
