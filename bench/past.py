"""A long past, made by SQL: millions of history rows with their ledger entries, as years of work would leave them.

The rows are written by the owner with the guards off, which is why this happens in a database that is thrown away.
Numbers of entries rise with time over all tables, as the one sequence gives them.
"""

from __future__ import annotations

import time
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import models
from psycopg import sql

from inventory.models import (
    Agent,
    AISystem,
    DataFlow,
    DataSource,
    Deployment,
    OrganizationUnit,
    RoleAssignment,
    SystemUse,
    SystemVersion,
    Vendor,
)

PEOPLE: Final = 60
VERSIONS: Final = 10  # of each record
YEARS: Final = 3
# What part of all history rows a table has. Order: what is pointed to comes first.
SHARES: Final[dict[type[models.Model], float]] = {
    OrganizationUnit: 0.002, Vendor: 0.01, DataSource: 0.028, AISystem: 0.30, SystemVersion: 0.10, Deployment: 0.06,
    SystemUse: 0.12, DataFlow: 0.14, RoleAssignment: 0.20, Agent: 0.04,
}  # fmt: skip
_TEXT: Final = "'Supports work of team ' || (n % 977) || repeat(' with care and on time', 9)"


def _value(field: Any, reference: str) -> str:
    """SQL for a column of the n-th record."""
    named = {
        "id": "gen_random_uuid()",
        "reference": f"'{reference}-' || lpad(n::text, 6, '0')",
        "name": "'Record ' || n || ' of ' || md5(n::text)",
        "person_name": "'Person ' || (n %% 300)",
    }
    if field.name in named:
        return named[field.name]
    if isinstance(field, models.ForeignKey):
        wanted = {"system"} if field.model is RoleAssignment else {"unit", "vendor", "system", "data_source"}
        if field.related_model in SHARES and (not field.null or field.name in wanted):
            table = field.related_model._meta.db_table
            return (
                f"(SELECT id FROM keys_{table} WHERE position = (n::bigint * 7919) %% (SELECT count(*) FROM {table}))"
            )
        return "NULL"
    if field.null:
        return "NULL"
    return _plain(field)


def _plain(field: Any) -> str:
    """SQL for a column that must say something and points to nothing."""
    if field.choices:
        keys = ", ".join(f"'{key}'" for key, _label in field.flatchoices if key != "")
        return f"(ARRAY[{keys}])[1 + n %% {len(field.flatchoices)}]"
    match field:
        case models.DateTimeField():
            return "now()"
        case models.IntegerField():
            return "1"
        case models.JSONField():
            return "'{}'::jsonb"
        case models.TextField():
            return _TEXT.replace("%", "%%")
        case models.CharField():
            return "''" if field.blank else f"left('Word ' || (n %% 97), {field.max_length or 100})"
    return "'{}'"


def _live(owner: psycopg.Connection[Any], model: type[models.Model], records: int) -> None:
    prefix = str(model._meta.get_field("reference").prefix)  # type: ignore[union-attr]  # a ReferenceField
    fields = [f for f in model._meta.concrete_fields if not f.generated]
    columns = ", ".join(f'"{f.column}"' for f in fields)
    values = ", ".join(_value(f, prefix) for f in fields)
    table = model._meta.db_table
    statement = f"INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(1, %s) AS n"
    owner.execute(statement, [records])
    placed = f"SELECT row_number() OVER (ORDER BY reference) - 1 AS position, id FROM {table}"
    owner.execute(f"CREATE TEMP TABLE keys_{table} AS {placed}")
    owner.execute(f"CREATE UNIQUE INDEX ON keys_{table} (position)")


def _history(owner: psycopg.Connection[Any], model: type[models.Model], number: int, records: int, total: int) -> None:
    """Ten versions of each record, spread over the years; the first ten percent of a table are its creations."""
    history: Any = model.history.model  # type: ignore[attr-defined]  # added by simple-history
    own = {f.column for f in model._meta.concrete_fields}
    columns = [f.column for f in history._meta.concrete_fields if f.column in own]
    told = [c for c in columns if c not in {"id", "version", "updated_at", "created_at", "reference", "search"}]
    rows = records * VERSIONS
    changing = "ARRAY[" + ", ".join(f"'{c}'" for c in told) + "]"
    # One column changes in one of 2,000 updates; another one did often in the first year and never since.
    changed = (
        f"CASE WHEN k < {records} THEN '{{}}' WHEN k %% 2000 = 0 THEN ARRAY['custom']"
        f" WHEN k < {rows} / 3 AND k %% 3 = 0 THEN ARRAY['tags'] ELSE ARRAY[({changing})[1 + k %% {len(told)}]] END"
    )
    if "tags" in told:
        changing = changing.replace("'tags'", f"'{told[0]}'")
        changed = changed.replace("'tags', ", "")
    picked = ", ".join(f's."{c}"' if c != "version" else f"(k / {records} + 1)::int" for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    is_import = f"(k < {records} OR k / 5000 %% 5 = 0)"
    who = f"CASE WHEN {is_import} THEN 'importer' ELSE 'person-' || floor({PEOPLE} * power(random(), 3)) END"
    statement = f"""
        INSERT INTO {history._meta.db_table} ({names}, history_id, history_date, history_type, history_user_id,
            history_user_name, history_source, history_request, history_change_reason, history_changed)
        SELECT {picked}, g.entry, now() - interval '{YEARS} years' * (1 - g.entry::float / (16.0 * {total} + 16)),
            CASE WHEN k < {records} THEN '+' ELSE '~' END, g.who, initcap(g.who),
            CASE WHEN {is_import} THEN 'import' WHEN k %% 997 = 0 THEN 'connector' WHEN k %% 19 = 0 THEN 'api'
                ELSE 'ui' END,
            CASE WHEN {is_import} THEN 'job ' || (k / 5000) ELSE md5(g.entry::text) END,
            CASE WHEN k %% 3 = 0 THEN 'Checked with the owner and the data protection officer' ELSE '' END, {changed}
        FROM (SELECT k, (k::bigint * {total} / {rows}) * 16 + {number} AS entry, {who} AS who
              FROM generate_series(0, {rows - 1}) AS k) g
        JOIN live s ON s.position = g.k %% {records}"""
    table = model._meta.db_table
    owner.execute("DROP TABLE IF EXISTS live")
    owner.execute(f"CREATE TEMP TABLE live AS SELECT row_number() OVER (ORDER BY id) - 1 AS position, * FROM {table}")
    owner.execute("ANALYZE live")
    owner.execute(statement.replace("%%", "%"))
    owner.execute(
        f"""INSERT INTO portal_ledgerentry (id, table_name, record, header, leaf)
        SELECT history_id, '{table}', id::text, convert_to(jsonb_build_object('v', 1, 'entry', history_id, 'table',
            '{table}', 'record', id::text, 'change', history_type, 'at', history_date)::text, 'UTF8'),
            sha256(history_id::text::bytea) FROM {history._meta.db_table} ORDER BY history_id"""
    )


def fill(database: str, total: int) -> float:
    """Make about `total` history rows in that migrated database. Returns the seconds it took."""
    start = time.perf_counter()
    with psycopg.connect(settings.MIGRATE_DATABASE_URL, dbname=database, autocommit=True) as owner:
        owner.execute("SET maintenance_work_mem = '512MB'")
        owner.execute("SET work_mem = '256MB'")
        owner.execute("SET synchronous_commit = off")
        tables = [m._meta.db_table for m in SHARES] + ["portal_ledgerentry"]
        tables += [m.history.model._meta.db_table for m in SHARES]  # type: ignore[attr-defined]  # added by simple-history
        for table in tables:
            owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        indexes = _without_indexes(owner, tables)
        sizes = {model: max(20, int(total * share / VERSIONS)) for model, share in SHARES.items()}
        for model, records in sizes.items():
            _live(owner, model, records)
        for number, (model, records) in enumerate(sizes.items()):
            _history(owner, model, number, records, total)
        owner.execute("SELECT setval('muster.entry_id', (SELECT max(id) FROM portal_ledgerentry))")
        for definition in indexes:
            owner.execute(definition)
        for table in tables:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
        owner.execute("VACUUM ANALYZE")
    return time.perf_counter() - start


def _without_indexes(owner: psycopg.Connection[Any], tables: list[str]) -> list[str]:
    """Drop what is no constraint, to be built once the rows are there; the statements that build it again."""
    found = owner.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)",
        [tables],
    ).fetchall()
    for name, _definition in found:
        owner.execute(sql.SQL("DROP INDEX public.{}").format(sql.Identifier(name)))
    return [definition for _name, definition in found]
