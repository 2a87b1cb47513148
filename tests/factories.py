"""One valid row of any governed model, from its fields: nobody has to remember a factory for a new register."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

_numbers = itertools.count(1)


# Models with a rule that field types alone do not tell.
def _special() -> dict[str, dict[str, Any]]:
    from inventory.models import AISystem, DataSource

    return {
        "RoleAssignment": {"system": lambda _n: create(AISystem), "person_name": "Dana Whitfield"},
        "DataFlow": {"data_source": lambda _n: create(DataSource)},
        "Document": {"attached_to": "SYS-000001", "url": "https://example.org/document"},
    }


# Tables of one row.
SINGLE = {"OpeningBalance"}


def build(model: type[models.Model], **values: Any) -> Any:
    """An unsaved, valid instance; what it must point to is created. Call inside `acting(...)`."""
    n = next(_numbers)
    special = _special().get(model.__name__, {})
    for field in model._meta.concrete_fields:
        name = field.name
        if name in values or field.primary_key or field.generated or name in {"reference", "version"}:
            continue
        if name in special:
            made = special[name]
            values[name] = made(n) if callable(made) else made
        elif field.has_default() or field.null:
            continue
        elif isinstance(field, models.ForeignKey):
            values[name] = create(field.related_model)
        elif not field.blank:
            values[name] = _value(field, n)
    return model(**values)


def create(model: type[models.Model], **values: Any) -> Any:
    """The same, saved."""
    instance = build(model, **values)
    instance.save(force_insert=True)
    instance.refresh_from_db()
    return instance


def change(instance: models.Model) -> tuple[str, Any]:
    """A field of the row, and another valid value for it."""
    n = next(_numbers)
    history = type(instance).history.model  # type: ignore[attr-defined]  # added by simple-history
    tracked = {f.name for f in history._meta.concrete_fields}
    fields = [f for f in instance._meta.concrete_fields if f.name in tracked]
    for field in fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
        has_form = isinstance(field, models.SlugField | models.EmailField | models.URLField)
        if is_text and not has_form and field.editable and field.name != "reference":
            return field.name, f"changed {n}"[: field.max_length or 100]
    for field in fields:
        if field.choices and field.editable:
            now = getattr(instance, field.name)
            return field.name, next(key for key, _label in field.flatchoices if key != now)
    raise AssertionError(f"{type(instance).__name__} has no field a test could change")


def _value(field: Any, n: int) -> Any:
    if field.choices:
        return field.flatchoices[0][0]
    match field:
        case ArrayField():
            return []
        case models.UUIDField():
            return uuid.uuid4()
        case models.DateTimeField():
            return datetime(2026, 1, 1, tzinfo=UTC)
        case models.DateField():
            return date(2026, 1, 1)
        case models.DecimalField():
            return Decimal(1)
        case models.IntegerField():
            return n
        case models.BooleanField():
            return False
        case models.JSONField():
            return {}
        case models.EmailField():
            return f"person{n}@example.org"
        case models.URLField():
            return f"https://example.org/{n}"
        case models.SlugField():
            return f"slug-{n}"
    return f"{field.name} {n}"[: field.max_length or 200]
