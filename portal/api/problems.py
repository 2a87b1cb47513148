"""Errors as RFC 9457 problem documents, `application/problem+json`."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's own answer with a problem document as its body; None lets Django make a 500 of it."""
    response = drf_handler(exc, context)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if isinstance(exc, exceptions.ValidationError):
        body["errors"] = list(_pointers(exc.detail, ""))
    elif isinstance(exc, exceptions.APIException):
        body["detail"] = str(exc.detail)
    elif isinstance(exc, Http404 | PermissionDenied):
        body["detail"] = status.description
    request = context.get("request")
    if request is not None:
        body["request_id"] = getattr(request, "request_id", "")
    response.data = body
    response.content_type = "application/problem+json"
    return response


def _pointers(detail: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _pointers(value, f"{path}/{key}")
    elif isinstance(detail, list):
        for value in detail:
            yield from _pointers(value, path)
    else:
        yield {"pointer": path or "/", "detail": str(detail)}
