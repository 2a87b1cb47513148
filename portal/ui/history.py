"""The history of one record: its timeline, and any two of its versions side by side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.entries import Entry
from portal.history.feed import Branch, Page, Window, page_of
from portal.history.timeline import kinds_of, link_branches, own_branch
from portal.records.register import Register
from portal.records.rows import RowInput
from portal.ui.access import reader, record_or_404
from portal.ui.differences import Change, Wording, changes_from, described, kind_label

__all__ = ["changes_of", "conflict_of", "record_diff", "record_history"]

# What a timeline shows: the record and what is linked to it, one of both, or one kind of link.
ALL: Final = ""
OWN: Final = "record"
LINKS: Final = "links"


def changes_of(register: Register, record: Any, user: User, *, limit: int) -> list[Change]:
    """The latest changes of the record itself, newest first: one query for them, one for names."""
    rows: list[Any] = list(register.model.history.filter(id=record.pk).order_by("-history_id")[: limit + 1])
    pairs = zip_longest(rows, rows[1:])
    return described([Entry(register.slug, register.model, row, older) for row, older in pairs][:limit], user)


def conflict_of(register: Register, theirs: Any, row: RowInput, user: User) -> Change | None:
    """What the other person changed after the version that this row's editor saw."""
    history: Any = register.model.history
    newest = history.filter(id=theirs.pk).order_by("-history_id").first()
    seen = history.filter(id=theirs.pk, version=row.version).order_by("-history_id").first()
    if newest is None or seen is None:
        return None
    return described([Entry(register.slug, register.model, newest, seen)], user)[0]


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the timeline: a link over it."""

    label: str
    query: str
    is_current: bool


def record_history(request: HttpRequest, register: Register, reference: str) -> HttpResponse:
    """Everything that ever happened to a record and to what belongs to it, newest first."""
    user = reader(request)
    record = record_or_404(request, register, reference)
    links = link_branches(register, record, user)
    kinds = kinds_of(links)
    asked = request.GET.get("show", ALL)
    show = asked if asked in {OWN, LINKS, *kinds} else ALL
    page = page_of(_branches(register, record, links, show), Window.read(request.GET))
    changes = changes_from(page.keys, user)
    for one in changes:
        one.at_home = one.register is register and one.row.id == record.pk
    context = {
        "register": register,
        "record": record,
        "changes": changes,
        "page": page,
        "neighbors": neighbors(page, {"show": show} if show else {}),
        "tabs": _tabs(kinds, show) if kinds else [],
        "kinds": [_tab(kind, kind_label(kind), show) for kind in kinds] if len(kinds) > 1 else [],
        "show": show,
        "can_change": user.can(Action.CHANGE),
    }
    return render(request, "portal/history.html", context)


def _branches(register: Register, record: Any, links: list[Branch], show: str) -> list[Branch]:
    if show == OWN:
        return [own_branch(register, record)]
    if show == LINKS:
        return links
    if show:
        return [one for one in links if one.kind == show]
    return [own_branch(register, record), *links]


def _tabs(kinds: list[str], show: str) -> list[Tab]:
    named = [(ALL, _("Everything")), (OWN, _("This record")), (LINKS, _("All links"))]
    named += [(show, kind_label(show))] if show in kinds else []
    return [_tab(key, label, show) for key, label in named]


def _tab(key: str, label: str, show: str) -> Tab:
    return Tab(label, f"?{urlencode({'show': key})}" if key else "?", key == show)


def neighbors(page: Page, query: dict[str, Any]) -> dict[str, str]:
    """The addresses of the pages beside this one, where there are any."""
    made = {}
    if page.newer is not None:
        made["newer"] = "?" + urlencode({**query, "after": page.newer}, doseq=True)
        made["newest"] = "?" + urlencode(query, doseq=True)
    if page.older is not None:
        made["older"] = "?" + urlencode({**query, "before": page.older}, doseq=True)
    return made


def version_row(register: Register, record: Any, version: int) -> Any:
    """The history row of one version of a record. Raises Http404."""
    rows = register.model.history.filter(id=record.pk, version=version).exclude(history_type="-")
    row = rows.order_by("history_id").first()
    if row is None:
        raise Http404
    return row


def record_diff(request: HttpRequest, register: Register, reference: str) -> HttpResponse:
    """Two versions of a record, field by field: `?from=3&to=7`. The older one always stands first."""
    user = reader(request)
    record = record_or_404(request, register, reference)
    to = _version(request.GET.get("to"), record.version)
    start = _version(request.GET.get("from"), max(1, to - 1))
    first, last = sorted((start, to))
    older, newer = version_row(register, record, first), version_row(register, record, last)
    pair = Entry(register.slug, register.model, newer, older)
    wording = Wording.of(pair, user)
    address = reverse("record-diff", args=[register.slug, reference])
    context = {
        "register": register,
        "record": record,
        "sides": [Change(older), Change(newer)],
        "first": first,
        "last": last,
        "between": last - first - 1,
        "change": Change(newer, wording.differences(older, newer), register),
        "same": wording.same(older, newer),
        "previous_url": f"{address}?from={first - 1}&to={last - 1}" if first > 1 else "",
        "next_url": f"{address}?from={first + 1}&to={last + 1}" if last < record.version else "",
        "can_restore": user.can(Action.CHANGE) and first < record.version,
    }
    return render(request, "portal/diff.html", context)


def _version(text: str | None, default: int) -> int:
    """A version from the address: blank is the default, anything but a number is not there."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - digits of a 32 bit integer
        raise Http404
    return int(text)
