"""Tags that need a register's declaration."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.utils.safestring import SafeString

from portal.ui.templatetags.muster import status

register = template.Library()


@register.simple_tag
def record_status(record: Any, name: str, kind: str) -> SafeString:
    """A state of the record as a pill for the page's head."""
    field = record._meta.get_field(name)
    value = getattr(record, name)
    if isinstance(field, models.ForeignKey):
        return status(kind, getattr(value, "key", "none"), pill=True)
    return status(kind, value, pill=True)
