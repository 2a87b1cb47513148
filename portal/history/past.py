"""The schema `muster_past`: the register as it stood at a ledger entry, as views that are called like the tables.

Whoever puts the schema before `public` in the search path sees, with unchanged queries, each governed table and each
history as it stood at the entry that `muster.as_of` names. `migrate` drops the schema before and makes it anew after,
because a view would stand in the way of a migration; see docs/adr/0008-the-past-is-a-schema.md.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from django.db import connection, models, transaction

from portal.database import app_role, governed_models, roles_are_separate

SCHEMA: Final = "muster_past"
# Taken for writing by whoever changes the schema and for reading by whoever looks back: an advisory lock's key.
LOCK: Final = 5_070_846_187
# Who may look, and what for, is decided by today's rights.
_TODAY: Final = "portal.access"

# Ids of entries rise with time and have gaps. Each step looks at the first entry from the middle on.
_FUNCTIONS: Final = {
    "entry()": """\
RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $muster$
    SELECT current_setting('muster.as_of')::bigint
$muster$""",
    "entry_at(instant timestamptz)": """\
RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    low bigint := 0;
    high bigint := (SELECT max(id) FROM public.portal_ledgerentry);
    middle bigint;
    found bigint;
    made timestamptz;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low + 1) / 2;
        SELECT e.id, (convert_from(e.header, 'UTF8')::jsonb ->> 'at')::timestamptz INTO found, made
            FROM public.portal_ledgerentry e WHERE e.id >= middle ORDER BY e.id LIMIT 1;
        IF made <= instant THEN
            low := found;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$muster$""",
}

# One row for each record that ever was (its first "+": a key may come back after a deletion), and beside it the
# latest of its versions, unless that is its deletion. Both halves are read from indexes of the history table. Only `h`
# has the table's names, so that an expression of the table means the old values.
_AS_IT_STOOD: Final = """\
SELECT {columns}
FROM (
    SELECT b.{pk} AS muster_key FROM public.{history} b
    WHERE b.history_type = '+' AND b.history_id <= {schema}.entry() AND NOT EXISTS (
        SELECT FROM public.{history} e
        WHERE e.{pk} = b.{pk} AND e.history_type = '+' AND e.history_id < b.history_id
    )
) b
CROSS JOIN LATERAL (
    SELECT {kept}, v.history_type AS muster_kind
    FROM public.{history} v
    WHERE v.{pk} = b.muster_key AND v.history_id <= {schema}.entry()
    ORDER BY v.history_id DESC LIMIT 1
) h
WHERE h.muster_kind <> '-'"""

# A computed column is made again from the old values by the table's own expression. Where they are still today's
# values, the table has it ready: words are costly to take apart. It stands outside of the subquery, and so is made for
# the rows that are wanted and not for those that a filter leaves out.
_COMPUTED: Final = """\
coalesce((SELECT l.{column} FROM public.{table} l
        WHERE l.{pk} = b.muster_key AND ({theirs}) IS NOT DISTINCT FROM ({ours})), {expression})"""

_COLUMNS: Final = """\
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',
    coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
    ARRAY(
        SELECT i.attname FROM pg_depend p JOIN pg_attribute i ON i.attrelid = p.refobjid AND i.attnum = p.refobjsubid
        WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.deptype = 'n'
            AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
        ORDER BY i.attnum
    )::text[]
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"""


class Column(NamedTuple):
    """A column as the database has it; of a computed one its expression, and the columns that this reads."""

    name: str
    kind: str
    is_computed: bool
    expression: str
    reads: list[str]


def past_models() -> list[type[models.Model]]:
    """The governed models that can be seen as they stood: not people and their rights, nor what is `present_only`."""
    return [
        model
        for model in governed_models()
        if not model.__module__.startswith(_TODAY) and not getattr(model, "present_only", False)
    ]


def views() -> dict[str, str]:
    """View name → its query, for the tables as they are in the database now; a table that is not there has none."""
    made = {}
    for model in past_models():
        history = model.history.model  # type: ignore[attr-defined]  # added by simple-history
        live, kept = _columns(model._meta.db_table), _columns(history._meta.db_table)
        if live and kept:
            made[model._meta.db_table] = _as_it_stood(model, history._meta.db_table, live, kept)
            names = ", ".join(f"h.{_q(one.name)}" for one in kept)
            made[history._meta.db_table] = (
                f"SELECT {names}\nFROM public.{_q(history._meta.db_table)} h WHERE h.history_id <= {SCHEMA}.entry()"
            )
    return made


def _columns(table: str) -> list[Column]:
    """The columns of a table in their order; none for no table."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [f"public.{_q(table)}"])
        return [Column(*row) for row in cursor.fetchall()]


def _as_it_stood(model: type[models.Model], history: str, live: list[Column], kept: list[Column]) -> str:
    table, types = model._meta.db_table, {one.name: one.kind for one in kept}
    assert model._meta.pk is not None and model._meta.pk.column is not None  # noqa: S101, PT018 - a concrete model has one
    pk = model._meta.pk.column
    shown, used = [], set()
    for one in live:
        column = _q(one.name)
        if one.name == pk:
            shown.append(f"b.muster_key AS {column}")
        elif one.is_computed and set(one.reads) <= types.keys():
            shown.append(f"{_computed(table, pk, one)} AS {column}")
            used |= set(one.reads)
        elif one.name in types:
            cast = "" if types[one.name] == one.kind else f"::{one.kind}"
            shown.append(f"h.{column}{cast} AS {column}")
            used.add(one.name)
        else:
            shown.append(f"NULL::{one.kind} AS {column}")
    return _AS_IT_STOOD.format(
        columns=",\n    ".join(shown),
        kept=", ".join(f"v.{_q(name)}" for name in types if name in used),
        history=_q(history),
        pk=_q(pk),
        schema=SCHEMA,
    )


def _computed(table: str, pk: str, one: Column) -> str:
    if not one.reads:
        return one.expression
    theirs, ours = (", ".join(f"{side}.{_q(name)}" for name in one.reads) for side in ("l", "h"))
    return _COMPUTED.format(
        column=_q(one.name),
        table=_q(table),
        pk=_q(pk),
        theirs=f"ROW({theirs})",
        ours=f"ROW({ours})",
        expression=one.expression,
    )


def remove() -> None:
    """Take the schema away, after the last one who looks back has finished. As the owner, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def install() -> None:
    """Make the schema for the tables as they are now. As the owner, after every migrate."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute("SELECT to_regclass('public.portal_ledgerentry')")
        if cursor.fetchone()[0] is None:
            return  # migrated back to before there was a ledger
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for signature, body in _FUNCTIONS.items():
            cursor.execute(f"CREATE FUNCTION {SCHEMA}.{signature} {body}")
            cursor.execute(f"COMMENT ON FUNCTION {SCHEMA}.{signature} IS '{_digest(body)}'")
        for name, query in views().items():
            # The reader's own rights on the history tables hold: the views give none.
            cursor.execute(f"CREATE VIEW {SCHEMA}.{_q(name)} WITH (security_invoker = true) AS {query}", None)
            cursor.execute("SELECT md5(pg_get_viewdef(%s::regclass))", [f"{SCHEMA}.{_q(name)}"])
            cursor.execute(f"COMMENT ON VIEW {SCHEMA}.{_q(name)} IS '{_digest(query)} {cursor.fetchone()[0]}'")
        cursor.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC")
        if roles_are_separate():
            role = connection.ops.quote_name(app_role())
            cursor.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}")
            cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {role}")
            cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}")


def missing() -> list[str]:
    """The tables that have a past and no view of it: looking back would show their present."""
    wanted = {name for m in past_models() for name in (m._meta.db_table, m.history.model._meta.db_table)}  # type: ignore[attr-defined]  # see above
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relkind = 'v'",
            [SCHEMA],
        )
        return sorted(wanted - {name for (name,) in cursor.fetchall()})


def drift() -> list[str]:
    """What of the schema is missing, outdated or was changed by hand, one line each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, obj_description(c.oid, 'pg_class'), md5(pg_get_viewdef(c.oid)) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'v'",
            [SCHEMA],
        )
        there = {name: (comment, f"{(comment or '').split(' ')[0]} {now}") for name, comment, now in cursor.fetchall()}
        cursor.execute(
            "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = %s",
            [SCHEMA],
        )
        bodies = dict(cursor.fetchall())
    found = [
        f"{SCHEMA}: function {signature} is missing or outdated"
        for signature, body in _FUNCTIONS.items()
        if bodies.get(signature.split("(")[0]) != body.split("$muster$")[1]
    ]
    for name, query in views().items():
        said, is_now = there.get(name, ("", ""))
        if not said or said != is_now or said.split(" ")[0] != _digest(query):
            found.append(f"{name}: view {SCHEMA}.{name} is missing or not for today's columns")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
