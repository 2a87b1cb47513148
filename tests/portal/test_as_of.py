"""The past as the database shows it: every table, every step, nothing written. Beside it: its pages, and commits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.utils import InternalError, ProgrammingError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import AISystem, DataFlow, OrganizationUnit, Vendor
from portal.access.models import User
from portal.access.roles import Action
from portal.history import asof, past
from portal.history.asof import FutureError, as_of, entry_at
from portal.history.context import acting
from portal.ledger.models import LedgerEntry
from tests.conftest import SETUP
from tests.factories import change, create

pytestmark = pytest.mark.django_db


def last_entry() -> int:
    return LedgerEntry.objects.aggregate(last=models.Max("id"))["last"] or 0


def rows(*tables: str) -> list[list[tuple[Any, ...]]]:
    """Everything in these tables, in all columns: of today or of the past, by the search path."""
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT t.*, t::text FROM {table} t ORDER BY id")
            found.append(cursor.fetchall())
    return found


# Every table


@pytest.mark.parametrize("model", past.past_models(), ids=lambda m: m.__name__)
def test_every_column_of_every_table_is_seen_as_it_stood(model: type[models.Model]) -> None:
    table = model._meta.db_table
    steps = []
    with acting(SETUP):
        steps.append((last_entry(), rows(table)))
        record = create(model)
        steps.append((last_entry(), rows(table)))
        name, value = change(record)
        model._default_manager.filter(pk=record.pk).update(**{name: value})
        steps.append((last_entry(), rows(table)))
        record.delete()
        steps.append((last_entry(), rows(table)))
    assert [len(one[0]) for _entry, one in steps] == [0, 1, 1, 0]
    for entry, then in steps:
        with as_of(entry):
            assert rows(table) == then, entry
    assert rows(table) == steps[-1][1], "the present is back"


def test_the_views_have_the_columns_of_their_tables() -> None:
    query = (
        "SELECT table_name, array_agg(column_name || ' ' || udt_name || ' ' || coalesce(character_maximum_length, 0)"
        " ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = %s GROUP BY 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, ["public"])
        tables = dict(cursor.fetchall())
        cursor.execute(query, [past.SCHEMA])
        there = dict(cursor.fetchall())
    assert there == {name: tables[name] for name in there}
    assert {m._meta.db_table for m in past.past_models()} <= there.keys()
    assert not {name for name in there if name.startswith(("portal_user", "portal_apitoken", "portal_rolegrant"))}
    assert "reports_evidencepack" not in there


def test_a_key_that_came_back_after_its_deletion_is_one_record() -> None:
    with acting(SETUP):
        vendor = create(Vendor, name="First life")
        Vendor.objects.filter(pk=vendor.pk).delete()
        gone = last_entry()
        Vendor.objects.bulk_create([Vendor(id=vendor.pk, reference=vendor.reference, name="Second life")])
    with as_of(gone):
        assert not Vendor.objects.exists()
    with as_of(last_entry()):
        assert [one.name for one in Vendor.objects.all()] == ["Second life"]


# Any sequence of changes

WATCHED = ("inventory_aisystem", "inventory_vendor", "inventory_organizationunit", "inventory_dataflow")
STEPS = ("add", "update", "many", "nothing", "sql", "delete", "back", "undone")


def take(step: str, number: int, removed: list[Vendor]) -> None:
    """One change, or several in one statement, by one of the doors."""
    vendors, systems = list(Vendor.objects.order_by("id")), list(AISystem.objects.order_by("id"))
    match step:
        case "add":
            unit = create(OrganizationUnit, name=f"Unit {number}")
            system = create(AISystem, name=f"Reads {number}", unit=unit)
            vendor = create(Vendor, name=f"Vendor {number}")
            create(DataFlow, system=system, vendor=vendor)
            create(Vendor, name=f"Lone vendor {number}")
        case "update" if systems:
            one = systems[number % len(systems)]
            one.name, one.purpose = f"Renamed {number}", "Sorting letters" * (number % 3)
            one.save()
        case "many":
            AISystem.objects.update(topic=f"Topic {number % 4}")
        case "nothing":
            Vendor.objects.update(name=models.F("name"))
        case "sql" if vendors:
            with connection.cursor() as cursor:
                where = [vendors[number % len(vendors)].pk]
                cursor.execute("UPDATE inventory_vendor SET tags = tags || '{seen}' WHERE id = %s", where)
        case "delete":
            free = [one for one in vendors if one.name.startswith("Lone")]
            removed += free
            Vendor.objects.filter(pk__in=[one.pk for one in free]).delete()
        case "back" if removed:
            again = removed.pop()
            Vendor.objects.bulk_create([Vendor(id=again.pk, reference=again.reference, name="Lone again")])
        case "undone":
            with transaction.atomic():
                create(Vendor, name=f"Never was {number}")
                transaction.set_rollback(True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 99)), min_size=1, max_size=12))
def test_after_any_changes_each_step_is_seen_as_it_was(db: None, steps: list[tuple[str, int]]) -> None:
    with acting(SETUP):
        try:
            removed: list[Vendor] = []
            seen = [(last_entry(), rows(*WATCHED))]
            for step, number in [("add", 0), *steps]:
                take(step, number, removed)
                seen.append((last_entry(), rows(*WATCHED)))
            for entry, then in seen:
                with as_of(entry):
                    assert rows(*WATCHED) == then
        finally:
            transaction.set_rollback(True)


# Nothing is written


@pytest.mark.parametrize("schema", [past.SCHEMA, "public"])
def test_the_past_cannot_be_written(schema: str) -> None:
    with acting(SETUP):
        create(Vendor, name="Then")
    for sql in (f"UPDATE {schema}.inventory_vendor SET name = 'x'", f"DELETE FROM {schema}.inventory_vendor"):
        with acting(SETUP), pytest.raises(DatabaseError), as_of(last_entry()), connection.cursor() as cursor:
            cursor.execute(sql)
    with acting(SETUP), pytest.raises(InternalError, match="read-only"), as_of(last_entry()):
        User.objects.update(full_name="x")
    assert Vendor.objects.get().name == "Then"


def test_the_role_of_the_application_may_only_read_the_views() -> None:
    with acting(SETUP):
        create(Vendor)
    for relation in ("inventory_vendor", "inventory_historicalvendor"):
        for sql in (f"UPDATE {past.SCHEMA}.{relation} SET name = 'x'", f"DELETE FROM {past.SCHEMA}.{relation}"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('muster.as_of', '99999999', true)")
                cursor.execute(sql)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(f"CREATE VIEW {past.SCHEMA}.mine AS SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT privilege_type FROM information_schema.role_table_grants"
                       " WHERE table_schema = %s AND grantee = current_user", [past.SCHEMA])  # fmt: skip
        assert cursor.fetchall() == [("SELECT",)]


def test_without_an_entry_the_views_show_nothing_at_all() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        connection.cursor().execute(f"SELECT * FROM {past.SCHEMA}.inventory_vendor")


def test_a_temporary_table_cannot_pose_as_a_register() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE inventory_vendor (id uuid) ON COMMIT DROP")
        with as_of(last_entry()):
            cursor.execute("SELECT 'inventory_vendor'::regclass = 'muster_past.inventory_vendor'::regclass")
            assert cursor.fetchone() == (True,)


# People, rights and history


def test_rights_are_those_of_today_and_allow_reading_alone(editor: User, outsider: User) -> None:
    with acting(SETUP):
        create(Vendor)
    with as_of(last_entry()):
        assert editor.can(Action.VIEW)
        assert not editor.can(Action.CHANGE)
        assert Vendor.objects.restrict(editor, Action.VIEW).exists()
        assert not Vendor.objects.restrict(editor, Action.CHANGE).exists()
        assert not Vendor.objects.restrict(outsider, Action.VIEW).exists()
    assert editor.can(Action.CHANGE)
    with as_of(0):
        assert User.objects.filter(pk=editor.pk).exists(), "people are those of today"


def test_history_ends_where_one_stands() -> None:
    with acting(SETUP):
        vendor = create(Vendor, name="One")
        entry = last_entry()
        Vendor.objects.update(name="Two")
    with as_of(entry):
        assert [row.name for row in Vendor.history.filter(id=vendor.pk)] == ["One"]
    assert Vendor.history.filter(id=vendor.pk).count() == 2


def test_days_are_judged_by_the_day_one_stands_on() -> None:
    with as_of(0, datetime(2026, 2, 3, 23, 59, tzinfo=UTC)):
        assert asof.today().isoformat() == "2026-02-03"
    assert asof.today() == timezone.localdate()


# Instants


def test_an_instant_finds_the_last_entry_made_by_then() -> None:
    assert entry_at(timezone.now()) == 0
    with acting(SETUP):
        for number in range(25):
            create(Vendor, name=f"Vendor {number}")
            if number % 4 == 0:  # numbers that were drawn and never used
                connection.cursor().execute("SAVEPOINT gap")
                Vendor.objects.update(country="IE")
                connection.cursor().execute("ROLLBACK TO gap")
    made = list(Vendor.history.order_by("history_id").values_list("history_id", "history_date"))
    assert made[-1][0] - made[0][0] > 24, "there are gaps"
    before = 0
    for entry, at in made:
        assert entry_at(at) == entry
        assert entry_at(at - timedelta(microseconds=1)) == before
        before = entry
    assert entry_at(datetime(1, 1, 1, tzinfo=UTC)) == 0
    with pytest.raises(FutureError, match="has not happened yet"):
        entry_at(timezone.now() + timedelta(minutes=1))
