"""Auditors' reading is logged: who opened which page when. Their seat is for looking, so looking is what they do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.access.models import Reading, User
from portal.access.roles import Action, Role
from portal.ui.access import require

PAGE = 100


class ReadingMiddleware:
    """Notes each page that an auditor was shown. Nothing is noted of what was refused or not found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = request.user
        was_shown = request.method == "GET" and response.status_code == HTTPStatus.OK
        # A page that updates itself is one reading, not one every second.
        is_a_page = not request.headers.get("HX-Request")
        if was_shown and is_a_page and isinstance(user, User) and Role.AUDITOR in user.roles:
            Reading.objects.create(
                user=user,
                path=request.get_full_path()[: Reading.LONGEST],
                request=getattr(request, "request_id", ""),
            )
        return response


def readings(request: HttpRequest) -> HttpResponse:
    """What auditors looked at, newest first, for administrators; an auditor sees the own reading."""
    user = require(request, Action.VIEW)
    rows = Reading.objects.select_related("user").order_by("-id")
    if not user.can(Action.ADMINISTER):
        rows = rows.filter(user=user)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "portal/readings.html", {"page": page, "is_own": not user.can(Action.ADMINISTER)})
