"""The change log of the whole register: filters in the address, a page at a time, and as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.changes import Wanted, called
from portal.history.feed import Page, Window, page_of, reach, walk
from portal.records.files import neutralize
from portal.records.register import Register, get_register, registers
from portal.ui.access import require
from portal.ui.differences import SOURCES, UNSHOWN, Change, changes_from
from portal.ui.export import Echo, with_bom
from portal.ui.filters import Chip
from portal.ui.history import neighbors
from portal.ui.templatetags.muster import day

NAMED: Final = 500  # people offered in the filter
ALIKE: Final = 5  # people of one name whose changes are shown together
PIECE: Final = 500  # changes of a file read at a time
LONGEST: Final = 200  # characters of a filter


@dataclass(slots=True)
class Log:
    """What the address asks for, in words and as a query."""

    user: User
    query: dict[str, str]
    wanted: Wanted
    chips: list[Chip] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, user: User, query: QueryDict) -> Log:
        """Read the address. What cannot be meant is said, and shows nothing: never more than was asked for."""
        given = {name: query.get(name, "").strip()[:LONGEST] for name in FILTERS}
        log = cls(user, {name: value for name, value in given.items() if value and "\x00" not in value}, Wanted())
        log._read()
        return log

    def _read(self) -> None:
        asked = self.query
        register = self._register(asked.get("register", ""))
        column, label = self._column(register, asked.get("field", ""))
        source = asked.get("source", "")
        if source and source not in SOURCES:
            self.errors.append(_("There is no door called “%s”.") % source)
        people, person = self._people(asked.get("person", ""))
        start, end = self._day("from"), self._day("to")
        self.wanted = Wanted(people, source, register, column, asked.get("request", ""), start, end)
        words = {
            "person": _("Who: %s") % person,
            "source": _("From where: %s") % SOURCES.get(source, source),
            "register": _("What: %s") % (register.label_plural if register else asked.get("register", "")),
            "field": _("Field: %s") % label,
            "from": _("From %s") % (day(start) if start else asked.get("from", "")),
            "to": _("To %s") % (day(end) if end else asked.get("to", "")),
            "request": _("One request: %s") % asked.get("request", ""),
        }
        self.chips = [Chip(name, value, words[name]) for name, value in asked.items()]

    def _register(self, slug: str) -> Register | None:
        if not slug:
            return None
        try:
            return get_register(slug)
        except KeyError:
            self.errors.append(_("There is no register called “%s”.") % slug)
            return None

    def _column(self, register: Register | None, name: str) -> tuple[str, str]:
        if not name:
            return "", ""
        if register is None:
            self.errors.append(_("Choose what kind of record the field belongs to."))
            return "", name
        for option in fields_of(register):
            if option.name == name:
                return str(option.column), register.field_label(name)
        # Left over from another kind of record: no chip stands for it, so nobody takes it for a filter.
        del self.query["field"]
        return "", ""

    def _people(self, text: str) -> tuple[tuple[str, ...], str]:
        """Actor keys for a name, a user name or a key; and who that is."""
        if not text:
            return (), ""
        named = Q(full_name__iexact=text) | Q(username__iexact=text)
        found = list(User.objects.filter(named).order_by("pk")[:ALIKE])
        if found:
            return tuple(str(one.pk) for one in found), str(found[0])
        return (text,), called(text, Wanted().branches(self.user)) or text

    def _day(self, name: str) -> date | None:
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            found = date.fromisoformat(text)
            found + timedelta(days=1)  # the last day of the calendar has no next one
        except (ValueError, OverflowError):
            self.errors.append(_("“%s” is not a date. Write 2026-11-20.") % text)
            return None
        return found

    def page(self, window: Window) -> Page:
        return (
            Page([]) if self.errors else page_of(self.wanted.branches(self.user), window, is_rare=self.wanted.is_rare)
        )

    def without(self, name: str) -> str:
        """The address without one filter; a field means nothing without its kind of record."""
        gone = {name, "field"} if name == "register" else {name}
        return "?" + urlencode({key: value for key, value in self.query.items() if key not in gone})


FILTERS: Final = ("person", "source", "register", "field", "from", "to", "request")


def fields_of(register: Register) -> list[Any]:
    """The columns of a register whose changes one may ask for, by label."""
    tracked = {f.name for f in register.model.history.model._meta.concrete_fields}
    found = [f for f in register.model._meta.concrete_fields if f.name in tracked and f.name not in UNSHOWN]
    return sorted(found, key=lambda one: register.field_label(one.name))


def change_log(request: HttpRequest) -> HttpResponse:
    """The page: the newest changes that match, with links to older and newer ones. Nothing is counted."""
    user = require(request, Action.VIEW)
    log = Log.of(user, request.GET)
    page = log.page(Window.read(request.GET))
    register = log.wanted.register
    context = {
        "log": log,
        "changes": changes_from(page.keys, user),
        "page": page,
        "neighbors": neighbors(page, log.query),
        "chips": [(chip, log.without(chip.name)) for chip in log.chips],
        "registers": [one for one in registers() if reach(one.model, user) is not None],
        "register": register,
        "fields": [(one.name, register.field_label(one.name)) for one in fields_of(register)] if register else [],
        "sources": SOURCES.items(),
        "people": User.objects.order_by("full_name").values_list("full_name", flat=True)[:NAMED],
        "can_export": user.can(Action.EXPORT) and bool(page.keys),
        "export_url": f"{reverse('change-log-export')}?{urlencode(log.query)}",
    }
    return render(request, "portal/changes.html", context, status=422 if log.errors else 200)


def change_log_csv(request: HttpRequest) -> HttpResponseBase:
    """Just this log as CSV, newest first, streamed; formulas in cells are neutralized."""
    user = require(request, Action.EXPORT)
    log = Log.of(user, request.GET)
    if log.errors:
        return HttpResponse("\n".join(log.errors), status=422, content_type="text/plain; charset=utf-8")
    writer = csv.writer(Echo())
    lines = (writer.writerow([neutralize(c) if isinstance(c, str) else c for c in row]) for row in _rows(log))
    response = StreamingHttpResponse(with_bom(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="changes-{timezone.now():%Y-%m-%d}.csv"'
    return response


def _rows(log: Log) -> Iterator[list[Any]]:
    yield [
        _("Ledger entry"), _("Recorded (UTC)"), _("Register"), _("Reference"), _("Name"), _("Change"), _("Version"),
        _("What changed"), _("Who"), _("Actor key"), _("From where"), _("Why"), _("Request"),
    ]  # fmt: skip
    for keys in walk(log.wanted.branches(log.user), PIECE, is_rare=log.wanted.is_rare):
        for change in changes_from(keys, log.user):
            yield _row(change)


def _row(change: Change) -> list[Any]:
    row = change.row
    return [
        row.history_id,
        f"{row.history_date.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        change.register.label_plural if change.register else "",
        row.reference,
        change.title,
        change.act,
        row.version,
        change.summary,
        row.history_user_name,
        row.history_user_id,
        change.source,
        row.history_change_reason,
        row.history_request,
    ]
