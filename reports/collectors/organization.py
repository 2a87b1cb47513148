"""The organization itself: its units, the people who may enter this portal, and every change that was made."""

from __future__ import annotations

from typing import Any

from reports.collectors import Look, collector


@collector(
    "organization_units",
    reads="organization-units",
    column="head",
    counts="unit",
    title="Head of unit",
    lacks="do not say who leads them",
    query="Organization units whose head is not blank",
)
def organization_units(row: Any, look: Look) -> bool:
    return bool(row.head.strip())


@collector(
    "access_roles",
    reads="portal-roles",
    column="role",
    counts="record",
    title="Roles in this portal",
    query="Roles that people have in this portal",
)
def access_roles(row: Any, look: Look) -> bool:
    return True


@collector(
    "change_history",
    reads="changes",
    column="change",
    counts="record",
    title="Changes recorded",
    query="History rows of the records in scope, in the period or up to the moment of the pack",
)
def change_history(row: Any, look: Look) -> bool:
    return True
