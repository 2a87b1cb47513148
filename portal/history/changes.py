"""The change log: every change of every register that its reader may see, by any mix of filters, at any size.

Each filter is served by an index of each history table, in the order of `history_id`. A period becomes a range of
that number, because entries are numbered in the order in which they are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from portal.access.models import User
from portal.history.asof import entry_at
from portal.history.feed import Branch, Clause, history_table, reach
from portal.records.register import Register, registers

# Two transactions may be given their numbers in the other order than their times: by a few entries, never by many.
SLACK: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the change log is asked for. Days are whole ones in UTC, both ends included; blank means any.

    `people` are actor keys, any of which may have made the change. `column` needs `register`.
    """

    people: tuple[str, ...] = ()
    source: str = ""
    register: Register | None = None
    column: str = ""
    request: str = ""
    start: date | None = None
    end: date | None = None

    @property
    def is_rare(self) -> bool:
        """Whether a walk may be long: a field has no index in order; for person and door, another may be taken."""
        return bool(self.column) or (bool(self.people) and bool(self.source))

    def branches(self, user: User) -> list[Branch]:
        """One branch a register (and person) that `user` may see something of."""
        shared = [*self._of_request(), *self._of_period()]
        if self.source:
            shared.append(Clause("h.history_source = %s", (self.source,)))
        if self.column and self.register is not None:
            shared.append(Clause("h.history_changed @> ARRAY[%s]::text[] AND h.history_type = '~'", (self.column,)))
        made: list[Branch] = []
        for one in [self.register] if self.register is not None else registers():
            allowed = reach(one.model, user)
            if allowed is None:
                continue
            branch = Branch(one.slug, f"{history_table(one.model)} h").also(*shared, allowed)
            people = [Clause("h.history_user_id = %s", (key,)) for key in self.people]
            made += [branch.also(person) for person in people] or [branch]
        return made

    def _of_request(self) -> list[Clause]:
        return [Clause("h.history_request = %s", (self.request,))] if self.request else []

    def _of_period(self) -> list[Clause]:
        made = []
        if self.start is not None:
            first = _midnight(self.start)
            # Nothing has come of a day that has not begun; and no entry has a number below nothing.
            edge = entry_at(first) - SLACK if first <= timezone.now() else None
            made.append(Clause("h.history_date >= %s", (first,)))
            made.append(Clause("h.history_id > %s", (edge,)) if edge is not None else Clause("false"))
        if self.end is not None:
            after = _midnight(self.end) + timedelta(days=1)
            if after <= timezone.now():
                made.append(Clause("h.history_date < %s", (after,)))
                made.append(Clause("h.history_id <= %s", (entry_at(after) + SLACK,)))
        return made


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def called(key: str, branches: list[Branch]) -> str:
    """What an actor was called in the latest change of these branches that they made; blank if there is none."""
    mine = [one.also(Clause("h.history_user_id = %s", (key,))) for one in branches]
    parts, params = [], []
    for branch in mine:
        where = " AND ".join(one.sql for one in branch.clauses)
        parts.append(
            f"(SELECT h.history_id, h.history_user_name FROM {branch.origin} WHERE {where}"  # noqa: S608 - as in feed.py
            " ORDER BY h.history_id DESC LIMIT 1)"
        )
        params += [*branch.before_params, *(value for one in branch.clauses for value in one.params)]
    if not parts:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1 DESC LIMIT 1", params)
        found: Any = cursor.fetchone()
    return str(found[1]) if found else ""
