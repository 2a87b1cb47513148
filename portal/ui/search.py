"""Search over every register at once, grouped, a few hits each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.access.roles import Action
from portal.records.register import registers
from portal.ui.access import require
from portal.ui.filters import search

HITS = 6


def search_everything(request: HttpRequest) -> HttpResponse:
    """Results by register; a reference leads straight to its record."""
    user = require(request, Action.VIEW)
    text = request.GET.get("q", "").strip()[:200]
    groups = []
    if text:
        for register in registers():
            query = register.model.objects.restrict(user, Action.VIEW).select_related(*register.list_select_related)
            found = list(search(query, text).order_by(*register.ordering)[: HITS + 1])
            exact = [record for record in found if record.reference == text.upper()]
            if exact:
                return redirect(register.url("detail", exact[0]))
            if found:
                groups.append({"register": register, "records": found[:HITS], "more": len(found) > HITS})
    return render(request, "portal/search.html", {"text": text, "groups": groups})
