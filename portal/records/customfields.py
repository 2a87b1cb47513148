"""Fields that an organization adds without code: read, checked and merged into `Record.custom`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from portal.records.fields import Tristate
from portal.records.models import CustomField, CustomFieldKind

Definitions = dict[str, CustomField]


def definitions(slug: str) -> Definitions:
    """The fields in use for a register, by key."""
    return {field.key: field for field in CustomField.objects.filter(register=slug, is_active=True)}


def merge(fields: Definitions, current: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    """`current` with one key (`name` is "custom.key") or several (`name` is "custom", a mapping) set.

    An empty value removes the key: nothing said is unknown. Raises ValidationError.
    """
    if name == "custom":
        if not isinstance(value, dict):
            raise ValidationError(_("Give the fields of your own as an object of keys and values."))
        given = value
    else:
        given = {name.removeprefix("custom."): value}
    merged = dict(current)
    for key, one in given.items():
        if key not in fields:
            raise ValidationError(_("This register has no field of your own called %s.") % key, code="unknown_field")
        plain = read(fields[key], one)
        if plain is None:
            merged.pop(key, None)
        else:
            merged[key] = plain
    return merged


def read(field: CustomField, value: object) -> Any:
    """A value as JSON keeps it, or None for nothing. Raises ValidationError."""
    text = value.isoformat() if isinstance(value, date) else "" if value is None else str(value).strip()
    if not text:
        return None
    match field.kind:
        case CustomFieldKind.NUMBER:
            try:
                number = Decimal(text)
            except InvalidOperation as exc:
                raise ValidationError(_("“%s” is not a number.") % text) from exc
            if not number.is_finite():
                raise ValidationError(_("“%s” is not a number.") % text)
            return str(number)
        case CustomFieldKind.DATE:
            return forms.DateField().clean(text).isoformat()
        case CustomFieldKind.CHOICE:
            return _one_of(text, {choice: choice for choice in field.choices})
        case CustomFieldKind.FACT:
            return _one_of(
                text, {str(label): str(key) for key, label in Tristate.choices} | {k: k for k in Tristate.values}
            )
        case CustomFieldKind.LINK:
            URLValidator(schemes=["http", "https"])(text)
    return text


def _one_of(text: str, known: dict[str, str]) -> str:
    folded = {label.casefold(): key for label, key in known.items()}
    if text.casefold() not in folded:
        raise ValidationError(_("“%(value)s” is not one of: %(known)s.") % {"value": text, "known": ", ".join(known)})
    return folded[text.casefold()]


def form_field(field: CustomField) -> forms.Field:
    """The field as a form shows it."""
    common: dict[str, Any] = {"label": field.label, "help_text": field.help_text, "required": False}
    match field.kind:
        case CustomFieldKind.NUMBER:
            return forms.DecimalField(**common)
        case CustomFieldKind.DATE:
            return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **common)
        case CustomFieldKind.CHOICE:
            return forms.ChoiceField(choices=[("", "—"), *((c, c) for c in field.choices)], **common)
        case CustomFieldKind.FACT:
            return forms.ChoiceField(choices=[("", Tristate.UNKNOWN.label), *Tristate.choices[:2]], **common)
        case CustomFieldKind.LINK:
            return forms.URLField(assume_scheme="https", **common)
    return forms.CharField(**common)
