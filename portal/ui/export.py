"""Just this list as a file: its filters, its order, its columns, what its reader may see. tablib writes XLSX."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import tablib
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.access.roles import Action
from portal.history.asof import standpoint
from portal.records import customfields
from portal.records.files import neutralize
from portal.records.register import Register
from portal.ui.access import require
from portal.ui.display import plain
from portal.ui.lists import Listing

# A worksheet ends at 1,048,576 rows, and is built in memory: more than this goes as CSV.
XLSX_ROWS = 50_000


class Echo:
    """A file that hands back what is written to it, so that a CSV can be streamed."""

    def write(self, value: str) -> str:
        return value


def rows_of(listing: Listing) -> Iterator[list[Any]]:
    """Header, then each row: the reference, the chosen columns, the organization's own fields."""
    register = listing.register
    own = customfields.definitions(register.slug)
    columns = [name for name in listing.columns if name != "reference"]
    yield [_("Reference"), *(register.field_label(n) for n in columns), *(f.label for f in own.values())]
    related = [name for name in columns if isinstance(register.model._meta.get_field(name), models.ForeignKey)]
    query = listing.ordered().select_related(None).select_related(*related).defer(None)
    for record in query.iterator(chunk_size=2000):
        values = [
            record.reference,
            *(plain(register, record, n) for n in columns),
            *(record.custom.get(k, "") for k in own),
        ]
        yield [neutralize(value) if isinstance(value, str) else value for value in values]


def export(request: HttpRequest, register: Register, extension: str) -> HttpResponseBase:
    """CSV (UTF-8 with BOM, so that spreadsheets read it right) or XLSX. Formulas in cells are neutralized."""
    user = require(request, Action.EXPORT)
    listing = Listing.of(register, user, request.GET, Action.EXPORT)
    looking = standpoint()
    day = f"as-of-{looking.at:%Y-%m-%d}" if looking else f"{timezone.now():%Y-%m-%d}"
    name = f"{register.slug}-{day}.{extension}"
    if extension == "csv":
        writer = csv.writer(Echo())
        lines = (writer.writerow(row) for row in rows_of(listing))
        response: HttpResponseBase = StreamingHttpResponse(with_bom(lines), content_type="text/csv; charset=utf-8")
    elif listing.rows.order_by()[: XLSX_ROWS + 1].count() > XLSX_ROWS:
        message = _("A worksheet for more than %d rows would be too large. Take CSV, or narrow the list.") % XLSX_ROWS
        return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
    else:
        rows = rows_of(listing)
        data = tablib.Dataset(headers=next(rows), title=register.slug[:31])
        data.extend(rows)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = HttpResponse(data.export("xlsx"), content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def with_bom(lines: Iterator[Any]) -> Iterator[str]:
    yield "\ufeff"
    yield from lines
