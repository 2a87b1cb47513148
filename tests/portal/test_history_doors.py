"""History that no door can skip: every way of writing, on every governed model, as the application's role."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from inventory.models import Vendor
from portal.database import add_only_models, append_only_models, governed_models
from portal.history.checks import drift
from portal.history.context import Actor, NoActorError, Source, acting
from portal.ledger.models import LedgerEntry, LedgerPayload
from tests.factories import SINGLE, build, change, create

pytestmark = pytest.mark.django_db

WHO = Actor("u-1", "Helen Okafor", Source.UI, request_id="req-9", reason="because")
ALL = pytest.mark.parametrize("model", governed_models(), ids=lambda m: m.__name__)


def history(instance: models.Model) -> list[Any]:
    return list(type(instance).history.filter(pk__gt=0, id=instance.pk).order_by("history_id"))  # type: ignore[attr-defined]  # added by simple-history


def assert_exact(instance: models.Model, *kinds: str) -> None:
    """One history row for each change, the last one equal to the row, each with its ledger entry."""
    rows = history(instance)
    assert [row.history_type for row in rows] == list(kinds)
    for row in rows:
        assert (row.history_user_id, row.history_user_name, row.history_source) == (WHO.key, WHO.name, "ui")
        assert (row.history_request, row.history_change_reason) == ("req-9", "because")
        entry = LedgerEntry.objects.get(pk=row.history_id)
        payload = LedgerPayload.objects.get(pk=row.history_id)
        inner = hashlib.sha256(bytes(payload.salt) + bytes(payload.payload)).digest()
        assert bytes(entry.leaf) == hashlib.sha256(b"\0" + bytes(entry.header) + inner).digest()
        assert json.loads(bytes(payload.payload))["history_id"] == row.history_id
        assert entry.record == str(instance.pk)
    if kinds[-1] != "-":
        now = type(instance)._default_manager.get(pk=instance.pk)
        for field in rows[-1]._meta.concrete_fields:
            if field.name in {f.name for f in now._meta.concrete_fields}:
                assert getattr(rows[-1], field.attname) == getattr(now, field.attname), field.name


@ALL
def test_save_is_recorded(model: type[models.Model]) -> None:
    with acting(WHO):
        one = create(model)
        name, value = change(one)
        setattr(one, name, value)
        one.save()
    assert_exact(one, "+", "~")


@ALL
def test_bulk_create_is_recorded(model: type[models.Model]) -> None:
    with acting(WHO):
        made = [build(model) for _ in range(1 if model.__name__ in SINGLE else 3)]
        model._default_manager.bulk_create(made)
    for one in made:
        assert_exact(one, "+")


@ALL
def test_update_and_bulk_update_are_recorded(model: type[models.Model]) -> None:
    with acting(WHO):
        both = [create(model) for _ in range(1 if model.__name__ in SINGLE else 2)]
        for door in ("update", "bulk_update"):
            for each in both:
                name, value = change(each)
                setattr(each, name, value)
                if door == "update":
                    model._default_manager.filter(pk=each.pk).update(**{name: value})
                else:
                    model._default_manager.bulk_update([each], [name])
    for each in both:
        assert_exact(each, "+", "~", "~")


@ALL
def test_raw_sql_is_recorded(model: type[models.Model]) -> None:
    table, pk = model._meta.db_table, model._meta.pk.column
    with acting(WHO), connection.cursor() as cursor:
        one = create(model)
        name, value = change(one)
        column = model._meta.get_field(name).column  # type: ignore[union-attr]  # a column
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE "{pk}" = %s', [value, one.pk])
        cursor.execute(f'DELETE FROM "{table}" WHERE "{pk}" = %s', [one.pk])
    assert_exact(one, "+", "~", "-")


@ALL
def test_save_then_update_in_one_transaction_records_both(model: type[models.Model]) -> None:
    with acting(WHO):
        one = create(model)
        for _ in range(2):
            name, value = change(one)
            setattr(one, name, value)
            model._default_manager.filter(pk=one.pk).update(**{name: value})
    assert_exact(one, "+", "~", "~")


def test_set_null_is_recorded_on_the_row_that_lost_its_reference() -> None:
    from inventory.models import DataSource, ModelVersion

    for model, name in ((DataSource, "upstream"), (ModelVersion, "replacement")):
        with acting(WHO):
            target = create(model)
            one = create(model, **{name: target})
            target.delete()
        assert_exact(one, "+", "~")
        pointed = [getattr(row, f"{name}_id") for row in history(one)]
        assert pointed[0] is not None
        assert pointed[1] is None


@ALL
def test_an_update_that_changes_nothing_records_nothing(model: type[models.Model]) -> None:
    with acting(WHO):
        one = create(model)
        one.save()
        name, _value = change(one)
        model._default_manager.filter(pk=one.pk).update(**{name: models.F(name)})
    assert_exact(one, "+")


@ALL
def test_without_an_actor_every_door_is_shut(model: type[models.Model]) -> None:
    with acting(WHO):
        one, unsaved = create(model), build(model)
    name, value = change(one)
    table, pk = model._meta.db_table, model._meta.pk.column

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{table}" WHERE "{pk}" = %s', [one.pk])

    def changed() -> None:
        setattr(one, name, value)
        one.save()

    doors = {
        "save": changed,
        "create": lambda: unsaved.save(force_insert=True),
        "bulk_create": lambda: model._default_manager.bulk_create([unsaved]),
        "update": lambda: model._default_manager.filter(pk=one.pk).update(**{name: value}),
        "raw SQL": raw,
    }
    if model.__name__ in SINGLE:  # a second row is refused for another reason
        del doors["create"], doors["bulk_create"]
    for label, door in doors.items():
        with pytest.raises(DatabaseError, match="No actor"), transaction.atomic():
            door()
        assert len(history(one)) == 1, label


@pytest.mark.parametrize("model", append_only_models(), ids=lambda m: m.__name__)
@pytest.mark.parametrize("verb", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_history_can_be_neither_inserted_changed_nor_removed(model: type[models.Model], verb: str) -> None:
    table, pk = model._meta.db_table, model._meta.pk.column
    sql = {
        "INSERT": f'INSERT INTO "{table}" DEFAULT VALUES',
        "UPDATE": f'UPDATE "{table}" SET "{pk}" = "{pk}"',
        "DELETE": f'DELETE FROM "{table}"',
        "TRUNCATE": f'TRUNCATE "{table}"',
    }[verb]
    with pytest.raises(DatabaseError, match="permission denied"), acting(WHO), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("model", add_only_models(), ids=lambda m: m.__name__)
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_what_the_log_said_of_itself_can_be_neither_changed_nor_removed(model: type[models.Model], verb: str) -> None:
    table = model._meta.db_table
    sql = {
        "UPDATE": f'UPDATE "{table}" SET id = id',
        "DELETE": f'DELETE FROM "{table}"',
        "TRUNCATE": f'TRUNCATE "{table}"',
    }[verb]
    with pytest.raises(DatabaseError, match="permission denied"), acting(WHO), connection.cursor() as cursor:
        cursor.execute(sql)


@ALL
def test_a_governed_table_cannot_be_truncated_or_have_its_triggers_disabled(model: type[models.Model]) -> None:
    table = model._meta.db_table
    for sql in (
        f'TRUNCATE "{table}" CASCADE',
        f'ALTER TABLE "{table}" DISABLE TRIGGER ALL',
        f'DROP TRIGGER muster_upd ON "{table}"',
        "SET session_replication_role = replica",
    ):
        with pytest.raises(DatabaseError), acting(WHO), connection.cursor() as cursor:
            cursor.execute(sql)


@pytest.mark.parametrize("table", ["inventory_vendor", "portal_user"])
def test_a_trigger_function_cannot_be_borrowed_to_forge_history(table: str) -> None:
    """A temporary look-alike table with our trigger on it would write history that never happened."""
    with acting(WHO), connection.cursor() as cursor:
        cursor.execute(f'CREATE TEMP TABLE forged (LIKE public."{table}") ON COMMIT DROP')
        with pytest.raises(DatabaseError, match="permission denied for function"), transaction.atomic():
            cursor.execute(
                f"CREATE TRIGGER borrowed AFTER INSERT ON forged REFERENCING NEW TABLE AS new_rows"
                f' FOR EACH STATEMENT EXECUTE FUNCTION muster."{table}_ins"()'
            )


def test_a_trigger_function_works_for_its_own_table_alone_even_for_the_owner() -> None:
    with acting(WHO), connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'inventory_vendor_ins'")
        assert "TG_RELID <> 'public.\"inventory_vendor\"'::regclass" in cursor.fetchone()[0]


def test_every_model_is_governed_or_says_why_not() -> None:
    """A new model has history, or stands in this list with its reason."""
    from django.apps import apps

    plain = {
        "Job": "bookkeeping about work; what the work changes has history of its own",
        "JobLine": "a job's log",
        "LedgerEntry": "the ledger itself, append-only",
        "LedgerPayload": "the ledger itself, append-only",
    }
    ours = [m for m in apps.get_models() if m._meta.app_label in {"portal", "inventory", "governance", "reports"}]
    histories = {*append_only_models(), *add_only_models()}
    ungoverned = {m.__name__ for m in ours if m not in histories and m not in governed_models()}
    assert ungoverned <= set(plain)


def test_the_triggers_are_those_the_models_ask_for() -> None:
    assert drift() == []


def test_the_database_counts_versions_for_every_door() -> None:
    from portal.records.models import Record

    records = [m for m in governed_models() if issubclass(m, Record)]
    for model in records:
        with acting(WHO):
            one = build(model)
            one.version = 99
            one.save(force_insert=True)
            name, value = change(one)
            model._default_manager.filter(pk=one.pk).update(**{name: value, "version": 7})
        one.refresh_from_db()
        assert one.version == 2, model


def test_an_actor_never_outlives_its_block() -> None:
    from portal.access.models import User

    with acting(WHO):
        one = create(User)
        with acting(Actor("u-2", "Inner", Source.JOB)):
            User.objects.filter(pk=one.pk).update(full_name="by inner")
        User.objects.filter(pk=one.pk).update(full_name="by outer")
    assert [row.history_user_id for row in history(one)] == ["u-1", "u-2", "u-1"]
    with pytest.raises(DatabaseError, match="No actor"), transaction.atomic():
        User.objects.filter(pk=one.pk).update(full_name="by nobody")
    with pytest.raises(NoActorError), acting():
        pass


def test_a_failed_inner_block_gives_the_outer_actor_back() -> None:
    from portal.access.models import User

    with acting(WHO):
        one = create(User)
        with pytest.raises(ZeroDivisionError), acting(Actor("u-2", "Inner", Source.JOB)):
            User.objects.filter(pk=one.pk).update(full_name="lost")
            raise ZeroDivisionError
        User.objects.filter(pk=one.pk).update(full_name="kept")
    assert [row.history_user_id for row in history(one)] == ["u-1", "u-1"]


def test_secrets_stay_out_of_history() -> None:
    from portal.access.models import ApiToken, User

    with acting(WHO):
        user = create(User)
        user.set_password("a new long pass phrase")
        user.save()
        _token, key = ApiToken.issue(user, "sync", "2027-01-01T00:00Z")
    assert len(history(user)) == 1
    payloads = b"".join(bytes(p.payload) for p in LedgerPayload.objects.all())
    assert user.password.encode() not in payloads
    assert key.encode() not in payloads
    assert ApiToken.digest_of(key).encode() not in payloads


def test_history_names_the_columns_that_an_update_changed() -> None:
    with acting(WHO):
        vendor = create(Vendor)
        Vendor.objects.filter(pk=vendor.pk).update(name="Acme Inc", country="CA")
        Vendor.objects.filter(pk=vendor.pk).update(name="Acme Inc")  # nothing
        Vendor.objects.filter(pk=vendor.pk).update(website="https://acme.example")
    assert [row.history_changed for row in history(vendor)] == [[], ["country", "name"], ["website"]]
