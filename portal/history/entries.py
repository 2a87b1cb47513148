"""The rows behind the keys of a page: each with the row before it, and the names of what they point to, as of then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, models

from portal.access.models import User
from portal.history.feed import history_table, reach

# By which of its columns a record is called, the first that says something.
CALLED: Final = ("name", "full_name", "file_name", "reference", "username")

# (model, key, history_id) → what the record with that key was called at that entry.
Names = dict[tuple[Any, Any, int], str]


@dataclass(slots=True)
class Entry:
    """One history row, and the same record's row before it (None for its first)."""

    kind: str
    model: type[models.Model]
    row: Any
    older: Any = None


def entries(keys: Sequence[tuple[int, str]], kinds: dict[str, type[models.Model]]) -> list[Entry]:
    """The rows of these (history_id, kind), in their order: one query a kind."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for history_id, kind in keys:
        wanted[kind].append(history_id)
    found: dict[int, Entry] = {}
    for kind, ids in wanted.items():
        model = kinds[kind]
        rows, before = _with_older(model, ids)
        for history_id, row in rows.items():
            found[history_id] = Entry(kind, model, row, before.get(history_id))
    return [found[history_id] for history_id, _kind in keys if history_id in found]


def _with_older(model: type[models.Model], ids: list[int]) -> tuple[dict[int, Any], dict[int, Any]]:
    """Rows by their id; and for each change or removal, the row that it came after."""
    history: Any = model.history.model  # type: ignore[attr-defined]  # added by simple-history
    table = history_table(model)
    sql = (
        f"SELECT h.*, NULL::bigint AS after_it FROM {table} h WHERE h.history_id = ANY(%s)"  # noqa: S608 - a name of ours
        f" UNION ALL SELECT p.*, h.history_id FROM {table} h CROSS JOIN LATERAL ("
        f"SELECT * FROM {table} o WHERE o.id = h.id AND o.history_id < h.history_id"
        " ORDER BY o.history_id DESC LIMIT 1) p WHERE h.history_id = ANY(%s) AND h.history_type <> '+'"
    )
    rows: dict[int, Any] = {}
    before: dict[int, Any] = {}
    for row in history.objects.raw(sql, [ids, ids]):
        if row.after_it is None:
            rows[row.history_id] = row
        else:
            before[row.after_it] = row
    return rows, before


def foreign_keys(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """The relations of a governed model that its history keeps."""
    history: Any = model.history.model  # type: ignore[attr-defined]  # added by simple-history
    tracked = {field.name for field in history._meta.concrete_fields}
    return [f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey) and f.name in tracked]


def names(found: Iterable[Entry], user: User) -> Names:
    """What all these rows point to, as it was called then: one query. Whatever the reader may not see is missing."""
    wanted: dict[Any, set[tuple[Any, int]]] = defaultdict(set)
    for entry in found:
        for field in foreign_keys(entry.model):
            for row in (entry.row, entry.older):
                value = getattr(row, field.attname, None)
                if value is not None:
                    wanted[field.related_model].add((value, entry.row.history_id))
    parts, params, by_label = [], [], {}
    for model, pairs in wanted.items():
        allowed = reach(model, user)
        if allowed is None:
            continue
        by_label[model._meta.label] = model
        ids, at = zip(*sorted(pairs, key=str), strict=True)
        parts.append(_names_of(model) + (f" WHERE {allowed.sql}" if allowed.sql else ""))
        params += [model._meta.label, [str(one) for one in ids], list(at), *allowed.params]
    if not parts:
        return {}
    called: Names = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        for label, key, at, name in cursor.fetchall():
            model = by_label[label]
            called[model, model._meta.pk.to_python(key), at] = name
    return called


def _names_of(model: Any) -> str:
    """A SELECT of (label, key, entry, name) for arrays of keys and entries; the record's rows are called h."""
    columns = {field.column for field in model._meta.concrete_fields}
    said = ", ".join(f"NULLIF(h.{name}, '')" for name in CALLED if name in columns) or "h.id::text"
    table = history_table(model) if hasattr(model, "history") else ""
    kind = model._meta.pk.db_type(connection)
    if not table:  # no history: what it is called today
        live = connection.ops.quote_name(model._meta.db_table)
        latest = f"(SELECT * FROM {live} t WHERE t.id = k.id::{kind}) h"  # noqa: S608 - names of ours
    else:
        latest = (
            f"(SELECT * FROM {table} t WHERE t.id = k.id::{kind} AND t.history_id <= k.entry"  # noqa: S608 - names of ours
            " ORDER BY t.history_id DESC LIMIT 1) h"
        )
    return (
        f"SELECT %s::text, k.id, k.entry, COALESCE({said})"  # noqa: S608 - names of ours
        f" FROM unnest(%s::text[], %s::bigint[]) AS k(id, entry) CROSS JOIN LATERAL {latest}"
    )
