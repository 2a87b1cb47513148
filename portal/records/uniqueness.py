"""Uniqueness by set: within a batch and against the table, one query per rule; and constraint errors in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _

from portal.records.rows import Problem


def rules(model: type[models.Model]) -> list[tuple[tuple[str, ...], models.Q | None, str]]:
    """`(field names, condition, message)` of everything unique that a person can write."""
    found: list[tuple[tuple[str, ...], models.Q | None, str]] = [
        ((field.name,), None, _("Another record has this value already."))
        for field in model._meta.concrete_fields
        if field.unique and field.editable and not field.primary_key
    ]
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            custom = constraint.violation_error_message
            standard = constraint.default_violation_error_message
            message = str(custom) if custom != standard else _("Another record has the same values here.")
            found.append((tuple(constraint.fields), constraint.condition, message))
    return found


def violations(model: type[models.Model], records: Sequence[tuple[int, Any]]) -> Iterator[tuple[Problem, int]]:
    """Each row that would break a rule, with the problem and its row number."""
    # A row that is itself being rewritten does not stand in the way of others; the database has the last word.
    rewritten = {record.pk for _number, record in records} if len(records) > 1 else set()
    for names, condition, message in rules(model):
        attnames = [model._meta.get_field(name).attname for name in names]  # type: ignore[union-attr]  # columns only
        first: dict[tuple[Any, ...], tuple[int, Any]] = {}
        for number, record in records:
            values = tuple(getattr(record, attname) for attname in attnames)
            if any(value is None for value in values) or (condition is not None and not _holds(condition, record)):
                continue
            if values in first:
                where = _("row %d says the same.") % first[values][0]
                yield Problem("error", number, None, names[0], "duplicate", f"{message} ({where})"), number
            else:
                first[values] = (number, record)
        if not first:
            continue
        query: models.QuerySet[Any] = model._default_manager.all()
        if condition is not None:
            query = query.filter(condition)
        if len(attnames) == 1:
            query = query.filter(**{f"{attnames[0]}__in": [values[0] for values in first]})
        else:
            lead = {values[0] for values in first}
            query = query.filter(**{f"{attnames[0]}__in": lead})
        for pk, *found in query.values_list("pk", *attnames):
            hit = first.get(tuple(found))
            if hit and hit[1].pk != pk and pk not in rewritten:
                yield Problem("error", hit[0], None, names[0], "taken", message), hit[0]


def _holds(condition: models.Q, record: Any) -> bool:
    """Whether the row falls under the constraint's condition. Simple comparisons need no query; others ask Django."""
    simple = [_compare(child, record) for child in condition.children]
    if None in simple or condition.connector != models.Q.AND:
        values = {f.name: getattr(record, f.attname) for f in record._meta.concrete_fields if not f.generated}
        return condition.check(values)
    return all(simple) != condition.negated


def _compare(child: Any, record: Any) -> bool | None:
    """One `field=value` or `field__isnull=value` of a condition, or None for anything else."""
    if isinstance(child, models.Q):
        return _holds(child, record)
    if not isinstance(child, tuple) or hasattr(child[1], "resolve_expression"):
        return None
    name, _separator, lookup = child[0].partition("__")
    value = getattr(record, record._meta.get_field(name).attname)
    if lookup in ("", "exact"):
        return bool(value == child[1])
    return (value is None) == child[1] if lookup == "isnull" else None


def explain(model: type[models.Model], error: IntegrityError) -> tuple[str | None, str]:
    """`(field, message)` for a constraint that only the database could judge (two at once, for one)."""
    diag = getattr(error.__cause__, "diag", None)
    name = getattr(diag, "constraint_name", None) or ""
    for constraint in model._meta.constraints:
        if constraint.name == name:
            fields = getattr(constraint, "fields", ())
            return (fields[0] if fields else None), str(constraint.get_violation_error_message())
    for field in model._meta.concrete_fields:
        if field.column in name.split("_") or f"_{field.column}_" in f"_{name}_":
            return field.name, _("The database refuses this value: another record has it, or it points nowhere.")
    return None, _("The database refuses this: %s") % (getattr(diag, "message_primary", "") or error)
