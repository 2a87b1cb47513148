"""Who answers for a system, and who watches it: role assignments in office, dated and accepted."""

from __future__ import annotations

from typing import Any

from inventory.choices import AssignmentRole
from reports.collectors import Look, collector


def in_office(row: Any, look: Look) -> bool:
    """Begun, accepted and not ended on the day: an assignment that nobody accepted is a plan."""
    begun = row.valid_from is not None and row.valid_from <= look.day
    accepted = row.accepted_on is not None and row.accepted_on <= look.day
    return bool(begun and accepted and (row.valid_to is None or row.valid_to > look.day))


@collector(
    "system_ownership",
    reads="role-assignments",
    column="role",
    via="system",
    counts="system",
    title="Business owner",
    lacks="have no business owner in office",
    query="AI systems with a role assignment “business owner” that has begun, is accepted and has not ended",
)
def system_ownership(row: Any, look: Look) -> bool:
    return row.role == AssignmentRole.BUSINESS_OWNER and in_office(row, look)


@collector(
    "human_oversight",
    reads="role-assignments",
    column="role",
    via="system",
    counts="system",
    title="Person for human oversight",
    lacks="have nobody in office for human oversight",
    query="AI systems with a role assignment “human oversight” that has begun, is accepted and has not ended",
)
def human_oversight(row: Any, look: Look) -> bool:
    return row.role == AssignmentRole.HUMAN_OVERSIGHT and in_office(row, look)
