"""What templates say in one word: icons, states, people, days, and links that change the query string.

{% load muster %}
{% icon "plus" %}                           {% icon "lock" label=_("Locked") %}
{% status "stage" record.stage %}           {% status "approval" "valid" text="Valid to May" pill=True %}
{{ person.name|initials }}                  {% person user %}
{{ record.review_on|day }}                  {% moment event.at %}   {% moment event.at relative=True %}
{% completeness 7 9 %}
<a href="{% query_with sort="-name" %}">    <a href="{% query_without "stage" "live" %}">
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.ui.vocabulary import Status, status_of

register = template.Library()

SPRITE = "muster/icons.svg"
METER_SEGMENTS = 20  # more would be thinner than the gap between two
TITLES = {"dr", "prof", "mr", "mrs", "ms", "mx", "sir", "dame", "rev"}


@register.simple_tag
def icon(name: str, css: str = "", *, label: str = "") -> SafeString:
    """An icon of the sprite: decoration, or with ``label`` an image that says something."""
    classes = f"i {css}".strip()
    href = f"{static(SPRITE)}#{name}"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, href)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@register.simple_tag
def status(kind: str, value: object, *, text: str = "", pill: bool = False, loud: bool | None = None) -> SafeString:
    """A state as icon and word. ``text`` replaces the word ("Valid to May"); ``pill`` is for page heads."""
    state = status_of(kind, value)
    is_loud = state.loud if loud is None else loud
    classes = " ".join(filter(None, ["st", "pill" if pill else "", state.tone, "loud" if is_loud else ""]))
    word = _word(state, text, pill=pill)
    return format_html('<span class="{}">{}{}</span>', classes, icon(state.icon), word)


def _word(state: Status, text: str, *, pill: bool) -> SafeString:
    if text or not state.long:
        return format_html("{}", text or state.label)
    if pill:
        return format_html("{}", state.long)
    # On a phone a list has no column heads, so there the longer word stands.
    return format_html('<span class="word">{}</span><span class="phone">{}</span>', state.label, state.long)


@register.simple_tag
def vocabulary(kind: str, value: object) -> Status:
    """The parts of a state: ``{% vocabulary "message" message.level_tag as state %}{{ state.tone }}``."""
    return status_of(kind, value)


def _name(person: object) -> str:
    """The full name of a user, or its key where there is none; a string stands for itself."""
    full_name = getattr(person, "get_full_name", None)
    name = full_name() if callable(full_name) else person
    if not name and hasattr(person, "get_username"):
        name = person.get_username()
    return str(name or "").strip()


@register.filter
def initials(person: object) -> str:
    """First and last initial of a user or a name, without title: "Dr Tomas Lindqvist" is TL."""
    words = [word for word in re.split(r"[\s._@]+", _name(person)) if word and word[0].isalnum()]
    named = [word for word in words if word.casefold().rstrip(".") not in TITLES] or words
    if not named:
        return "?"
    return (named[0][0] + (named[-1][0] if len(named) > 1 else "")).upper()


@register.simple_tag
def person(someone: object, css: str = "") -> SafeString:
    """A face with initials, and the name."""
    return format_html(
        '<span class="who"><span class="{}" aria-hidden="true">{}</span>{}</span>',
        f"face {css}".strip(),
        initials(someone),
        _name(someone),
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """ "20 Nov 2026", in UTC; empty for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = value.astimezone(UTC)
    return format_date(value, "j M Y")


@register.simple_tag
def moment(value: datetime | None, *, relative: bool = False) -> SafeString:
    """An instant in UTC; muster.js shows it in the reader's zone, or as "3 days ago" with ``relative``."""
    if value is None:
        return SafeString("")
    instant = (value if timezone.is_aware(value) else value.replace(tzinfo=UTC)).astimezone(UTC)
    text = f"{format_date(instant, 'j M Y, H:i')} UTC"
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}"{}>{}</time>',
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        text,
        SafeString(" data-relative") if relative else "",
        text,
    )


@register.simple_tag
def completeness(done: int, total: int, css: str = "") -> SafeString:
    """A meter of ``total`` segments, ``done`` of them filled; the numbers are its name."""
    segments = min(total, METER_SEGMENTS)
    filled = done * segments // total if total else 0
    return format_html(
        '<span class="{}" role="img" aria-label="{}">{}</span>',
        f"meter {css}".strip(),
        _("%(done)d of %(total)d") % {"done": done, "total": total},
        format_html_join(
            "", "<i{}></i>", ((SafeString("" if at < filled else ' class="gap"'),) for at in range(segments))
        ),
    )


@register.filter
def nav_open(group: Any) -> bool:
    """Whether a group of the side bar starts open: it says so itself (``open``), or it holds this page."""
    read = group.get if isinstance(group, Mapping) else lambda key, default=None: getattr(group, key, default)
    items = read("items", ())
    here = any(item.get("current") if isinstance(item, Mapping) else item.current for item in items)
    return bool(here or read("open", True))


def _query(context: template.Context) -> QueryDict:
    request = context.get("request")
    query: QueryDict = request.GET.copy() if request is not None else QueryDict(mutable=True)
    query.pop("page", None)  # another selection starts at its first page
    return query


def _link(query: QueryDict) -> str:
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, *pairs: object, **values: object) -> str:
    """This page's query with some values set: ``name=value``, or pairs (``filter.name filter.value``).

    A list sets several values, None or "" takes the name away; ``page`` goes unless it is given.
    """
    query = _query(context)
    if len(pairs) % 2:
        raise template.TemplateSyntaxError("query_with takes names and values in pairs")
    positional = {str(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}
    for name, value in {**positional, **values}.items():
        if value is None or value == "":
            query.pop(name, None)
        elif isinstance(value, list | tuple):
            query.setlist(name, [str(item) for item in value])
        else:
            query[name] = str(value)
    return _link(query)


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, name: str, value: object = None) -> str:
    """This page's query without ``name``, or without just one of its values."""
    query = _query(context)
    kept = [] if value is None else [item for item in query.getlist(name) if item != str(value)]
    query.pop(name, None)
    if kept:
        query.setlist(name, kept)
    return _link(query)


@register.simple_tag(takes_context=True)
def query_only(context: template.Context, *names: str) -> str:
    """This page's query with nothing but ``names``: the link of "Clear all"."""
    query = _query(context)
    for name in [name for name in query if name not in names]:
        query.pop(name)
    return _link(query)


@register.simple_tag(takes_context=True)
def query_inputs(context: template.Context, *without: str) -> SafeString:
    """Hidden inputs that carry this page's query through a GET form, except the form's own fields."""
    query = _query(context)
    rows = [(name, value) for name, values in query.lists() if name not in without for value in values]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', rows)
