"""Looking back: the register as it stood at an instant, for every query that the ORM makes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import ProgrammingError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.history import past


class FutureError(ValueError):
    """An instant that has not come yet: nobody knows what will stand in the register then."""


class NoPastError(RuntimeError):
    """The views of the past are not there, and without them a page would show the present for the past."""


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where somebody stands who looks back: the instant, and the last ledger entry that was made by then."""

    at: datetime
    entry: int


_standpoint: ContextVar[Standpoint | None] = ContextVar("muster_as_of", default=None)
_complete: set[str] = set()
_MIGRATE = "The past is not there as long as a migration runs; otherwise run `manage.py migrate`"


def standpoint() -> Standpoint | None:
    """Where whoever asks looks back from; None in the present."""
    return _standpoint.get()


def today() -> date:
    """The day on which "in force" and "overdue" are judged: today, or that day when one looks back."""
    looking = _standpoint.get()
    return looking.at.astimezone(UTC).date() if looking else timezone.localdate()


def entry_at(instant: datetime) -> int:
    """The last ledger entry made at or before the instant; 0 before the first. Raises FutureError, NoPastError."""
    if instant > timezone.now():
        raise FutureError(_("That has not happened yet. Choose a date and time that has passed."))
    _require_views()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {past.SCHEMA}.entry_at(%s)", [instant])
            return int(cursor.fetchone()[0])
    except ProgrammingError as error:
        _complete.clear()
        raise NoPastError(_MIGRATE) from error


@contextmanager
def as_of(entry: int, at: datetime | None = None) -> Iterator[Standpoint]:
    """A read-only transaction (or savepoint) in which each governed table is seen as it stood at a ledger entry.

    `at` is the instant that this stands for, now by default. Raises NoPastError.
    """
    _require_views()
    looking = Standpoint(at or timezone.now(), entry)
    before = _standpoint.get()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Against a migration that takes the views away meanwhile. The statement of its own is on purpose: the
            # next one must find the schema as it is after the waiting.
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [past.LOCK])
            cursor.execute(
                "SELECT set_config('muster.as_of', %s, true), set_config('transaction_read_only', 'on', true),"
                # pg_temp last: where it is not named it comes first, and a temporary table could pose as a register.
                f" set_config('search_path', '{past.SCHEMA}, public, pg_temp', true)",
                [str(entry)],
            )
            try:
                cursor.execute(f"SELECT {past.SCHEMA}.entry()")
            except ProgrammingError as error:
                _complete.clear()
                raise NoPastError(_MIGRATE) from error
        _standpoint.set(looking)
        try:
            yield looking
        finally:
            # Not by token: a streamed response may be closed where another context is the current one.
            _standpoint.set(before)
            # Nothing can have been written. Rolling back ends the settings too, in a savepoint as well.
            transaction.set_rollback(True)


def _require_views() -> None:
    """Raise NoPastError unless every view is there: without one, today's rows would show. Asked until it is true."""
    name = str(connection.settings_dict["NAME"])
    if name in _complete:
        return
    lacking = past.missing()
    if lacking:
        raise NoPastError(f"{_MIGRATE}: there is no view for {', '.join(lacking[:3])}")
    _complete.add(name)
