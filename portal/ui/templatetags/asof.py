"""Links between the present and the past.

{{ as_of|instant }}                                             20 Nov 2026, 12:00 UTC
{% url "record-detail" slug reference as page %}
<a href="{% as_of_url change.row.history_date page %}">         that page as it stood when this version was written
<a href="{% now_url page %}">                                   that page today, wherever one looks from
"""

from __future__ import annotations

from datetime import datetime

from django import template

from portal.ui import asof

register = template.Library()


@register.filter
def instant(value: datetime | None) -> str:
    """The instant in UTC, as the banner has it."""
    return asof.said(value) if value else ""


@register.simple_tag(takes_context=True)
def as_of_url(context: template.Context, at: datetime, path: str) -> str:
    """The address of a page as it stood at an instant, to the microsecond."""
    return asof.then(context["request"], at, path)


@register.simple_tag(takes_context=True)
def now_url(context: template.Context, path: str) -> str:
    """The address of a page in the present."""
    return asof.now(context["request"], path)
