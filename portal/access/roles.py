"""Roles and what they may do. Simple on purpose: a later floor makes roles data and scopes them to units."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("Administrator")
    GOVERNANCE_LEAD = "governance-lead", _("Governance lead")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")
    AUDITOR = "auditor", _("Auditor")


class Action(StrEnum):
    """What somebody may do with the records of a register."""

    VIEW = "view"
    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"
    IMPORT = "import"
    EXPORT = "export"
    PACK = "pack"  # make evidence packs
    ADMINISTER = "administer"  # people, fields of one's own, the opening balance
    AUDIT = "audit"  # read what administrators do: holds, retention rules, erasures


# What one may still do where one looks at the past.
READING = frozenset({Action.VIEW, Action.EXPORT})
_WRITE = READING | {Action.ADD, Action.CHANGE}

PERMITTED: dict[str, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(Action),
    Role.GOVERNANCE_LEAD: _WRITE | {Action.DELETE, Action.IMPORT, Action.PACK, Action.AUDIT},
    Role.EDITOR: _WRITE,
    Role.VIEWER: frozenset({Action.VIEW}),
    Role.AUDITOR: READING | {Action.PACK, Action.AUDIT},
}
