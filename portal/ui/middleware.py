"""`/as-of/…/` before any address: the page behind it, as it stood then. Two halves, for two places in the chain.

The outer half takes the prefix off before anything looks at the path. The inner one runs the page, and only the page,
in the past: sessions, messages and whatever else is written around it stay outside of the read-only transaction.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import Resolver404, get_script_prefix, resolve, reverse, set_script_prefix
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.history.asof import FutureError, NoPastError, as_of, entry_at
from portal.ui import asof

_PATH = re.compile(rf"/{asof.SEGMENT}/(?P<instant>[^/]+)(?P<rest>/.*)?", re.DOTALL)
_READING = ("GET", "HEAD")
logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class AsOfPrefixMiddleware:
    """Reads the instant from the address, so that the rest of the house sees a path as always and links that keep it.

    Sets `request.as_of` (None in the present), `request.as_of_root` and `request.as_of_problem`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # Django puts the prefix of whoever asks first before these, and keeps the answer. It must not be the past's.
        _kept = settings.STATIC_URL, settings.MEDIA_URL

    def __call__(self, request: Any) -> HttpResponseBase:
        request.as_of, request.as_of_problem = None, ""
        request.as_of_root = request.META.get("SCRIPT_NAME", "").rstrip("/")
        match = _PATH.fullmatch(request.path_info)
        if match is None:
            return self.get_response(request)
        try:
            instant = asof.parse(match["instant"])
        except ValueError as error:
            request.as_of_problem = str(error)
            return self.get_response(request)
        prefix = f"{request.as_of_root}/{asof.SEGMENT}/{asof.written(instant)}"
        if request.method in _READING and (match["instant"] != asof.written(instant) or not match["rest"]):
            query = request.META.get("QUERY_STRING", "")
            return HttpResponseRedirect(f"{prefix}{match['rest'] or '/'}{'?' if query else ''}{query}")
        request.as_of = instant
        request.path_info = request.META["PATH_INFO"] = match["rest"] or "/"
        request.META["SCRIPT_NAME"] = prefix
        before = get_script_prefix()
        set_script_prefix(f"{prefix}/")
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(before)


class AsOfMiddleware:
    """Runs the page at the ledger entry of `request.as_of`. Stands last: only the page is inside."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        if request.as_of is None and not request.as_of_problem:
            return self.get_response(request)
        rest = self._rest(request)
        # The API's doors ask for a log-in themselves: there are tokens.
        if not asof.is_api(rest) and not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path(), asof.now(request, reverse("login")))
        if request.as_of_problem:
            return _not_an_instant(request, rest, request.as_of_problem)
        if request.method not in _READING:
            if _name_of(rest) == "logout":
                return HttpResponseRedirect(asof.now(request), status=HTTPStatus.TEMPORARY_REDIRECT)
            return _refused(request, _("One looks at the past here, and it cannot be changed."))
        try:
            entry = entry_at(request.as_of)
            with as_of(entry, request.as_of):
                response = self.get_response(request)
        except FutureError as error:
            return _not_an_instant(request, rest, str(error))
        except NoPastError:
            logger.exception("The past cannot be shown")
            why = _("The past cannot be shown at the moment. Your administrator finds the reason in the server's log.")
            return _refused(request, why, HTTPStatus.SERVICE_UNAVAILABLE)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _streamed(entry, request.as_of, response.streaming_content)
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Pages that show no governed records have no past, and today's would be taken for it."""
        if request.as_of is None or asof.has_past(request.resolver_match.url_name):
            return None
        return _refused(request, _("This page is not a part of the register's history. There is only today's."))

    def _rest(self, request: Any) -> str:
        if not request.as_of_problem:
            return str(request.path_info)
        match = _PATH.fullmatch(request.path_info)
        return (match["rest"] if match else "") or "/"


def _streamed(entry: int, at: datetime, lines: Any) -> Iterator[bytes]:
    """What is sent after the page has returned, in a transaction of its own at the same entry."""
    with as_of(entry, at):
        yield from lines


def _name_of(path: str) -> str | None:
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


def _not_an_instant(request: HttpRequest, rest: str, problem: str) -> HttpResponse:
    if asof.is_api(rest):
        return _problem(request, HTTPStatus.BAD_REQUEST, problem)
    return asof.ask(request, asof.destination(rest), problem=problem)


def _refused(request: Any, why: str, status: HTTPStatus = HTTPStatus.CONFLICT) -> HttpResponse:
    """409: what was asked for and the past do not go together."""
    if asof.is_api(request.path_info):
        return _problem(request, status, why, present=asof.now(request))
    # The page of a form may be read today; what was sent to it is not sent again.
    context = {"why": why, "is_page": request.method in _READING}
    return render(request, "portal/past_only.html", context, status=status)


def _problem(request: HttpRequest, status: HTTPStatus, detail: str, **more: str) -> JsonResponse:
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail, **more}
    body["request_id"] = getattr(request, "request_id", "")
    return JsonResponse(body, status=status, content_type="application/problem+json")
