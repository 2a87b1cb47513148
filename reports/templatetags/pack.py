"""How numbers, days and states look in a pack: always English, always UTC, whatever the worker's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reports.catalog import format_date

register = template.Library()

_STATES = {
    "complete": ("ok", "Complete"),
    "partial": ("warn", "Partial"),
    "none": ("bad", "None"),
    "external": ("off ext", "External"),
    "outside": ("off out", "Outside"),
}


@register.filter
def num(value: int | None) -> str:
    """ "2,133"; an em dash for nothing."""
    return "—" if value is None else f"{value:,}"


@register.filter
def on(value: date | datetime | None) -> str:
    """ "20 Nov 2026"."""
    if value is None:
        return "—"
    return format_date(value.astimezone(UTC).date() if isinstance(value, datetime) else value)


@register.filter
def instant(value: datetime | None) -> str:
    """ "20 Nov 2026, 09:31 UTC"."""
    return "—" if value is None else f"{on(value)}, {value.astimezone(UTC):%H:%M} UTC"


@register.filter
def evidence_state(state: str) -> SafeString:
    """The state of evidence as a mark and a word."""
    css, word = _STATES[state]
    return format_html('<span class="ev {}">{}</span>', css, word)


@register.filter
def source(item: Any) -> str:
    """Where an item can be checked: "SYS-000123 v3 (entry 4,511, 12 Nov 2026)"."""
    version = f" v{item.version}" if item.version else ""
    return f"{item.reference}{version} (entry {item.entry:,}, {on(item.at)})"


@register.filter
def size(value: int) -> str:
    """Bytes as people read them."""
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if value >= factor:
            return f"{value / factor:,.1f} {unit}"
    return f"{value} B"


@register.filter
def more(records: int, shown: Any) -> str:
    """How many records are not shown."""
    return num(records - len(shown))


@register.filter
def sentences(texts: Any) -> str:
    """Sentences as one list: "Policies and procedures; Training records." """
    return "; ".join(text[:1].lower() + text[1:].rstrip(".") for text in texts) + "."


@register.filter
def column(evidence: Any, populations: Any) -> str:
    """The heading of the column in which a collector's evidence stands."""
    one = evidence.collector
    labels = {made.slug: made.label_of(one.column) for made in populations if made.slug == one.reads}
    return str(labels.get(one.reads, one.column))


@register.filter
def short(citation: str) -> str:
    """A citation for narrow tables: the part of the Code of Federal Regulations stands in their caption."""
    return citation.removeprefix("45 CFR ")


@register.filter
def lookup(mapping: Any, key: str) -> Any:
    """A value of a mapping whose key is a variable."""
    return mapping.get(key, "")


@register.filter
def words(names: Any) -> str:
    """Names of collectors as words: "system purpose, risk classes"."""
    return ", ".join(name.replace("_", " ") for name in names)
