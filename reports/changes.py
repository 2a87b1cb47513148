"""The change history of what a pack holds: every history row in the period, streamed by one query in ledger order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models

from portal.access.models import RoleGrant, User
from portal.records.register import Register
from reports.asof import CHUNK, Moment, history_of
from reports.attachments import Column
from reports.estate import Estate
from reports.populations import ROLES, Population

COLUMNS = (
    Column("ledger_entry", "Ledger entry"),
    Column("recorded_at", "Recorded (UTC)"),
    Column("register", "Register"),
    Column("reference", "Reference"),
    Column("name", "Name"),
    Column("change", "Change"),
    Column("fields", "Fields changed"),
    Column("version", "Version"),
    Column("recorded_by", "Recorded by"),
    Column("recorded_through", "Recorded through"),
    Column("reason", "Reason"),
    Column("request", "Request"),
)
VERBS = {"+": "created", "~": "changed", "-": "removed"}

# Per governed table. Fields changed: the row beside the one before it, columns of the machinery left out.
_ONE = """\
SELECT h.history_id, h.history_date, h.history_type, {slug} AS slug, {reference} AS reference, {name} AS name,
    {version} AS version, h.history_user_name, h.history_source, h.history_change_reason, h.history_request,
    CASE WHEN h.history_type = '~' THEN (
        SELECT array_agg(c.key ORDER BY c.key)
        FROM jsonb_each(to_jsonb(h)) c
        LEFT JOIN LATERAL (
            SELECT to_jsonb(p) AS doc FROM {table} p
            WHERE p.id = h.id AND p.history_id < h.history_id ORDER BY p.history_id DESC LIMIT 1
        ) before ON true
        WHERE c.key NOT LIKE 'history\\_%%' AND c.key NOT IN ('version', 'updated_at')
            AND before.doc IS NOT NULL AND before.doc -> c.key IS DISTINCT FROM c.value
    ) END AS fields
FROM {table} h
WHERE h.history_id <= %s AND h.history_date >= %s AND h.history_date < %s{only}"""


@dataclass(slots=True)
class ChangeCounts:
    """The change history in numbers: by register and verb, by door, by person."""

    by_register: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_source: Counter[str] = field(default_factory=Counter)
    by_person: Counter[str] = field(default_factory=Counter)
    total: int = 0


def stream(made: list[Population], estate: Estate, moment: Moment, counts: ChangeCounts) -> Iterator[list[Any]]:
    """Rows for `COLUMNS`, oldest first; `counts` is filled as they pass."""
    titles = {population.slug: population.title for population in made} | {"people": "People"}
    by_slug = {population.slug: population.register for population in made if population.register}
    parts, params = [], []
    for slug, model, register in _tables(made, estate):
        sql, given = _part(slug, model, register, estate, moment)
        parts.append(sql)
        params += given
    query = " UNION ALL ".join(parts) + " ORDER BY 1"
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, params)
        while rows := cursor.fetchmany(CHUNK):
            for entry, at, kind, slug, reference, name, version, who, source, reason, request, fields in rows:
                verb = VERBS[kind]
                counts.by_register[titles[slug], verb] += 1
                counts.by_source[source] += 1
                counts.by_person[who] += 1
                counts.total += 1
                labels = ", ".join(_label(by_slug.get(slug), column) for column in fields or ())
                yield [entry, at, titles[slug], reference, name, verb, labels, version, who, source, reason, request]


def _tables(made: list[Population], estate: Estate) -> Iterator[tuple[str, type[models.Model], Register | None]]:
    for population in made:
        if population.register is not None:
            yield population.slug, population.model, population.register
    if estate.whole:
        yield ROLES, RoleGrant, None
        yield "people", User, None


def _part(
    slug: str, model: type[models.Model], register: Register | None, estate: Estate, moment: Moment
) -> tuple[str, list[Any]]:
    quote = connection.ops.quote_name
    columns = {f.name for f in model._meta.concrete_fields}
    name = next((f for f in ("name", "full_name", "role") if f in columns), "")
    reference = "reference" if "reference" in columns else "username" if "username" in columns else ""
    sql = _ONE.format(
        slug="%s::text",
        reference=f"h.{quote(reference)}::text" if reference else "''",
        name=f"h.{quote(name)}::text" if name else "''",
        version='h."version"' if "version" in columns else "NULL::integer",
        table=quote(history_of(model)._meta.db_table),
        only="" if estate.whole else " AND h.id = ANY(%s)",
    )
    start, end = moment.start, moment.before
    params: list[Any] = [slug, moment.entry, start or "-infinity", end or "infinity"]
    if not estate.whole:
        params.append(estate.admitted.get(slug, []))
    return sql, params


def _label(register: Register | None, column: str) -> str:
    """The label of a column; its name where no register knows it."""
    if register is None:
        return column
    name = column.removesuffix("_id")
    for candidate in (column, name):
        if any(f.name == candidate for f in register.model._meta.concrete_fields):
            return register.field_label(candidate)
    return column
