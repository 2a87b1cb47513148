"""Logs to be attacked: an honest one, written once, and a copy of its database for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings

from inventory.models import Vendor
from portal.history.context import Actor, Source, acting
from portal.ledger.models import Checkpoint
from portal.ledger.sequencer import sequence
from tests.conftest import fresh_database, superuser, using_database

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


def vendors(count: int, prefix: str = "V") -> list[Vendor]:
    return [Vendor(name=f"{prefix} {n}", reference=f"{prefix}-{n:06d}") for n in range(count)]


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
