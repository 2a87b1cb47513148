"""The register as it stood: every row of a pack is read from history, up to one ledger entry.

The tables of today are never read. So a pack that is made late, or again after a worker was lost, finds what it would
have found at the moment it was asked for, and each row brings its provenance along: version, ledger entry, time, who.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import Max, Min, Q
from django.db.models.functions import Length

from portal.records.models import Record
from portal.records.register import registers
from reports.models import EvidencePack

CHUNK = 2000
SETTLE_SECONDS = 60.0

_OPEN = (
    "SELECT pid, xact_start::text FROM pg_stat_activity WHERE datname = current_database()"
    # The role's own sessions alone: autovacuum has transactions too, changes no record, and may take minutes.
    " AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND usename = current_user"
)


class UnsettledError(RuntimeError):
    """A change that began before the pack was asked for has not ended, so the past is not fixed yet."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a pack stands in time. `before` and `start` are None where it has no period: all up to `entry`."""

    entry: int
    at: datetime
    before: datetime | None = None
    start: datetime | None = None
    observed_from: datetime | None = None

    @classmethod
    def of(cls, pack: EvidencePack) -> Moment:
        """The moment that a pack pins."""
        return cls(
            entry=pack.ledger_entry,
            at=pack.as_of,
            before=midnight(pack.period_to) if pack.period_to else None,
            start=midnight(pack.period_from) if pack.period_from else None,
            observed_from=pack.observation_start,
        )

    @property
    def day(self) -> date:
        """The day on which "in office", "in force" and "due" are judged: the last one of a period, or that of `at`."""
        return (self.before - timedelta(days=1)).date() if self.before else self.at.date()

    def within(self, instant: datetime) -> bool:
        """Whether an instant lies in the period; everything lies in a pack without one."""
        return (self.start is None or instant >= self.start) and (self.before is None or instant < self.before)

    def seen(self) -> Q:
        """The filter for history rows that a pack may see at all."""
        seen = Q(history_id__lte=self.entry)
        return seen & Q(history_date__lt=self.before) if self.before else seen


def midnight(day: date) -> datetime:
    """The first instant of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def history_of(model: type[models.Model]) -> Any:
    """The history model of a governed model."""
    return model.history.model  # type: ignore[attr-defined]  # added by simple-history


def standing(model: type[models.Model], moment: Moment, *, removed: bool | None = None) -> Any:
    """The latest history row of each record, without those that were gone.

    `removed` adds records that were removed within the period (never for a pack without one), so that a period's
    population holds whatever stood at any time in it; by default exactly for packs with a period.
    """
    history = history_of(model)
    latest = (
        history.objects.filter(moment.seen()).order_by().values("id").annotate(last=Max("history_id")).values("last")
    )
    rows = history.objects.filter(history_id__in=latest)
    if removed is None:
        removed = moment.start is not None
    if removed and moment.start is not None:
        return rows.exclude(history_type="-", history_date__lt=moment.start)
    return rows.exclude(history_type="-")


def in_order(model: type[models.Model], rows: Any) -> Iterator[Any]:
    """Rows by reference, as people count them (SYS-999999 before SYS-1000000), never all of them in memory."""
    order: tuple[Any, ...] = (Length("reference"), "reference") if issubclass(model, Record) else ("id",)
    return iter(rows.order_by(*order).iterator(chunk_size=CHUNK))


def observation_start() -> datetime | None:
    """The first change of any register that history holds; None as long as nothing was recorded."""
    found = [
        first
        for register in registers()
        if (first := history_of(register.model).objects.aggregate(first=Min("history_date"))["first"]) is not None
    ]
    return min(found, default=None)


def settle(*, seconds: float = SETTLE_SECONDS) -> None:
    """Wait until each change that is under way now is committed or undone. Raises UnsettledError.

    Numbers of ledger entries are handed out before commit: without this, a late one could appear below the last entry
    of a pack after it was made. Sees the sessions of the application's own role, which is who changes records.
    """
    end = time.monotonic() + seconds
    waiting = _under_way()
    while waiting:
        if time.monotonic() > end:
            raise UnsettledError("A change that began before this pack was made has not ended. Try again when it has.")
        time.sleep(0.2)
        waiting &= _under_way()


def _under_way() -> set[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return set(cursor.fetchall())


class Names:
    """What records were called at that moment: one query for each model that is asked for, and no more."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self._known: dict[type[models.Model], dict[Any, str]] = {}

    def of(self, model: type[models.Model], key: UUID | int | None) -> str:
        """ "SYS-000123 · Sepsis score", or "" for nothing."""
        if key is None:
            return ""
        return self._all(model).get(key, str(key))

    def _all(self, model: type[models.Model]) -> dict[Any, str]:
        if model not in self._known:
            self._known[model] = dict(self._read(model))
        return self._known[model]

    def _read(self, model: type[models.Model]) -> Iterator[tuple[Any, str]]:
        has_history = hasattr(model, "history")
        fields = {field.name for field in model._meta.concrete_fields}
        name = next((f for f in ("name", "full_name", "file_name", "username") if f in fields), "")
        columns = [column for column in ("reference", name) if column in fields]
        # A record that is gone keeps the name it had last.
        if has_history:
            history = history_of(model)
            seen = history.objects.filter(self.moment.seen()).order_by()
            latest = seen.values("id").annotate(last=Max("history_id")).values("last")
            rows: Any = history.objects.filter(history_id__in=latest).order_by()
        else:
            rows = model._default_manager.order_by()
        for key, *parts in rows.values_list("id", *columns).iterator(chunk_size=CHUNK):
            yield key, " · ".join(str(part) for part in parts if part)
