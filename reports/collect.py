"""The passing over: each register once, every collector looking on, the population written as it goes by.

Statements to the database: one for each register and each model whose names are shown, whatever the number of systems.
In memory: five numbers for each system, vendor, source, unit and model; never the rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reports import changes
from reports.asof import Moment, Names, in_order, standing
from reports.attachments import Attachment, Column, TableWriter
from reports.collectors import Collector, Item, Look, collectors
from reports.estate import Estate
from reports.models import EvidencePack
from reports.populations import CHANGES, MATRIX, Population, populations
from reports.scopes import ALWAYS, EVERY, Masks, model_masks, source_masks, system_masks, vendor_masks

EXAMPLES = 6
CELL = 90  # characters of a cell in a short table
SAMPLE_ROWS = 100

# Which register makes which kind of subject.
SUBJECT_OF = {
    "ai-systems": "system",
    "vendors": "vendor",
    "data-sources": "source",
    "organization-units": "unit",
    "ai-models": "model",
}


class Reporter(Protocol):
    """Who is told how far the work is: a job's lease, or a terminal."""

    def progress(self, stage: str, done: int = 0, total: int = 0) -> None: ...

    def say(self, message: str) -> None: ...


@dataclass(slots=True)
class Subject:
    """One system, vendor, …: its scopes, declared roles, and for which collectors it is asked and held (bits)."""

    certain: int
    possible: int
    eu_roles: int
    us_roles: int
    asked: int
    held: int = 0


@dataclass(slots=True)
class Gap:
    """A subject that lacks something, for the examples."""

    reference: str
    name: str


@dataclass
class Collected:
    """Everything a pack needs to judge and to tell, without a single row of the populations."""

    moment: Moment
    estate: Estate
    known: dict[str, Collector]
    subjects: dict[str, dict[Any, Subject]] = field(default_factory=lambda: defaultdict(dict))
    # (collector, scopes of the subject) → records that count.
    records: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: dict[tuple[str, int], list[tuple[Any, Item]]] = field(default_factory=lambda: defaultdict(list))
    attachments: dict[str, Attachment] = field(default_factory=dict)
    samples: dict[str, list[tuple[Item, list[str]]]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    observation: Counter[str] = field(default_factory=Counter)
    in_period: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_unit: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_class: Counter[tuple[str, str]] = field(default_factory=Counter)
    declared_at_opening: int = 0
    retired_in_period: int = 0
    change_counts: changes.ChangeCounts = field(default_factory=changes.ChangeCounts)

    def bit(self, name: str) -> int:
        """The bit of a collector in `Subject.asked` and `Subject.held`."""
        return 1 << list(self.known).index(name)


def collect(pack: EvidencePack, folder: Path, reporter: Reporter) -> Collected:
    """Read every register as the pack pins it, write the populations into `folder`, and count."""
    moment = Moment.of(pack)
    names = Names(moment)
    estate = Estate(pack, moment)
    found = Collected(moment, estate, collectors())
    about = {
        "pack": pack.reference,
        "framework": pack.framework,
        "as_of": f"{pack.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "last_ledger_entry": pack.ledger_entry,
    }
    made = populations(moment, names)
    for at, population in enumerate(made):
        reporter.progress(f"Reading {population.title.lower()}", at, len(made) + 2)
        _Pass(found, population, names).run(folder, about)
    reporter.progress("Reading the change history", len(made), len(made) + 2)
    _write_changes(found, made, folder, about)
    reporter.progress("Writing evidence by system", len(made) + 1, len(made) + 2)
    _write_matrix(found, next(p for p in made if p.slug == "ai-systems"), folder, about)
    return found


class _Pass:
    """One register going by."""

    def __init__(self, found: Collected, population: Population, names: Names) -> None:
        self.found = found
        self.population = population
        self.names = names
        self.look = Look(found.moment.day)
        self.kind = SUBJECT_OF.get(population.slug, "")
        self.here = [(c, found.bit(c.name)) for c in found.known.values() if c.reads == population.slug]
        # Of each kind of subject: whose question is it, and of whom is it asked.
        self.about = [(c, found.bit(c.name)) for c in found.known.values() if c.counts == self.kind]
        self.everyone = sum(bit for _c, bit in self.about)
        self.wanted: dict[str, int] = dict.fromkeys((c.name for c, _bit in self.here), EVERY)

    def run(self, folder: Path, about: dict[str, Any]) -> None:
        population, found = self.population, self.found
        writer = TableWriter(
            folder, population.slug, population.title, population.query, population.columns, about=about
        )
        sample: list[tuple[Item, list[str]]] = []
        for row in in_order(population.model, standing(population.model, found.moment)):
            if population.register is not None and not found.estate.admits(population.slug, row):
                continue
            cells = population.cells(row)
            writer.write(cells)
            if len(sample) < SAMPLE_ROWS:
                sample.append((self.item(row), [text(cell) for cell in cells]))
            self.note(row)
        found.attachments[population.slug] = writer.close()
        found.samples[population.slug] = sample

    def item(self, row: Any) -> Item:
        name = str(getattr(row, "name", "") or "")
        return Item(
            register=self.population.slug,
            reference=str(getattr(row, "reference", "")),
            name=name,
            version=getattr(row, "version", None),
            entry=row.history_id,
            at=row.history_date,
        )

    def note(self, row: Any) -> None:
        """Count a row: as a subject, as evidence, and its unknown facts."""
        found, population = self.found, self.population
        if found.moment.start is not None and (what := population.in_period(row)):
            found.in_period[population.title, what] += 1
        if row.history_type == "-":
            return  # it was there in the period, and is evidence of nothing at its end
        for key, attribute in population.facts:
            if getattr(row, attribute) == "unknown":
                found.unknown[population.slug][key] += 1
        found.observation[population.observation(row)] += 1
        if self.kind:
            found.subjects[self.kind][row.id] = self.subject(row)
        if population.slug == "ai-systems":
            self.note_system(row)
        for one, bit in self.here:
            self.note_evidence(row, one, bit)

    def note_system(self, row: Any) -> None:
        found, estate = self.found, self.found.estate
        top = estate.top_of(row.unit_id)
        unit = estate.units[top][1] if top in estate.units else "No unit"
        class_name = self.names.of(type(row)._meta.get_field("risk_class").related_model, row.risk_class_id)
        found.by_unit[unit, row.stage] += 1
        found.by_class[class_name.partition(" · ")[2] or "Not classified", row.stage] += 1
        found.declared_at_opening += bool(row.declaration)
        day = row.retired_on
        if found.moment.start and day and found.moment.start.date() <= day <= found.moment.day:
            found.retired_in_period += 1

    def subject(self, row: Any) -> Subject:
        estate = self.found.estate
        eu = us = 0
        if self.kind == "system":
            masks = system_masks(row, class_key=estate.class_key(row), has_product=estate.has_product(row))
            eu, us = estate.eu_roles(row), estate.hipaa_roles(row)
        elif self.kind == "vendor":
            masks = vendor_masks(row)
        elif self.kind == "source":
            masks = source_masks(row)
        elif self.kind == "model":
            masks = model_masks(row)
        else:
            masks = ALWAYS
        asked = self.everyone
        for one, bit in self.about:
            if one.asked is not None and not one.asked(row, self.look):
                asked &= ~bit
        return Subject(masks.certain, masks.possible, eu, us, asked)

    def key(self, row: Any, one: Collector) -> Any:
        """Which subject a row is evidence for; None where that one is not in the pack."""
        estate = self.found.estate
        if not one.via:
            return row.id
        if one.via == "system_version":
            return estate.version_system.get(row.system_version_id)
        if one.via == "attached_to":
            return estate.system_by_reference.get(row.attached_to)
        return getattr(row, f"{one.via}_id")

    def note_evidence(self, row: Any, one: Collector, bit: int) -> None:
        found = self.found
        key = self.key(row, one)
        kind = one.counts if not one.informs_only else {"system": "system", "vendor": "vendor"}.get(one.via, "")
        subject = found.subjects[kind].get(key) if kind else None
        if (subject is None and not one.informs_only) or not one.holds(row, self.look):
            return
        masks = Masks(subject.certain, subject.possible) if subject else ALWAYS
        scopes = masks.certain | masks.possible
        if subject is not None and not one.informs_only:
            if not subject.asked & bit:
                return
            subject.held |= bit
        found.records[one.name, scopes] += 1
        if wanted := scopes & self.wanted[one.name]:
            self.keep(row, key, one.name, wanted)

    def keep(self, row: Any, key: Any, name: str, scopes: int) -> None:
        """An example for each scope that has too few yet; one record each system."""
        item = None
        while scopes:
            scope = scopes & -scopes
            scopes ^= scope
            examples = self.found.examples[name, scope]
            if examples and examples[-1][0] == key:
                continue
            item = item or self.item(row)
            examples.append((key, item))
            if len(examples) == EXAMPLES:
                self.wanted[name] &= ~scope


def text(value: Any) -> str:
    """A cell as a short table of the PDF shows it."""
    if value is None or value == "":
        return "—"
    if hasattr(value, "strftime"):
        return f"{value.day} {value:%b %Y}"
    flat = " ".join(str(value).split())
    return flat if len(flat) <= CELL else flat[: CELL - 1].rstrip() + "…"


def _write_changes(found: Collected, made: list[Population], folder: Path, about: dict[str, Any]) -> None:
    moment = found.moment
    query = f"History rows of the records in scope, up to ledger entry {moment.entry}"
    if moment.start and moment.before:
        query += f", from {moment.start:%Y-%m-%d} 00:00 UTC to before {moment.before:%Y-%m-%d} 00:00 UTC"
    writer = TableWriter(folder, CHANGES, "Change history", query, changes.COLUMNS, about=about)
    for cells in changes.stream(made, found.estate, moment, found.change_counts):
        writer.write(cells)
    found.attachments[CHANGES] = writer.close()
    found.records["change_history", EVERY] = found.change_counts.total


def _write_matrix(found: Collected, systems: Population, folder: Path, about: dict[str, Any]) -> None:
    """Evidence by system: one row for each, one column for each item, so that gaps can be filtered and handed out."""
    asked = [c for c in found.known.values() if c.counts == "system"]
    columns = [Column("reference", "Reference"), Column("name", "Name"), Column("unit", "Unit")]
    columns += [Column(c.name, c.title) for c in asked]
    query = "AI systems in scope; for each item: held, missing, or not asked (the item does not fit the system)"
    writer = TableWriter(folder, MATRIX, "Evidence by system", query, columns, about=about)
    subjects = found.subjects["system"]
    bits = [found.bit(c.name) for c in asked]
    units = {key: label for key, (_parent, label, _name, _role) in found.estate.units.items()}
    for row in in_order(systems.model, standing(systems.model, found.moment)):
        subject = subjects.get(row.id)
        if subject is None:
            continue
        words = [_word(subject, bit) for bit in bits]
        writer.write([row.reference, row.name, units.get(row.unit_id, ""), *words])
    found.attachments[MATRIX] = writer.close()


def _word(subject: Subject, bit: int) -> str:
    if not subject.asked & bit:
        return "not asked"
    return "held" if subject.held & bit else "missing"
