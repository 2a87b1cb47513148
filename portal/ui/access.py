"""What every page asks first: who is this, and may they see it? What one may not see is not there."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from portal.access.models import User
from portal.access.roles import Action
from portal.records.register import Register


def reader(request: HttpRequest) -> User:
    """The signed-in person. Pages are behind LoginRequiredMiddleware, so there is one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def require(request: HttpRequest, action: Action) -> User:
    """The signed-in person, who may do this. Raises PermissionDenied."""
    user = reader(request)
    if not user.can(action):
        raise PermissionDenied
    return user


def record_or_404(request: HttpRequest, register: Register, reference: str, action: Action = Action.VIEW) -> Any:
    """The record, if this person may see it (404) and do this to it (403)."""
    user = reader(request)
    related = relations_shown(register)
    query = register.model.objects.restrict(user, Action.VIEW).select_related(*related)
    record = query.filter(reference=reference).first()
    if record is None:
        raise Http404
    if action is not Action.VIEW and not register.model.objects.restrict(user, action).filter(pk=record.pk).exists():
        raise PermissionDenied
    return record


def relations_shown(register: Register) -> list[str]:
    """The relations a record's page names, to be read with it."""
    return [*register.relations, *(f for f in register.list_select_related if f not in register.relations)]
