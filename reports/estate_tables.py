"""The short tables of a pack: the estate by unit, stage and class, and the first records of each register."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from inventory.choices import Stage
from reports.collect import Collected
from reports.collectors import Item

UNITS_SHOWN = 45
SYSTEMS_SHOWN = 80
ROWS_SHOWN = 15
PEOPLE_SHOWN = 12

SYSTEM_COLUMNS = ("name", "unit", "stage", "risk_class", "live_on")
# Which registers are shown, with which columns (the first is the wide one), and the sentence for an empty one.
SHOWN: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "role-assignments",
        "Ownership and oversight",
        ("system", "role", "person_name", "valid_from", "accepted_on"),
        "Nobody is on record as answering for anything in scope.",
    ),
    (
        "system-uses",
        "Where systems are used",
        ("system", "unit", "ai_act_role", "hipaa_role", "live_from"),
        "No use of a system is on record.",
    ),
    (
        "system-versions",
        "System versions",
        ("system", "release", "released_on", "retired_on"),
        "No version of a system is on record.",
    ),
    (
        "model-versions",
        "Model versions",
        ("name", "ai_model", "release", "hosting", "retired_on"),
        "No model version is on record.",
    ),
    (
        "data-sources",
        "Data sources",
        ("name", "owner", "classification", "personal_data", "health_data"),
        "No data source is on record.",
    ),
    (
        "data-flows",
        "Data flows",
        ("system", "direction", "data_source", "vendor", "health_data"),
        "No data flow is on record.",
    ),
    ("vendors", "Vendors", ("name", "kind", "country", "personal_data", "health_data"), "No vendor is on record."),
    (
        "agreements",
        "Agreements",
        ("name", "kind", "vendor", "effective_on", "expires_on"),
        "No agreement is on record.",
    ),
    (
        "vendor-attestations",
        "Attestations of vendors",
        ("vendor", "kind", "period_from", "period_to", "opinion"),
        "No attestation is on record.",
    ),
    (
        "sub-processors",
        "Sub-processors",
        ("processor", "vendor", "service", "region", "health_data"),
        "No sub-processor is on record.",
    ),
    (
        "documents",
        "Documents",
        ("name", "kind", "attached_to", "valid_from", "valid_to"),
        "No document is on record.",
    ),
)

_REFERENCE = re.compile(r"^[A-Z]{2,6}-[0-9]{6,} · ")


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by row and stage, with totals; `left` rows more stand in the attachment."""

    heading: str
    rows: tuple[tuple[str, tuple[int, ...], int], ...]
    totals: tuple[int, ...]
    total: int
    left: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """The first records of a register, as a table; `left` more stand in the attachment."""

    title: str
    slug: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Item, tuple[str, ...]], ...]
    count: int
    empty: str

    @property
    def left(self) -> int:
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class EstateTables:
    by_unit: Matrix
    by_class: Matrix
    systems: Sample
    samples: tuple[Sample, ...]
    in_period: tuple[tuple[str, int, int, int], ...]
    changes: tuple[tuple[str, int, int, int], ...]
    change_total: int
    people: tuple[tuple[str, int], ...]
    people_left: int


def estate_of(found: Collected) -> EstateTables:
    """The tables of the section "The estate"."""
    counts = found.change_counts
    people = counts.by_person.most_common()
    people.sort(key=lambda pair: (-pair[1], pair[0]))
    return EstateTables(
        by_unit=_matrix("Unit", found.by_unit, UNITS_SHOWN),
        by_class=_matrix("Risk class", found.by_class),
        systems=_sample(
            found, "ai-systems", "AI systems", SYSTEM_COLUMNS, "No AI system is in scope.", limit=SYSTEMS_SHOWN
        ),
        samples=tuple(
            _sample(found, slug, title, columns, empty, limit=ROWS_SHOWN) for slug, title, columns, empty in SHOWN
        ),
        in_period=_verbs(found.in_period),
        changes=_verbs(counts.by_register),
        change_total=counts.total,
        people=tuple(people[:PEOPLE_SHOWN]),
        people_left=max(0, len(people) - PEOPLE_SHOWN),
    )


def _matrix(heading: str, counted: Counter[tuple[str, str]], limit: int = 1000) -> Matrix:
    names = sorted({name for name, _stage in counted}, key=lambda name: (-_sum(counted, name), name))
    rows = tuple(
        (name.partition(" · ")[2] or name, tuple(counted[name, stage] for stage in Stage.values), _sum(counted, name))
        for name in names
    )
    totals = tuple(sum(counted[name, stage] for name in names) for stage in Stage.values)
    return Matrix(heading, rows[:limit], totals, sum(totals), max(0, len(rows) - limit))


def _sum(counted: Counter[tuple[str, str]], name: str) -> int:
    return sum(counted[name, stage] for stage in Stage.values)


def _sample(found: Collected, slug: str, title: str, columns: tuple[str, ...], empty: str, *, limit: int) -> Sample:
    attachment = found.attachments.get(slug)
    if attachment is None:
        return Sample(title, slug, (), (), 0, empty)
    keys = [column.key for column in attachment.columns]
    places = [keys.index(name) for name in columns if name in keys]
    rows = []
    for item, cells in found.samples[slug][:limit]:
        first, *rest = (cells[at] for at in places)
        # The wide column keeps references; in the narrow ones names are enough, and the attachment has both.
        rows.append((item, (first, *(_REFERENCE.sub("", cell) for cell in rest))))
    labels = tuple(attachment.columns[at].label for at in places)
    return Sample(title, slug, labels, tuple(rows), attachment.rows, empty)


def _verbs(counted: Counter[tuple[str, str]]) -> tuple[tuple[str, int, int, int], ...]:
    """(register, created, changed, removed), the busiest first."""
    names = sorted({name for name, _verb in counted})
    rows = [(name, counted[name, "created"], counted[name, "changed"], counted[name, "removed"]) for name in names]
    return tuple(sorted(rows, key=lambda row: -sum(row[1:])))
