"""One log-in per role for a fresh instance on one's own machine. The launcher never offers it to a network."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from portal.access.models import ApiToken, RoleGrant, User
from portal.access.roles import Role
from portal.history.context import Actor, Source, acting

PEOPLE: dict[str, tuple[str, str]] = {
    Role.ADMINISTRATOR: ("ada", "Ada Lindgren"),
    Role.GOVERNANCE_LEAD: ("helen", "Helen Okafor"),
    Role.EDITOR: ("tomas", "Dr Tomas Lindqvist"),
    Role.VIEWER: ("vera", "Vera Sandoval"),
    Role.AUDITOR: ("august", "August Weiss"),
}
TOKEN_DAYS = 365


def ensure_people(path: Path) -> dict[str, Any]:
    """Create the log-ins that are missing and write them, with an API token, to `path` (JSON, mode 0600).

    Passwords that stand in the file already are kept; a person whose password is not there gets a new one.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    passwords = {one["username"]: one["password"] for one in known.get("users", [])}
    users = []
    with acting(Actor("muster", "Muster", Source.SHELL), reason="Log-ins of a new instance"):
        for role, (username, name) in PEOPLE.items():
            password = passwords.get(username) or secrets.token_urlsafe(12)
            user = User.objects.filter(username=username).first()
            if user is None:
                user = User.objects.create_user(username, password, full_name=name, email=f"{username}@example.org")
            elif username not in passwords:
                user.set_password(password)
                user.save(update_fields=["password"])
            RoleGrant.objects.get_or_create(user=user, role=role)
            users.append({"username": username, "password": password, "roles": [role]})
        token = known.get("api_token", "")
        if not ApiToken.objects.filter(digest=ApiToken.digest_of(token)).exists():
            owner = User.objects.get(username=PEOPLE[Role.GOVERNANCE_LEAD][0])
            _row, token = ApiToken.issue(owner, "Made by ./muster up", timezone.now() + timedelta(days=TOKEN_DAYS))
    made = {"users": users, "api_token": token}
    path.touch(mode=0o600)
    path.write_text(json.dumps(made, indent=2), encoding="utf-8")
    return made
