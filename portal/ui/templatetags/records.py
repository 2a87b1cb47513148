"""Tags that need a register's declaration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.db import models
from django.utils.safestring import SafeString

from portal.ui.asof import then
from portal.ui.display import shortened
from portal.ui.templatetags.muster import status

register = template.Library()


@register.filter
def with_article(name: str) -> str:
    """ "an AI system", "a vendor": by the first letter, except a u that is spoken as in "unit" and "use"."""
    first = name[:1].lower()
    says_you = name[:3].lower() in {"uni", "use", "usa"}
    return f"{'an' if first in set('aeiou') and not says_you else 'a'} {name}"


@register.filter
def within(label: str) -> str:
    """A label inside a sentence: "Health data" becomes "health data", "AI models" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


@register.filter
def shorten(text: object) -> str:
    """Text of any length inside a sentence: its beginning."""
    return shortened(str(text), 80)


@register.simple_tag(takes_context=True)
def stood_then(context: template.Context, instant: datetime, path: str) -> str:
    """The address of a page as it stood at an instant."""
    return then(context["request"], instant, path)


@register.simple_tag
def record_status(record: Any, name: str, kind: str) -> SafeString:
    """A state of the record as a pill for the page's head."""
    field = record._meta.get_field(name)
    value = getattr(record, name)
    if isinstance(field, models.ForeignKey):
        return status(kind, getattr(value, "key", "none"), pill=True)
    return status(kind, value, pill=True)
