"""What the shell of every page needs: where one can go, what runs, what an administrator should know."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.access.roles import Action, Role
from portal.database import roles_are_separate
from portal.jobs.models import Job, JobState
from portal.records.register import registers
from portal.ui import asof

GROUPS = (
    ("inventory", gettext_lazy("Inventory")),
    ("governance", gettext_lazy("Governance")),
    ("evidence", gettext_lazy("Evidence")),
    ("administration", gettext_lazy("Administration")),
)
# Pages that are not registers: (group, label, url name, icon, what one needs to be allowed).
PAGES: list[tuple[str, Any, str, str, Action]] = [
    ("evidence", gettext_lazy("Changes"), "change-log", "history", Action.VIEW),
    ("evidence", gettext_lazy("Ledger"), "ledger", "fingerprint", Action.VIEW),
    ("administration", gettext_lazy("Jobs"), "job_list", "progress", Action.VIEW),
    ("administration", gettext_lazy("Auditors' reading"), "readings", "eye", Action.ADMINISTER),
    ("administration", gettext_lazy("Fields of your own"), "custom-fields", "columns", Action.ADMINISTER),
    ("administration", gettext_lazy("Retention"), "retention", "archive", Action.AUDIT),
]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for templates/base.html; nothing for people who are not signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"organization_name": settings.ORGANIZATION_NAME}
    return {
        "organization_name": settings.ORGANIZATION_NAME,
        "navigation": _navigation(request, user),
        "running_jobs": Job.objects.filter(requested_by=user, state__in=[JobState.QUEUED, JobState.RUNNING]).count(),
        "deployment_warnings": _warnings(user),
        **asof.looking(request, user),
    }


def _navigation(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    home, looking = reverse("home"), getattr(request, "as_of", None)
    groups: list[dict[str, Any]] = [
        {"items": [{"label": _("Home"), "url": home, "icon": "home", "current": request.path == home}]}
    ]
    for key, label in GROUPS:
        items = []
        if user.can(Action.VIEW):
            for register in registers():
                if register.group == key:
                    url = register.url()
                    current = request.path.startswith(url)
                    items.append(
                        {"label": register.label_plural, "url": url, "icon": register.icon, "current": current}
                    )
        for group, page, name, icon, action in PAGES:
            if group == key and user.can(action) and (looking is None or asof.has_past(name)):
                try:
                    url = reverse(name)
                except NoReverseMatch:
                    continue
                items.append({"label": page, "url": url, "icon": icon, "current": request.path.startswith(url)})
        if items:
            groups.append({"key": key, "label": label, "items": items})
    return groups


def _warnings(user: User) -> list[str]:
    if Role.ADMINISTRATOR in user.roles and not roles_are_separate():
        return [
            _(
                "The application connects as the owner of the tables. Give it a role of its own (MIGRATE_DATABASE_URL),"
                " so that it cannot switch off the history triggers."
            )
        ]
    return []
