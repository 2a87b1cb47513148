"""Which data systems read and send, and where it lies."""

from __future__ import annotations

from typing import Any

from inventory.choices import Classification, FlowDirection
from portal.records.fields import Tristate
from reports.collectors import Look, collector


def flows(row: Any, look: Look) -> bool:
    """A flow that has not ended."""
    return row.valid_to is None or row.valid_to > look.day


@collector(
    "data_flows",
    reads="data-flows",
    column="direction",
    via="system",
    counts="system",
    title="Data flow on record",
    lacks="do not say which data they read or send",
    query="AI systems with at least one data flow (reads or sends) that has not ended",
)
def data_flows(row: Any, look: Look) -> bool:
    return row.direction != FlowDirection.TRAINING and flows(row, look)


@collector(
    "health_data_flows",
    reads="data-flows",
    column="health_data",
    via="system",
    counts="system",
    title="Flow of health data on record",
    lacks="use health data, or may use it, and name no flow that carries it",
    query="AI systems with at least one data flow marked “health data: yes” that has not ended",
)
def health_data_flows(row: Any, look: Look) -> bool:
    return row.health_data == Tristate.YES and flows(row, look)


@collector(
    "training_data",
    reads="data-flows",
    column="data_source",
    via="system",
    counts="system",
    title="Training data on record",
    lacks="do not name the data they were trained or tuned on",
    query="AI systems with at least one data flow of direction “is trained or tuned on”",
)
def training_data(row: Any, look: Look) -> bool:
    return bool(row.direction == FlowDirection.TRAINING)


@collector(
    "data_sources",
    reads="data-sources",
    column="classification",
    counts="source",
    title="Data source described",
    lacks="lack an owner, a classification or a location",
    query="Data sources with owner, classification and residency",
)
def data_sources(row: Any, look: Look) -> bool:
    return bool(row.owner and row.residency and row.classification != Classification.UNKNOWN)
