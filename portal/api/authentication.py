"""`Authorization: Bearer muster_…`: a token acts as its owner, from the API's door."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.access.models import ApiToken, User


class TokenAuthentication(BaseAuthentication):
    """Refuses unknown, expired and revoked tokens with one answer, and tokens of people who have left."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            return None
        live = Q(revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)
        token = ApiToken.objects.select_related("user").filter(live, digest=ApiToken.digest_of(key.strip())).first()
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def owner_of(auth: Any) -> User | None:
    """The person behind a token, or None for a browser session."""
    return auth.user if isinstance(auth, ApiToken) else None
