"""The timeline of one record: its own changes, and those of everything that points or ever pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, models

from portal.access.models import User
from portal.history.feed import Branch, Clause, history_table, reach
from portal.records.models import ExternalId
from portal.records.register import Register, registers

EXTERNAL: Final = "external-ids"
# Through how many parts of a record (a system's versions) the timeline looks on, at their parts (deployments).
PARTS: Final = 200
# From so many history rows on, what left a record is not looked for record by record any more.
HUB: Final = 4000


@dataclass(frozen=True, slots=True)
class Link:
    """Records of `register` point at the record through the column `column`; `via` leads over a part of it."""

    register: Register
    column: str
    via: Link | None = None


def links_to(register: Register) -> Iterator[Link]:
    """Every relation that leads to a register's records, and on to the parts of those that live with them alone."""
    for other in registers():
        for column in _columns(other, register.model):
            link = Link(other, column)
            yield link
            if other.group or other is register:
                continue
            for further in registers():
                if further is not other and not further.group:
                    yield from (Link(further, each, link) for each in _columns(further, other.model))


def _columns(register: Register, target: type[models.Model]) -> list[str]:
    tracked = {f.name for f in register.model.history.model._meta.concrete_fields}
    return [
        str(field.column)
        for field in register.model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model is target and field.name in tracked
    ]


def own_branch(register: Register, record: Any) -> Branch:
    """The record's own history. Whoever calls has asked whether its reader may see the record."""
    return Branch(register.slug, f"{history_table(register.model)} h", (Clause("h.id = %s", (record.pk,)),))


def link_branches(register: Register, record: Any, user: User) -> list[Branch]:
    """The histories of everything that points at the record, as far as `user` may see it. One query."""
    visible = [
        (link, allowed) for link in links_to(register) if (allowed := reach(link.register.model, user)) is not None
    ]
    direct = [link for link, _allowed in visible if link.via is None]
    sizes = dict(zip(direct, _sizes(direct, record), strict=True))
    made: list[Branch] = []
    for link, allowed in visible:
        if link.via is not None:
            # A part that the reader may not see can still lead to what he may.
            if sizes.get(link.via, 1):
                made.append(_through(link, link.via, record).also(allowed))
        elif sizes[link]:
            made.append(_pointing(link, record).also(allowed))
            made.append(_moved_away(link, record, is_hub=sizes[link] >= HUB).also(allowed))
    made.append(_external_ids(register, record))
    return made


def _sizes(links: list[Link], record: Any) -> list[int]:
    """How many history rows ever pointed here, by link, counted up to HUB: one query."""
    if not links:
        return []
    parts = [
        f"(SELECT count(*) FROM (SELECT FROM {history_table(one.register.model)}"  # noqa: S608 - names of ours
        f" WHERE {connection.ops.quote_name(one.column)} = %s LIMIT {HUB}) AS few)"
        for one in links
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), [record.pk] * len(links))
        return [int(one) for one in cursor.fetchone()]


def _pointing(link: Link, record: Any) -> Branch:
    """Changes of records while they pointed here: a walk over the index of that column."""
    column = connection.ops.quote_name(link.column)
    clause = Clause(f"h.{column} = %s", (record.pk,))
    return Branch(link.register.slug, f"{history_table(link.register.model)} h", (clause,))


def _moved_away(link: Link, record: Any, *, is_hub: bool) -> Branch:
    """The change by which a record stopped pointing here, which itself points elsewhere.

    Looked for among the rows of those that ever pointed here, by record. Where these are too many, among all changes
    of that column; OFFSET 0 keeps PostgreSQL from walking anything else for it.
    """
    table, column = history_table(link.register.model), connection.ops.quote_name(link.column)
    if is_hub:
        origin = (
            f"(SELECT m.history_id, m.id FROM {table} m WHERE m.history_type = '~'"  # noqa: S608 - names of ours
            f" AND m.history_changed @> ARRAY[%s]::text[] AND m.{column} IS DISTINCT FROM %s OFFSET 0) h"
        )
        params: tuple[Any, ...] = (link.column, record.pk)
    else:
        origin = (
            f"(SELECT m.history_id, m.id FROM (SELECT DISTINCT q.id FROM {table} q WHERE q.{column} = %s) e"  # noqa: S608 - names of ours
            f" JOIN {table} m ON m.id = e.id AND m.{column} IS DISTINCT FROM %s OFFSET 0) h"
        )
        params = (record.pk, record.pk)
    before = (
        f"(SELECT p.{column} FROM {table} p WHERE p.id = h.id AND p.history_id < h.history_id"  # noqa: S608 - see above
        " ORDER BY p.history_id DESC LIMIT 1) = %s"
    )
    return Branch(link.register.slug, origin, (Clause(before, (record.pk,)),), params, is_aside=True)


def _through(link: Link, via: Link, record: Any) -> Branch:
    """Changes of what belongs to a part of the record: a system's deployments belong to its versions."""
    table, column = history_table(link.register.model), connection.ops.quote_name(link.column)
    part, part_column = history_table(via.register.model), connection.ops.quote_name(via.column)
    origin = (
        f"(SELECT DISTINCT q.id FROM {part} q WHERE q.{part_column} = %s LIMIT {PARTS}) part"  # noqa: S608 - names of ours
        f" JOIN {table} h ON h.{column} = part.id"
    )
    return Branch(link.register.slug, origin, (), (record.pk,))


def _external_ids(register: Register, record: Any) -> Branch:
    """What other systems call it, and called it once."""
    origin = f"{history_table(ExternalId)} h"
    clause = Clause("h.record_id = %s AND h.register = %s", (record.pk, register.slug))
    return Branch(EXTERNAL, origin, (clause,))


def kinds_of(branches: list[Branch]) -> list[str]:
    """The kinds of record that these branches have any change of: one query."""
    if not branches:
        return []
    parts, params = [], []
    for branch in (one for one in branches if not one.is_aside):
        where = " AND ".join(one.sql for one in branch.clauses) or "true"
        parts.append(f"SELECT %s::text AS kind WHERE EXISTS (SELECT FROM {branch.origin} WHERE {where})")  # noqa: S608 - as in feed.py
        params += [branch.kind, *branch.before_params, *(value for one in branch.clauses for value in one.params)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        return list(dict.fromkeys(kind for (kind,) in cursor.fetchall()))
