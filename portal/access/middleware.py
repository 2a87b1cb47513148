"""Announces who acts, for everything a request does."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.access.models import User
from portal.history.context import Source, announced
from portal.records.ids import uuid7

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,100}$")


class ActorMiddleware:
    """Names the signed-in person and the request id; an incoming X-Request-ID is kept if it is a plain one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.match(given) else str(uuid7())
        request.request_id = request_id  # type: ignore[attr-defined]  # ours, read by the API's authentication
        # A session cookie is only looked up where one came along; the API's tokens announce their own actor.
        if isinstance(request.user, User):
            with announced(request.user.actor(Source.UI, request_id)):
                response = self.get_response(request)
        else:
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
