"""How a value looks, one place for lists, pages, diffs and files: HTML for people, plain text for files."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.html import format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.records.fields import FactField, Tristate
from portal.records.models import CustomField, CustomFieldKind, Record
from portal.records.register import Register, register_of
from portal.ui.templatetags.muster import day, moment, status

NOTHING = "—"


def plain(register: Register, record: Any, name: str) -> Any:
    """A value for a file: text, number or date; labels instead of keys, references instead of ids."""
    field = register.model._meta.get_field(name)
    if isinstance(field, models.ForeignKey):
        target = getattr(record, name)
        if target is None:
            return ""
        return f"{target.reference} · {target}" if isinstance(target, Record) else str(target)
    value = getattr(record, name)
    if value is None:
        return ""
    if getattr(field, "choices", None):
        return str(getattr(record, f"get_{name}_display")())
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0)
    return value if isinstance(value, int | float | Decimal | date) else str(value)


def is_known(register: Register, record: Any, name: str) -> bool:
    """Whether the fact is known: neither blank nor "unknown"."""
    field: Any = register.model._meta.get_field(name)
    value = getattr(record, field.attname)
    return value not in (None, "", [], "unknown")


def cell(register: Register, record: Any, name: str, *, long: bool = False) -> SafeString | str:
    """A value as HTML. `long` keeps the paragraphs of long text, as a record's page wants it."""
    field = register.model._meta.get_field(name)
    kind = register.statuses.get(name)
    if kind and isinstance(field, models.ForeignKey):
        target = getattr(record, name)
        return status(kind, getattr(target, "key", "none"), text=str(target) if target else "")
    value = getattr(record, name)
    if kind:
        return status(kind, value)
    if isinstance(field, FactField):
        return str(getattr(record, f"get_{name}_display")()) if value != "unknown" else unknown()
    if isinstance(field, models.ForeignKey):
        return linked(value)
    if value in (None, "", []):
        return muted(NOTHING)
    if getattr(field, "choices", None):
        label = str(getattr(record, f"get_{name}_display")())
        return unknown() if value == "unknown" else label
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return format_html('<span class="nowrap">{}</span>', day(value))
    if isinstance(value, list):
        return format_html_join(" ", '<span class="tag">{}</span>', ((item,) for item in value))
    if isinstance(field, models.URLField):
        return format_html('<a href="{0}" rel="noreferrer noopener">{0}</a>', value)
    if isinstance(field, models.TextField):
        return paragraphs(value) if long else format_html('<span class="long">{}</span>', shortened(str(value)))
    return str(value)


def paragraphs(text: str) -> SafeString:
    """Long text on a record's page: as it was written, escaped."""
    return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308 - escaped by `linebreaks`


def own_words(definition: CustomField | None, value: Any) -> str:
    """The value of a field of one's own in words; nothing for nothing."""
    if value in (None, ""):
        return ""
    if definition is not None and definition.kind == CustomFieldKind.FACT:
        return str(dict(Tristate.choices).get(value, value))
    if definition is not None and definition.kind == CustomFieldKind.DATE:
        try:
            return day(date.fromisoformat(value))
        except ValueError:
            return str(value)
    return str(value)


def own_cell(definition: CustomField, value: Any) -> SafeString | str:
    """The same as HTML: links lead somewhere."""
    if definition.kind == CustomFieldKind.LINK and str(value).startswith(("https://", "http://")):
        return format_html('<a href="{0}" rel="noreferrer noopener">{0}</a>', value)
    return own_words(definition, value)


def shortened(text: str, limit: int = 160) -> str:
    """Long text in a list: its beginning."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def muted(text: str) -> SafeString:
    return format_html('<span class="muted">{}</span>', text)


def unknown() -> SafeString:
    """What nobody has said yet: never printed as "no"."""
    return format_html('<span class="unknown">{}</span>', _("Unknown"))


def linked(target: Any) -> SafeString | str:
    """A record as a link to its page."""
    if target is None:
        return muted(NOTHING)
    register = register_of(type(target))
    if register is None:
        return str(target)
    return format_html('<a class="plain" href="{}">{}</a>', register.url("detail", target), str(target))


def history_value(register: Register | None, field: Any, value: Any, names: dict[tuple[Any, Any], str]) -> str:
    """A value of a history row in words. `names` maps (model, key) to what the record was called."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(field, models.ForeignKey):
        return names.get((field.related_model, value), str(value))
    if getattr(field, "choices", None):
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {one}" for key, one in sorted(value.items()))
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value)
