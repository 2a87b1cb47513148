"""A real PostgreSQL for every test, as the application's own role.

`./muster test` starts the server and names it in DATABASE_URL (the application's role), MIGRATE_DATABASE_URL (the
owner's) and SUPERUSER_DATABASE_URL (the cluster's). A template is migrated once; each worker, and each test that
commits, gets a database of its own from it. The guards are never off inside a test.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.history.context import Actor, Source, acting

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
FULL = bool(os.environ.get("MUSTER_FULL"))


def superuser(database: str = "postgres") -> psycopg.Connection[Any]:
    """A connection as the cluster's superuser: what an attacker with the server in hand could do."""
    url = os.environ["SUPERUSER_DATABASE_URL"]
    return psycopg.connect(url, dbname=database, autocommit=True)


def _template() -> str:
    """The name of the migrated template for the code as it stands; built by whoever comes first."""
    digest = hashlib.sha256()
    sources = [
        ROOT / "portal" / "database.py",
        *ROOT.glob("portal/history/*.*"),
        *ROOT.glob("portal/ledger/*.sql"),
        *ROOT.glob("portal/retention/*.sql"),
    ]
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *sources]):
        if path.is_file():
            digest.update(path.read_bytes())
    name = f"muster_template_{digest.hexdigest()[:12]}"
    with superuser() as server:
        server.execute("SELECT pg_advisory_lock(4711)")
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        build = f"{name}_build"
        server.execute(f'DROP DATABASE IF EXISTS "{build}" WITH (FORCE)')
        owner = psycopg.conninfo.conninfo_to_dict(os.environ["MIGRATE_DATABASE_URL"])["user"]
        server.execute(f'CREATE DATABASE "{build}" OWNER "{owner}"')
        with superuser(build) as inside:
            inside.execute(f'ALTER SCHEMA public OWNER TO "{owner}"')
        with using_database(build):
            call_command("migrate", verbosity=0)
        server.execute(f'ALTER DATABASE "{build}" RENAME TO "{name}"')
    return name


@contextmanager
def using_database(name: str) -> Iterator[None]:
    """Let Django's connection be to that database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def fresh_database() -> Iterator[str]:
    """A database from the template, dropped afterwards."""
    name = f"muster_test_{uuid.uuid4().hex[:12]}"
    template = _template()
    with superuser() as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield name
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """pytest-django's own set-up would connect as one role and flush by TRUNCATE; this one does neither."""
    with django_db_blocker.unblock(), fresh_database() as name, using_database(name):
        yield


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A database of the test's own, in which it may commit. Its value is the database's name."""
    with django_db_blocker.unblock(), fresh_database() as name, using_database(name):
        yield name


SETUP = Actor("test", "The test's set-up", Source.SHELL)


@pytest.fixture
def make_user() -> Callable[..., User]:
    """Make a person with these roles: `make_user("helen", Role.EDITOR)`."""

    def make(username: str, *roles: str, **fields: Any) -> User:
        with acting(SETUP):
            user = User.objects.create_user(username, "a long pass phrase", full_name=username.title(), **fields)
            RoleGrant.objects.bulk_create([RoleGrant(user=user, role=role) for role in roles])
        return user

    return make


@pytest.fixture
def administrator(db: None, make_user: Callable[..., User]) -> User:
    return make_user("ada", Role.ADMINISTRATOR)


@pytest.fixture
def lead(db: None, make_user: Callable[..., User]) -> User:
    return make_user("helen", Role.GOVERNANCE_LEAD)


@pytest.fixture
def editor(db: None, make_user: Callable[..., User]) -> User:
    return make_user("eddie", Role.EDITOR)


@pytest.fixture
def viewer(db: None, make_user: Callable[..., User]) -> User:
    return make_user("vera", Role.VIEWER)


@pytest.fixture
def auditor(db: None, make_user: Callable[..., User]) -> User:
    return make_user("august", Role.AUDITOR)


@pytest.fixture
def outsider(db: None, make_user: Callable[..., User]) -> User:
    """Signed in, and nothing more."""
    return make_user("otto")
