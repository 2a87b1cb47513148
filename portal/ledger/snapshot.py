"""One state of the database, seen by several connections at once, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

# Formats pinned as in the trigger functions; no time-out, because a whole log may take minutes.
_OPTIONS = (
    "-c statement_timeout=0 -c jit=off -c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601"
    " -c extra_float_digits=1 -c bytea_output=hex -c idle_in_transaction_session_timeout=0"
)
FETCH = 2000


class Snapshot:
    """A read-only transaction and the means to join it from another connection."""

    def __init__(self, name: str | None = None) -> None:
        self.connection = _connect()
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self.connection.read_only = True
        if name is not None:
            self.connection.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(name))
            self.name = name
        else:
            self.name = str(self.one("SELECT pg_export_snapshot()"))
        self._cursors = 0

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def beside(self) -> Iterator[Snapshot]:
        """A second connection that sees the same state."""
        other = Snapshot(self.name)
        try:
            yield other
        finally:
            other.close()

    def one(self, query: str, params: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(_sql(query), params or None).fetchone()
        return row[0] if row else None

    def stream(self, query: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows one after the other, in binary, never all of them in memory."""
        self._cursors += 1
        with self.connection.cursor(f"stream_{self._cursors}", binary=True) as cursor:
            cursor.itersize = FETCH
            cursor.execute(_sql(query), params or None)
            yield from cursor


def _connect() -> psycopg.Connection[tuple[Any, ...]]:
    ours = connection.settings_dict
    more = {key: value for key, value in ours.get("OPTIONS", {}).items() if key.startswith("ssl")}
    return psycopg.connect(
        dbname=str(ours["NAME"]),
        user=ours["USER"] or None,
        password=ours["PASSWORD"] or None,
        host=ours["HOST"] or None,
        port=ours["PORT"] or None,
        options=_OPTIONS,
        **more,
    )


def _sql(query: str) -> psycopg.sql.SQL:
    """Queries here are ours, with names taken from the models."""
    return psycopg.sql.SQL(query)
