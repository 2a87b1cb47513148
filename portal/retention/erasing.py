"""Erasing the personal data of one person: from the live rows by an ordinary change, then from all history."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, connection, models, transaction

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Source, acting
from portal.history.sql import GovernedTable
from portal.records.ids import uuid7
from portal.retention.finding import Portion, Subject, check, live_value, portions, work_for
from portal.retention.models import Erasure, ErasureKind

# The lock that muster.erase_entries takes itself: whoever comes second looks only when the first is done.
LOCK: Final = "SELECT pg_advisory_xact_lock(5567, 2)"
HELD: Final = "MU004"


class HeldError(Exception):
    """A legal hold keeps some of it. The message names the hold."""


class RefusedError(Exception):
    """It may not be done, or not so. The message says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an erasure took: from which columns, and how many entries; None where there was nothing to erase."""

    found: list[Portion]
    erasure: Erasure | None


def may_erase(user: User, ground: str) -> None:
    """Raise RefusedError unless this person may erase, on this ground."""
    if not user.can(Action.ADMINISTER):
        raise RefusedError(f"{user.username} is no administrator: only they may erase.")
    if not ground.strip():
        raise RefusedError("Give the ground: nothing is erased without one.")


def erase_person(subject: Subject, *, user: User, ground: str, reason: str = "") -> Done:
    """Erase, in one transaction; as the owner. Raises SubjectError, HeldError, RefusedError."""
    may_erase(user, ground)
    if subject.person is not None and subject.person.pk == user.pk:
        raise RefusedError("Nobody erases themselves: somebody else has to do it.")
    with _holds_named(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK)
        check(subject)
        said = f"{ground} {reason}".lower()
        if any(term.lower() in said for term in subject.terms):
            raise RefusedError("The ground or the reason names the person. It stays in the register: say it otherwise.")
        found = portions(subject)
        if not found:
            return Done([], None)
        with acting(user.actor(Source.SHELL), reason=ground):
            _change_live(found, subject)
            for one in found:
                one.find(live=False)
            erasure = take_out(
                work_for(found), user=user, kind=ErasureKind.PERSON, ground=ground, reason=reason, terms=subject.terms
            )
    return Done(found, erasure)


@contextmanager
def _holds_named() -> Iterator[None]:
    """What the database says of a legal hold, as a HeldError."""
    try:
        yield
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == HELD:
            raise HeldError(str(error).splitlines()[0]) from error
        raise


def _change_live(found: list[Portion], subject: Subject) -> None:
    """One change of each row, whatever the number of its columns: the last version is one without the data."""
    by_model: dict[type[models.Model], list[Portion]] = defaultdict(list)
    for one in found:
        if one.live:
            by_model[one.model].append(one)
    for model, columns in by_model.items():
        sets: list[str] = []
        params: list[Any] = []
        for one in columns:
            name, value = _q(one.column), live_value(model, one.column, inside=one.inside)
            sets.append(f"{name} = CASE WHEN {one.where.text} THEN {value} ELSE r.{name} END")
            params += [*one.where.params, *([list(subject.terms)] if one.inside else [])]
        for column, value in {key: value for one in columns for key, value in one.also.items()}.items():
            sets.append(f"{_q(column)} = %s")
            params.append(value)
        pk, keys = _q(str(model._meta.pk.column)), sorted({key for one in columns for key in one.live})
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE public.{_q(model._meta.db_table)} r SET {', '.join(sets)} WHERE r.{pk}::text = ANY(%s)",  # noqa: S608 - names of ours
                [*params, keys],
            )


def take_out(
    work: list[dict[str, Any]], *, user: User, kind: ErasureKind, ground: str, reason: str, terms: Iterable[str] = ()
) -> Erasure:
    """Call the one function that empties history. Somebody must be acting. Raises HeldError."""
    said: dict[str, Any] = {
        "id": str(uuid7()),
        "kind": kind.value,
        "ground": ground,
        "reason": reason,
        "by_id": str(user.pk),
        "fields": summary(work),
    }
    with _holds_named(), connection.cursor() as cursor:
        cursor.execute("SELECT muster.erase_entries(%s, %s, %s)", [json.dumps(said), json.dumps(work), list(terms)])
    return Erasure.objects.get(pk=said["id"])


def summary(work: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which columns of which tables, in how many rows: what an erasure says of itself."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for item in work:
        for column in item["columns"]:
            counts[item["table"], column] += len(item["entries"])
    return [{"table": table, "column": column, "rows": n} for (table, column), n in sorted(counts.items())]


def held(entries: list[int]) -> dict[int, str]:
    """Entry → the name of a legal hold that keeps it. As the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT h.entry_id, h.hold_name FROM muster.held(%s) h", [entries])
        return dict(cursor.fetchall())


def sweep(found: Iterable[type[models.Model]]) -> None:
    """Free what the erased versions of rows took, and make the planner's statistics, which quote values, anew.

    As the owner, outside of a transaction. PostgreSQL keeps a dead row as long as some older transaction may see it.
    """
    tables = {"portal_ledgerpayload", "portal_erasure"}
    for model in found:
        tables.add(model._meta.db_table)
        history = getattr(model, "history", None)
        if history is not None:
            tables.add(GovernedTable.of(model, history.model).history)
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"VACUUM (ANALYZE) public.{_q(table)}")


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
