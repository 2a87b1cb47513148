"""Looking back in transactions that end, and what migrations do with the views. Each test has a database of its own."""

from __future__ import annotations

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test import Client

from inventory.models import Vendor
from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.database import owner_role
from portal.history import asof, past
from portal.history.asof import NoPastError, as_of
from portal.history.checks import drift
from portal.history.context import acting
from portal.ledger.models import LedgerEntry
from portal.ui.asof import written
from tests.conftest import SETUP, superuser
from tests.factories import create


def somebody(role: str) -> User:
    with acting(SETUP):
        user = User.objects.create_user(role, "a long pass phrase", full_name=role.title())
        RoleGrant.objects.create(user=user, role=role)
    return user


def last_entry() -> int:
    return LedgerEntry.objects.aggregate(last=models.Max("id"))["last"] or 0


SETTINGS = ("search_path", "transaction_read_only", "muster.as_of")


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [name])
        return str(cursor.fetchone()[0] or "")


def test_nothing_stays_behind(committed: str) -> None:
    before = [setting(name) for name in SETTINGS]
    with acting(SETUP):
        create(Vendor, name="Then")
    entry = last_entry()
    with acting(SETUP):
        Vendor.objects.update(name="Now")
    with as_of(entry):
        assert Vendor.objects.get().name == "Then"
        with as_of(0):
            assert not Vendor.objects.exists()
        assert Vendor.objects.get().name == "Then"
    assert asof.standpoint() is None
    with pytest.raises(ZeroDivisionError), as_of(entry):
        _ = 1 / 0
    assert [setting(name) for name in SETTINGS] == before
    assert Vendor.objects.get().name == "Now"
    with acting(SETUP):
        Vendor.objects.update(name="Later")


def test_a_file_is_streamed_from_the_past_and_leaves_nothing_behind(committed: str) -> None:
    before, user = [setting(name) for name in SETTINGS], somebody(Role.AUDITOR)
    with acting(SETUP):
        Vendor.objects.bulk_create([Vendor(name=f"Then {number}") for number in range(3)])
    at = Vendor.history.latest().history_date
    with acting(SETUP):
        Vendor.objects.update(name="Now")
    client = Client()
    client.force_login(user)
    response = client.get(f"/as-of/{written(at)}/vendors/export.csv")
    with acting(SETUP):  # the page has returned, so this is no part of its transaction
        Vendor.objects.update(country="IE")
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    assert text.count("Then") == 3
    assert "Now" not in text
    response.close()
    assert asof.standpoint() is None
    cut = client.get(f"/as-of/{written(at)}/vendors/export.csv")
    assert next(iter(cut.streaming_content))  # type: ignore[attr-defined]  # the same; a reader who goes away
    cut.close()
    assert [setting(name) for name in SETTINGS] == before
    assert not connection.in_atomic_block
    assert asof.standpoint() is None


def test_a_view_that_lacks_or_was_changed_is_reported_and_never_passed_over(committed: str) -> None:
    assert drift() == []
    with superuser(committed) as server:
        server.execute(f'ALTER DATABASE "{committed}" OWNER TO "{owner_role()}"')  # as in production
        definition = "SELECT * FROM public.inventory_vendor"
        server.execute(f"CREATE OR REPLACE VIEW muster_past.inventory_vendor AS {definition}")
        server.execute(
            "CREATE OR REPLACE FUNCTION muster_past.entry() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'"
        )
        assert [line.split(" is ")[0] for line in drift()] == [
            "muster_past: function entry()",
            "inventory_vendor: view muster_past.inventory_vendor",
        ]
        server.execute("DROP VIEW muster_past.inventory_vendor")
        assert len(drift()) == 2
        with pytest.raises(NoPastError, match="inventory_vendor"), as_of(0):
            pass
        call_command("migrate", verbosity=0)
        assert drift() == []
        server.execute("ALTER TABLE inventory_historicalvendor ADD COLUMN extra text")
        server.execute("ALTER TABLE inventory_vendor ADD COLUMN extra text")
        assert [line for line in drift() if "view" in line], "a table has got another column"
        with as_of(0):
            server.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                server.execute("SELECT pg_advisory_lock(%s)", [past.LOCK])  # what a migration waits for
        server.execute("DROP SCHEMA muster_past CASCADE")
        client = Client()
        client.force_login(somebody(Role.VIEWER))
        assert client.get("/as-of/2026-01-01T00:00:00Z/vendors/").status_code == 503
    with pytest.raises(NoPastError), as_of(0):
        pass
    with pytest.raises(SystemExit):  # says what it would do, and does nothing
        call_command("migrate", "--check", "inventory", "zero", verbosity=0)
