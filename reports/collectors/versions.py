"""What of a system was released, where it runs, who uses it, and on which models, tools and agents it stands."""

from __future__ import annotations

from typing import Any

from inventory.choices import Stage, SystemKind
from inventory.querysets import LIVE_STAGES
from reports.collectors import Look, collector


def _is_live(row: Any, look: Look) -> bool:
    return bool(row.stage in LIVE_STAGES)


def _is_past_planning(row: Any, look: Look) -> bool:
    return bool(row.stage != Stage.PLANNING)


def _is_agentic(row: Any, look: Look) -> bool:
    return row.kind in (SystemKind.AGENTIC, SystemKind.UNKNOWN)


@collector(
    "system_versions",
    reads="system-versions",
    column="release",
    via="system",
    counts="system",
    title="Version on record",
    lacks="have no version on record",
    query="AI systems beyond planning with at least one version",
    asked=_is_past_planning,
)
def system_versions(row: Any, look: Look) -> bool:
    return True


@collector(
    "deployments",
    reads="deployments",
    column="environment",
    via="system_version",
    counts="system",
    title="Deployment on record",
    lacks="are live and do not say where they run",
    query="AI systems in use with a deployment that has not ended",
    asked=_is_live,
)
def deployments(row: Any, look: Look) -> bool:
    return row.live_to is None or row.live_to > look.day


@collector(
    "system_uses",
    reads="system-uses",
    column="unit",
    via="system",
    counts="system",
    title="Use on record",
    lacks="do not say who uses them, and in which legal role",
    query="AI systems beyond planning with at least one use by a unit",
    asked=_is_past_planning,
)
def system_uses(row: Any, look: Look) -> bool:
    return True


@collector(
    "model_versions",
    reads="version-models",
    column="model_version",
    via="system_version",
    counts="system",
    title="Model version on record",
    lacks="do not name the model versions they use",
    query="AI systems beyond planning with a version that names at least one model version",
    asked=_is_past_planning,
)
def model_versions(row: Any, look: Look) -> bool:
    return True


@collector(
    "tools",
    reads="system-tools",
    column="tool",
    via="system",
    counts="record",
    title="Tools that systems run through",
    query="Links between an AI system in scope and a tool",
)
def tools(row: Any, look: Look) -> bool:
    return True


@collector(
    "agents",
    reads="agents",
    column="name",
    via="system",
    counts="system",
    title="Agent on record",
    lacks="are agentic, or of unknown kind, and name no agent",
    query="AI systems of kind “agentic” or of unknown kind with at least one agent",
    asked=_is_agentic,
)
def agents(row: Any, look: Look) -> bool:
    return True


@collector(
    "regulated_products",
    reads="regulated-products",
    column="status",
    via="system",
    counts="record",
    title="Regulated products",
    query="Regulated products of AI systems in scope",
)
def regulated_products(row: Any, look: Look) -> bool:
    return True


@collector(
    "documents",
    reads="documents",
    column="attached_to",
    via="attached_to",
    counts="system",
    title="Document attached",
    lacks="have no document attached",
    query="AI systems with at least one attached document of any kind that is valid on the day of the pack",
)
def documents(row: Any, look: Look) -> bool:
    return row.valid_to is None or row.valid_to > look.day
