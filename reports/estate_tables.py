"""The short tables of a pack: the estate by unit, stage and class, and the first records of each register."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from inventory.choices import Stage
from reports.collect import Collected
from reports.collectors import Item

UNITS_SHOWN = 45
SYSTEMS_SHOWN = 100
ROWS_SHOWN = 20
COLUMNS_SHOWN = 5
PEOPLE_SHOWN = 12

# Which registers are shown, under which heading, with the sentence for an empty one.
SHOWN: tuple[tuple[str, str, str], ...] = (
    ("role-assignments", "Ownership and oversight", "Nobody is on record as answering for anything in scope."),
    ("system-uses", "Where systems are used", "No use of a system is on record."),
    ("system-versions", "System versions", "No version of a system is on record."),
    ("model-versions", "Model versions", "No model version is on record."),
    ("data-sources", "Data sources", "No data source is on record."),
    ("data-flows", "Data flows", "No data flow is on record."),
    ("vendors", "Vendors", "No vendor is on record."),
    ("agreements", "Agreements", "No agreement is on record."),
    ("vendor-attestations", "Attestations of vendors", "No attestation is on record."),
    ("sub-processors", "Sub-processors", "No sub-processor is on record."),
    ("documents", "Documents", "No document is on record."),
)


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
        systems=_sample(found, "ai-systems", "AI systems", "No AI system is in scope.", SYSTEMS_SHOWN),
        samples=tuple(_sample(found, slug, title, empty, ROWS_SHOWN) for slug, title, empty in SHOWN),
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


def _sample(found: Collected, slug: str, title: str, empty: str, limit: int) -> Sample:
    attachment = found.attachments.get(slug)
    rows = found.samples.get(slug, [])[:limit]
    shown = found.shown.get(slug, [])[:COLUMNS_SHOWN]
    labels = tuple(attachment.label_of(key) for key in shown) if attachment else ()
    return Sample(
        title=title,
        slug=slug,
        columns=labels,
        rows=tuple((item, tuple(cells[:COLUMNS_SHOWN])) for item, cells in rows),
        count=attachment.rows if attachment else 0,
        empty=empty,
    )


def _verbs(counted: Counter[tuple[str, str]]) -> tuple[tuple[str, int, int, int], ...]:
    """(register, created, changed, removed), the busiest first."""
    names = sorted({name for name, _verb in counted})
    rows = [(name, counted[name, "created"], counted[name, "changed"], counted[name, "removed"]) for name in names]
    return tuple(sorted(rows, key=lambda row: -sum(row[1:])))
