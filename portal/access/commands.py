"""Who a management command acts as: shell access is trusted, but history still wants a name."""

from __future__ import annotations

from django.core.management.base import CommandError

from portal.access.models import User
from portal.access.roles import Role


def acting_user(username: str | None) -> User:
    """The named person, or the first administrator. Raises CommandError."""
    people = User.objects.filter(is_active=True)
    if username:
        user = people.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no active person called {username}.")
        return user
    user = people.filter(role_grants__role=Role.ADMINISTRATOR).order_by("created_at").first()
    if user is None:
        raise CommandError("There is no administrator yet. Name somebody with --user, or run prepare_instance first.")
    return user
