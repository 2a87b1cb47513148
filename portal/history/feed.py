"""Changes of many tables as one stream, newest first, however long the histories are.

Each table gives a branch: a walk over one of its indexes in the order of `history_id`, which is one number for the
whole register, cut off after a page. PostgreSQL merges the branches; only then are the rows of that page read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models, transaction
from psycopg.errors import QueryCanceled

from portal.access.models import User
from portal.access.roles import Action

PAGE: Final = 50
PATIENCE: Final = 250  # milliseconds that a walk may take where the filters may have little in common
DIGITS: Final = 18  # of a history id: any number that long fits its column


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition on the history rows `h` of a branch; empty for none."""

    sql: str = ""
    params: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """The history rows of one table that belong to a stream. `kind` says what they are rows of."""

    kind: str
    origin: str  # what stands after FROM; the history rows are called h there
    clauses: tuple[Clause, ...] = ()
    before_params: tuple[Any, ...] = ()  # the parameters of `origin`
    is_aside: bool = False  # another branch of its kind always has something where this one has

    def also(self, *clauses: Clause) -> Branch:
        """The same branch, narrowed."""
        return replace(self, clauses=(*self.clauses, *(one for one in clauses if one.sql)))


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a stream: the newest, those older than `before`, or the next ones newer than `after`."""

    before: int | None = None
    after: int | None = None
    size: int = PAGE

    @classmethod
    def read(cls, query: Any) -> Window:
        """From a page's query string; what is no number means nothing."""
        return cls(before=number(query.get("before", "")), after=number(query.get("after", "")))


@dataclass(frozen=True, slots=True)
class Page:
    """(history_id, kind) of each change, newest first; `older` and `newer` are where the neighbors begin."""

    keys: list[tuple[int, str]]
    older: int | None = None
    newer: int | None = None


def number(text: str) -> int | None:
    """A history id from an address: a plain number that its column can hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def history_table(model: type[models.Model]) -> str:
    """The quoted name of a governed model's history table."""
    history: Any = model.history.model  # type: ignore[attr-defined]  # added by simple-history
    return connection.ops.quote_name(history._meta.db_table)


def reach(model: type[models.Model], user: User) -> Clause | None:
    """What of a model's history its reader may see, as a condition on `h`; None for nothing at all.

    Who may see every record sees deleted ones too. Who may see some sees the history of those that are there.
    """
    manager: Any = model._default_manager
    if not hasattr(manager, "restrict"):
        return Clause()
    visible = manager.restrict(user, Action.VIEW).order_by()
    if visible.query.is_empty():
        return None
    if not visible.query.where:
        return Clause()
    try:
        sql, params = visible.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return None
    return Clause(f"h.id IN ({sql})", tuple(params))


def page_of(branches: Sequence[Branch], window: Window, *, is_rare: bool = False) -> Page:
    """One page of the stream: one query.

    `is_rare` says that no single index serves the filters, so that a walk may pass by millions of rows in vain. Then
    it is tried for a moment, and given up for gathering all that matches, which is quick where little does.
    """
    if not branches:
        return Page([])
    upward = window.after is not None
    found = _hurried(branches, window) if is_rare else _keys(branches, window)
    if found is None:
        found = _keys(branches, window, gather=True)
    more = len(found) > window.size
    found = found[: window.size]
    if upward:
        found.reverse()
    if not found:
        return Page([], older=window.after + 1 if window.after is not None else None, newer=None)
    newest, oldest = found[0][0], found[-1][0]
    return Page(
        found,
        older=oldest if upward or more else None,
        newer=newest if (more if upward else window.before is not None) else None,
    )


def walk(branches: Sequence[Branch], size: int, *, is_rare: bool = False) -> Iterator[list[tuple[int, str]]]:
    """The whole stream, newest first, in pieces of `size`: each takes up where the one before ended."""
    before: int | None = None
    while branches:
        page = page_of(branches, Window(before=before, size=size), is_rare=is_rare)
        if page.keys:
            yield page.keys
        before = page.older
        if before is None:
            return


def _hurried(branches: Sequence[Branch], window: Window) -> list[tuple[int, str]] | None:
    """The keys by walking, or None if that takes longer than PATIENCE."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (usual,) = cursor.fetchone()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
            found = _keys(branches, window)
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [usual])
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def _keys(branches: Iterable[Branch], window: Window, *, gather: bool = False) -> list[tuple[int, str]]:
    """The keys of a page. `gather` keeps PostgreSQL from walking for their order (OFFSET 0), whatever it expects."""
    upward = window.after is not None
    parts, params = [], []
    for branch in branches:
        where = [one.sql for one in branch.clauses]
        given = [*branch.before_params, *(value for one in branch.clauses for value in one.params)]
        edge = window.after if upward else window.before
        if edge is not None:
            where.append("h.history_id > %s" if upward else "h.history_id < %s")
            given.append(edge)
        order = "ASC" if upward else "DESC"
        source = branch.origin + (f" WHERE {' AND '.join(where)}" if where else "")
        if gather:
            source = f"(SELECT h.history_id FROM {source} OFFSET 0) h"  # noqa: S608 - names are ours, values params
        select = f"SELECT h.history_id, %s::text AS kind FROM {source}"  # noqa: S608 - see above
        parts.append(f"({select} ORDER BY h.history_id {order} LIMIT %s)")
        params += [branch.kind, *given, window.size + 1]
    # The same change may come by two ways (an agent that calls itself): it counts once.
    sql = f"SELECT DISTINCT history_id, kind FROM ({' UNION ALL '.join(parts)}) AS merged ORDER BY history_id "  # noqa: S608 - see above
    with connection.cursor() as cursor:
        cursor.execute(sql + ("ASC" if upward else "DESC") + " LIMIT %s", [*params, window.size + 1])
        return [(int(history_id), str(kind)) for history_id, kind in cursor.fetchall()]
