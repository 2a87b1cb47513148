"""The end of retention: old versions of records lose what they said; that they were, when and by whom, stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection, models, transaction

from portal.access.models import User
from portal.history.context import Source, acting
from portal.history.sql import GovernedTable
from portal.history.tracking import MOVING_COLUMNS
from portal.records.register import Register
from portal.retention.erasing import LOCK, RefusedError, held, may_erase, take_out
from portal.retention.models import CountsFrom, Erasure, ErasureKind, RetentionRule

BATCH: Final = 20_000
# What stays of a pruned version beside who and when: which record it was a version of, and the how manieth.
KEPT: Final = MOVING_COLUMNS | {"reference", "created_at"}


@dataclass(slots=True)
class Pruning:
    """What a run did or would do: versions pruned, kept by rules, kept by holds (with their names)."""

    rules: list[RetentionRule]
    pruned: int = 0
    kept_by_rule: int = 0
    kept_by_hold: int = 0
    holds: set[str] = field(default_factory=set)
    erasures: list[Erasure] = field(default_factory=list)


def rules_for(register: Register) -> list[RetentionRule]:
    """The rules in force that keep versions of that register's records."""
    return [rule for rule in RetentionRule.objects.filter(is_active=True) if rule.covers(register.slug)]


def prune(register: Register, before: datetime, *, user: User, reason: str, dry_run: bool = False) -> Pruning:
    """Prune what was recorded before that instant and no rule keeps any more; as the owner.

    Each batch is a transaction with an `Erasure` of its own. Never the latest version of a record, nor what a hold
    keeps. Raises RefusedError.
    """
    may_erase(user, reason)
    rules = rules_for(register)
    if not rules:
        raise RefusedError(f"No retention rule in force covers {register.slug}: add one first.")
    made = Pruning(rules)
    after = 0
    while True:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(LOCK)
            batch = _candidates(register.model, rules, before, after)
            if not batch:
                return made
            after = batch[-1][0]
            free = [entry for entry, is_free in batch if is_free]
            kept = held(free)
            made.kept_by_rule += len(batch) - len(free)
            made.kept_by_hold += len(kept)
            made.holds |= set(kept.values())
            gone = [entry for entry in free if entry not in kept]
            made.pruned += len(gone)
            if gone and not dry_run:
                ground = _ground(rules)
                with acting(user.actor(Source.SHELL), reason=reason):
                    work = [_work(register.model, gone)]
                    made.erasures.append(
                        take_out(work, user=user, kind=ErasureKind.PRUNE, ground=ground, reason=reason)
                    )


def _ground(rules: list[RetentionRule]) -> str:
    return ("The period has ended of: " + "; ".join(rule.name for rule in rules))[:300]


def _work(model: Any, entries: list[int]) -> dict[str, Any]:
    table = GovernedTable.of(model, model.history.model)
    columns = [column for column in table.columns if column != table.pk and column not in KEPT]
    return {
        "table": table.table,
        "history": table.history,
        "pk": table.pk,
        "columns": [*columns, "history_change_reason"],
        "inside": False,
        "entries": entries,
    }


def _candidates(model: Any, rules: list[RetentionRule], before: datetime, after: int) -> list[tuple[int, bool]]:
    """(entry, whether no rule keeps it) of versions that are old enough, not the latest and not pruned yet."""
    table = GovernedTable.of(model, model.history.model)
    over = [_is_over(rule, model) for rule in rules]
    sql = (
        f"SELECT h.history_id, coalesce(({' AND '.join(text for text, _params in over)}), false)"  # noqa: S608 - names of ours
        f" FROM public.{_q(table.history)} h CROSS JOIN LATERAL ("
        f"SELECT n.history_date AS replaced FROM public.{_q(table.history)} n"
        f" WHERE n.{_q(table.pk)} = h.{_q(table.pk)} AND n.history_id > h.history_id ORDER BY n.history_id"
        " LIMIT 1) later"
        " WHERE h.history_date < %s AND h.history_id > %s AND NOT EXISTS ("
        "SELECT FROM public.portal_erasure e WHERE e.kind = 'prune' AND e.entries @> ARRAY[h.history_id])"
        " ORDER BY h.history_id LIMIT %s"
    )
    params = [*(value for _text, given in over for value in given), before, after, BATCH]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [(int(entry), bool(is_free)) for entry, is_free in cursor.fetchall()]


def _is_over(rule: RetentionRule, model: type[models.Model]) -> tuple[str, list[Any]]:
    """Whether the rule's period has ended for the row `h`, which was replaced at `later.replaced`."""
    match rule.counts_from:
        case CountsFrom.RECORDED:
            start = "h.history_date"
        case CountsFrom.REPLACED:
            start = "later.replaced"
        case _:
            found = _date_of(rule, model)
            if found is None:  # nobody knows when it began
                return "false", []
            start = found
    return f"({start} + make_interval(months => %s)) <= now()", [rule.months]


def _date_of(rule: RetentionRule, model: type[models.Model]) -> str | None:
    """The latest date that the record, or one that it points to, ever had in that field; None for no such field."""
    *way, name = rule.date_field.split(".")
    key, target = "h." + _q(str(model._meta.pk.column)), model
    if len(way) > 1:
        return None
    for step in way:
        relation = _field(target, step)
        if not isinstance(relation, models.ForeignKey) or not isinstance(relation.related_model, type):
            return None
        key, target = "h." + _q(str(relation.column)), relation.related_model
    one = _field(target, name)
    if not isinstance(one, models.DateField) or not hasattr(target, "history"):
        return None
    table = GovernedTable.of(target, target.history.model)
    return (
        f"(SELECT max(x.{_q(str(one.column))})::timestamptz FROM public.{_q(table.history)} x"  # noqa: S608 - names of ours
        f" WHERE x.{_q(table.pk)} = {key})"
    )


def _field(model: type[models.Model], name: str) -> Any:
    return next((one for one in model._meta.concrete_fields if one.name == name), None)


def fields_named(registers: Iterator[Register], path: str) -> list[str]:
    """The slugs of the registers that have the date of a rule."""
    rule = RetentionRule(date_field=path, counts_from=CountsFrom.FIELD)
    return [register.slug for register in registers if _date_of(rule, register.model) is not None]


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
