"""What the register of AI systems itself says: purpose, people affected, autonomy, class, stage, review."""

from __future__ import annotations

from typing import Any

from inventory.choices import Autonomy, Stage
from reports.collectors import Look, collector

# Which date says when a system entered the stage it stands in.
STAGE_DATE = {
    Stage.PLANNING: "initiated_on",
    Stage.DEVELOPMENT: "development_started_on",
    Stage.DEPLOYMENT: "live_on",
    Stage.MONITORING: "live_on",
    Stage.OPTIMIZATION: "live_on",
    Stage.RETIREMENT: "retired_on",
}


@collector(
    "system_inventory",
    reads="ai-systems",
    column="name",
    counts="system",
    title="Entry in the register",
    lacks="are not in the register",
    query="AI systems in scope, retired ones included",
)
def system_inventory(row: Any, look: Look) -> bool:
    return True


@collector(
    "system_purpose",
    reads="ai-systems",
    column="purpose",
    counts="system",
    title="Intended purpose",
    lacks="have no intended purpose on record",
    query="AI systems whose intended purpose is not blank",
)
def system_purpose(row: Any, look: Look) -> bool:
    return bool(row.purpose.strip())


@collector(
    "affected_persons",
    reads="ai-systems",
    column="affected_persons",
    counts="system",
    title="People affected",
    lacks="do not say whom they affect",
    query="AI systems whose people affected are not blank",
)
def affected_persons(row: Any, look: Look) -> bool:
    return bool(row.affected_persons.strip())


@collector(
    "autonomy",
    reads="ai-systems",
    column="autonomy",
    counts="system",
    title="Autonomy",
    lacks="have an unknown autonomy",
    query="AI systems whose autonomy is not unknown",
)
def autonomy(row: Any, look: Look) -> bool:
    return bool(row.autonomy != Autonomy.UNKNOWN)


@collector(
    "risk_classes",
    reads="ai-systems",
    column="risk_class",
    counts="system",
    title="Risk class",
    lacks="are not classified",
    query="AI systems with a risk class, declared at opening or through a gate",
)
def risk_classes(row: Any, look: Look) -> bool:
    return row.risk_class_id is not None


@collector(
    "stage_dates",
    reads="ai-systems",
    column="stage",
    counts="system",
    title="Date of the present stage",
    lacks="do not say since when they are in their stage",
    query="AI systems with the date of the stage they stand in (initiated, development began, went live, retired)",
)
def stage_dates(row: Any, look: Look) -> bool:
    return getattr(row, STAGE_DATE[Stage(row.stage)]) is not None


@collector(
    "reviews_due",
    reads="ai-systems",
    column="next_review_on",
    counts="system",
    title="Review in time",
    lacks="have no date for their next review, or one that has passed",
    query="AI systems, retired ones left out, whose next review is not before the day of the pack",
    asked=lambda row, _look: row.stage != Stage.RETIREMENT,
)
def reviews_due(row: Any, look: Look) -> bool:
    return row.next_review_on is not None and row.next_review_on >= look.day
