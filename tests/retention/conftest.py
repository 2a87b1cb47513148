"""A register in which one person stands everywhere, and the means to look for a word in all of a database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from inventory.models import AISystem, OrganizationUnit, RoleAssignment, Vendor
from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.history.context import Actor, Source, acting
from portal.jobs.models import Job
from portal.records.models import ExternalId
from tests.conftest import superuser
from tests.factories import create

WRITER = Actor("w-1", "Wanda Writer", Source.UI, request_id="req-1")
GROUND = "GDPR Art. 17(1)(b)"
NAME, EMAIL = "Zebulon Quartermain", "z.quartermain@hospital.example"
# What may stand nowhere afterwards: every word of the name by itself, as a search column would have it.
WORDS = ("zebulon", "quartermain", "zebq")


@pytest.fixture(autouse=True)
def ledger_key(tmp_path: Path, settings: Any) -> Path:
    """Every test has a key of its own."""
    settings.LEDGER_KEY, settings.LEDGER_KEY_FILE = "", tmp_path / "key"
    return tmp_path / "key"


@contextmanager
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner of the tables."""
    with psycopg.connect(os.environ["MIGRATE_DATABASE_URL"], dbname=database, autocommit=True) as connection:
        yield connection


@contextmanager
def intruder(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Whoever has the database in hand, with every trigger switched off."""
    with superuser(database) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def _tables(connection: psycopg.Connection[Any]) -> list[sql.Identifier]:
    rows = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    )
    return [sql.Identifier(*row) for row in rows.fetchall()]


def traces(database: str, *words: str) -> dict[str, int]:
    """In how many rows of which tables a word stands: as text or bytes, in any column, or in what the planner noted."""
    found: dict[str, int] = {}
    with superuser(database) as connection:
        # A row as text has its bytes in hexadecimal.
        query = sql.SQL(
            "SELECT count(*) FROM {} t WHERE EXISTS (SELECT FROM unnest(%s::text[]) w"
            " WHERE position(w IN lower(t::text)) > 0 OR position(encode(convert_to(w, 'UTF8'), 'hex') IN t::text) > 0)"
        )
        for table in [*_tables(connection), sql.Identifier("pg_catalog", "pg_stats")]:
            spelled = [*words, *(w.title() for w in words), *(w.upper() for w in words)]
            (count,) = connection.execute(query.format(table), [spelled]).fetchone() or (0,)
            if count:
                found[table.as_string(connection)] = count
    return found


def census(database: str) -> dict[str, tuple[int, str]]:
    """Every table: how many rows, and a digest of all of them."""
    with superuser(database) as connection:
        query = sql.SQL("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t")
        return {
            table.as_string(connection): tuple(connection.execute(query.format(table)).fetchone() or ())
            for table in _tables(connection)
        }


@pytest.fixture
def ada(committed: str) -> User:
    """The administrator who erases."""
    with acting(WRITER):
        user = User.objects.create_user("ada", "a long pass phrase", full_name="Ada Lindgren")
        RoleGrant.objects.create(user=user, role=Role.ADMINISTRATOR)
    return user


@pytest.fixture
def zebulon(committed: str, ada: User) -> User:
    """A person who has an account, holds roles, did things, and is named by others."""
    with acting(WRITER):
        user = User.objects.create_user("zebq", "a long pass phrase", full_name="Zebulon Q", email="zebq@old.example")
        RoleGrant.objects.create(user=user, role=Role.EDITOR)
        User.objects.filter(pk=user.pk).update(full_name=NAME, email=EMAIL)
        system = create(AISystem, name="Sepsis score", live_on=date(2020, 1, 1))
        unit = create(OrganizationUnit, name="Radiology", head=NAME)
        OrganizationUnit.objects.filter(pk=unit.pk).update(code="RAD")
        role = create(RoleAssignment, system=system, person=user, person_name="", competence="Zebulon's board exam")
        RoleAssignment.objects.filter(pk=role.pk).update(competence="Board exam of 2019")
        typed = create(RoleAssignment, system=system, person_name=NAME.upper(), deputy_name=NAME)
        RoleAssignment.objects.filter(pk=typed.pk).update(scope="Nights")
        gone = create(RoleAssignment, system=system, person_name=NAME)
        gone.delete()
        ExternalId.objects.create(
            register="ai-systems", record_id=system.pk, source="cmdb", key="17",
            as_imported={"Contact": f'"{NAME}" <{EMAIL}>\nnights', "Cost": "12"},
        )  # fmt: skip
        AISystem.objects.filter(pk=system.pk).update(
            problem=f"Reported by {NAME}.", tags=["sepsis", NAME], custom={"cost": f"paid by {NAME}"}
        )
    with acting(WRITER, reason=f"{NAME} asked for it"):
        AISystem.objects.filter(pk=system.pk).update(problem="Reported by a nurse.")
    with acting(User.objects.get(pk=user.pk).actor(Source.UI)):
        vendor = create(Vendor, name="Acme", manager=f"Dr {NAME}")
        Vendor.objects.filter(pk=vendor.pk).update(country="CH")
    Job.objects.create(kind="import", title=f"Import by {NAME}", requested_by=user, requested_name=NAME)
    return User.objects.get(pk=user.pk)
