"""Collectors: what the register holds for a requirement, counted and shown with its provenance.

A collector reads the rows of one register, one at a time, and says of each whether it is evidence, and for what: an AI
system, a vendor, a data source, a unit, a model. The machinery (`reports/collect.py`) passes over each register once,
whatever the number of systems, and every collector looks at the rows as they go by. What they count is therefore what
stands in the attachments, by construction.

    @collector("system_purpose", reads="ai-systems", column="purpose", counts="system",
               title=…, lacks=…, query=…)
    def system_purpose(row: Any, look: Look) -> bool:
        return bool(row.purpose)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from typing import Any, Literal, TypeAlias

from reports.catalogs import COLLECTORS

# What evidence is counted for. "record": only how many there are, for nobody can say how many there should be.
Subject: TypeAlias = Literal["system", "vendor", "source", "unit", "model", "record"]

SUBJECTS: dict[str, tuple[str, str]] = {
    "system": ("AI system", "AI systems"),
    "vendor": ("vendor", "vendors"),
    "source": ("data source", "data sources"),
    "unit": ("organization unit", "organization units"),
    "model": ("AI model", "AI models"),
    "record": ("record", "records"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """A record that is evidence, and where it can be checked."""

    register: str
    reference: str
    name: str
    version: int | None
    entry: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """What a collector may know beside the row: the day on which "in force" and "in office" are judged."""

    day: date


@dataclass(frozen=True, slots=True)
class Collector:
    """A registered collector. `reads` is the register's slug, `column` the field that shows the evidence."""

    name: str
    reads: str
    column: str
    counts: Subject
    title: str
    lacks: str
    query: str
    holds: Callable[[Any, Look], bool]
    # For which systems it is asked at all; others are neither held nor missing.
    asked: Callable[[Any, Look], bool] | None = None
    # The column that names what it counts for, where that is not the row itself.
    via: str = ""

    @property
    def informs_only(self) -> bool:
        return self.counts == "record"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one collector found among what a requirement asks about: `held` of `total`.

    `total` is None where nobody can say how many there should be; then `records` is all there is to say. An empty
    population has a total of 0, and nothing is made up for it. `extracted_at` is the pack's pinned moment.
    """

    collector: Collector
    held: int
    total: int | None
    records: int
    extracted_at: datetime
    items: tuple[Item, ...] = field(default=())

    @property
    def missing(self) -> int:
        return 0 if self.total is None else self.total - self.held

    @property
    def is_empty(self) -> bool:
        """Nothing to hold evidence for, or nothing held."""
        return self.total == 0 or (self.total is None and self.records == 0)

    @property
    def is_complete(self) -> bool:
        return self.total is not None and self.total > 0 and self.held == self.total


_known: dict[str, Collector] = {}


def collector(
    name: str,
    *,
    reads: str,
    column: str,
    counts: Subject,
    title: str,
    lacks: str = "",
    query: str,
    via: str = "",
    asked: Callable[[Any, Look], bool] | None = None,
) -> Callable[[Callable[[Any, Look], bool]], Callable[[Any, Look], bool]]:
    """Register a function of a row as the collector `name` of the catalogs' vocabulary."""
    if name not in COLLECTORS or name in _known:
        raise ValueError(f"{name!r} is not a collector of the catalogs, or there are two")

    def add(holds: Callable[[Any, Look], bool]) -> Callable[[Any, Look], bool]:
        _known[name] = Collector(name, reads, column, counts, title, lacks, query, holds, asked, via)
        return holds

    return add


def collectors() -> dict[str, Collector]:
    """Every collector by name, in the order of their files."""
    for module in ("systems", "people", "versions", "data", "vendors", "organization"):
        import_module(f"reports.collectors.{module}")
    return _known
