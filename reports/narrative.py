"""What a pack says: everything its templates print, in sentences and short tables. No query of records happens here.

Packs are written in English, like the catalogs they stand on: a pack that mixed two languages would be nobody's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from inventory.choices import Stage
from portal.history.context import Source
from portal.ledger.models import LedgerEntry
from portal.ledger.notes import CheckpointBody, split
from reports.assess import NOTHING_IN_SCOPE, STATES, Assessment, Assessor, plural, tally
from reports.attachments import FileFact
from reports.catalog import Catalog, Group, format_date
from reports.catalogs import CONFIDENCES, LATER, PORTALS, SCOPES
from reports.collect import Collected
from reports.estate_tables import estate_of
from reports.models import EvidencePack, ScopeKind
from reports.populations import CHANGES, MATRIX
from reports.scopes import READING

GAPS_SHOWN = 40
UNKNOWN_SHOWN = 24

SOURCES = {
    Source.UI: "in the browser",
    Source.API: "through the API",
    Source.IMPORT: "by import",
    Source.JOB: "by a job",
    Source.CONNECTOR: "by a connector",
    Source.SHELL: "at the command line",
}
DUTY = {"eu-ai-act": ("duty", "duties"), "hipaa": ("provision", "provisions"), "soc2": ("criterion", "criteria")}


@dataclass(frozen=True, slots=True)
class GroupOf:
    """A group of the catalog with its requirements as they were judged."""

    group: Group
    rows: tuple[Assessment, ...]


@dataclass(frozen=True, slots=True)
class ItemGap:
    """One item of evidence over the whole pack: how many lack it, and how many requirements ask for it."""

    title: str
    missing: int
    total: int
    noun: str
    lacks: str
    asked_by: int
    attachment: str
    column: str


def context_of(
    pack: EvidencePack, found: Collected, assessor: Assessor, assessments: list[Assessment], manifest: FileFact
) -> dict[str, Any]:
    """The context of reports/pack/pack.html."""
    catalog = assessor.catalog
    duty, duties = DUTY[pack.framework]
    groups = [
        GroupOf(group, tuple(a for a in assessments if a.requirement.group == group.id)) for group in catalog.groups
    ]
    unknown = _unknown(found)
    populations = list(found.attachments.values())
    return {
        "pack": pack,
        "catalog": catalog,
        "duty": duty,
        "duties": duties,
        "groups": [one for one in groups if one.rows],
        "assessments": assessments,
        "systems": assessor.systems,
        "lead": _lead(pack, assessor, assessments),
        "tally": [(state, tally(assessments)[state]) for state in STATES],
        "scope_words": _scope(pack, found, assessor),
        "when_label": "Period" if pack.is_period else "As of",
        "when_words": _when(pack),
        "observation": _observation(pack, found),
        "role_words": _roles(pack, assessor),
        "not_declared": any(a.applies.startswith("If our role") for a in assessments),
        "unsure": any(a.confidence_note for a in assessments),
        "ledger_words": _ledger(pack),
        "populations": populations,
        "attached_rows": sum(one.rows for one in populations),
        "manifest": manifest,
        "item_gaps": _item_gaps(found, assessments),
        "duty_gaps": _duty_gaps(assessments)[:GAPS_SHOWN],
        "duty_gaps_left": max(0, len(_duty_gaps(assessments)) - GAPS_SHOWN),
        "later": _later(assessments),
        "unknown": unknown[:UNKNOWN_SHOWN],
        "unknown_left": max(0, len(unknown) - UNKNOWN_SHOWN),
        "matrix": found.attachments[MATRIX],
        "changes": found.attachments[CHANGES],
        "judged_on": found.moment.day,
        "estate": estate_of(found),
        "notes": [note.replace("listed under `later`", "that it does not hold yet") for note in catalog.notes],
        "portals": [(name.capitalize(), words) for name, words in PORTALS.items()],
        "confidences": [(name.capitalize(), words) for name, words in CONFIDENCES.items()],
        "readings": _readings(catalog),
        "by_source": [(SOURCES[Source(key)], n) for key, n in found.change_counts.by_source.most_common()],
        "stages": [str(label) for label in Stage.labels],
    }


def _n(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _lead(pack: EvidencePack, assessor: Assessor, assessments: list[Assessment]) -> str:
    one, many = DUTY[pack.framework]
    counts = tally(assessments)
    ours = sum(counts.values())
    elsewhere = len(assessments) - ours
    words = f"{_n(ours, one, many).capitalize()} may touch these {_n(assessor.systems, 'AI system', 'AI systems')}"
    words += f"; {elsewhere:,} more are not our role. " if elsewhere else ". "
    nothing = [a for a in assessments if a.state == "none" and a.status != "not_our_role"]
    empty = sum(1 for a in nothing if a.held == NOTHING_IN_SCOPE)
    if not nothing:
        return words + "For each of them the register holds something."
    told = []
    if len(nothing) > empty:
        told.append(f"for {len(nothing) - empty:,} of them the register holds nothing")
    if empty:
        told.append(f"for {empty:,} nothing falls in scope")
    sentence = "; ".join(told)
    return f"{words}{sentence[:1].upper()}{sentence[1:]}."


def _scope(pack: EvidencePack, found: Collected, assessor: Assessor) -> str:
    systems = _n(assessor.systems, "AI system", "AI systems")
    if pack.scope_kind == ScopeKind.ALL:
        words = f"The whole register of {pack.organization}: {systems}"
    elif pack.scope_kind == ScopeKind.UNIT:
        below = len(found.estate.scope_units or ()) - 1
        words = f"{pack.scope_name} ({pack.scope_reference}) and {_n(below, 'unit', 'units')} below: {systems}"
        words += ", those that these units answer for or use"
    else:
        words = f"{pack.scope_reference} · {pack.scope_name}"
    if pack.is_period:
        words += f"; {found.retired_in_period:,} retired in the period"
    return words


def _when(pack: EvidencePack) -> str:
    if pack.period_from and pack.period_to:
        return f"{format_date(pack.period_from)} up to, but not including, {format_date(pack.period_to)} (UTC)"
    return f"{format_date(pack.as_of.date())}, {pack.as_of:%H:%M} UTC"


def _observation(pack: EvidencePack, found: Collected) -> str:
    start = pack.observation_start
    if start is None:
        return "Nothing had been recorded yet."
    words = f"{format_date(start.date())}, {start:%H:%M} UTC: the first change that this register recorded. "
    first, end = pack.period_from, pack.period_to
    if end and end <= start.date():
        words += "The whole period lies before it and was not observed. "
    elif first and first < start.date():
        until = format_date(start.date() - timedelta(days=1))
        words += f"{format_date(first)} to {until} were not observed. "
    else:
        words += "Earlier days were not observed. "
    late = found.observation["backfilled"]
    verb = "speaks" if late == 1 else "speak"
    words += f"{_n(late, 'record', 'records')} {verb} of a day before the record was entered (“backfilled”)"
    opened = found.declared_at_opening
    return words + (f"; {_n(opened, 'system was', 'systems were')} declared at opening." if opened else ".")


def _roles(pack: EvidencePack, assessor: Assessor) -> str:
    if pack.framework == "soc2":
        return "Service organization; which criteria the report covers is not held here"
    declared = assessor.systems - assessor.undeclared
    if not declared:
        return f"Not declared for any of {_n(assessor.systems, 'AI system', 'AI systems')}"
    return f"Declared for {declared:,} of {_n(assessor.systems, 'AI system', 'AI systems')}"


def _ledger(pack: EvidencePack) -> str:
    entries = LedgerEntry.objects.filter(id__lte=pack.ledger_entry).count()
    said = f"{_n(entries, 'entry', 'entries')}, the last one no. {pack.ledger_entry:,}"
    if not pack.checkpoint:
        return said
    signed = CheckpointBody.parse(split(pack.checkpoint)[0])
    return f"{said}; the attached checkpoint signs the log as far as {_n(signed.size, 'entry', 'entries')}"


def _item_gaps(found: Collected, assessments: list[Assessment]) -> list[ItemGap]:
    """Every item that some requirement asks for and some record lacks, the widest gap first."""
    asked: Counter[str] = Counter(e.collector.name for a in assessments for e in a.evidence)
    widest: dict[str, tuple[int, int]] = {}
    for a in assessments:
        for e in a.evidence:
            if e.total and e.missing >= widest.get(e.collector.name, (0, 0))[0]:
                widest[e.collector.name] = (e.missing, e.total)
    made = []
    for name, (missing, total) in widest.items():
        one = found.known[name]
        by_system = one.counts == "system"
        where = found.attachments[MATRIX if by_system else one.reads]
        column = one.title if by_system else where.label_of(one.column)
        if missing:
            noun = plural(one.counts, total)
            made.append(ItemGap(one.title, missing, total, noun, one.lacks, asked[name], f"{where.slug}.csv", column))
    return sorted(made, key=lambda gap: (-gap.missing, gap.title))


def _duty_gaps(assessments: list[Assessment]) -> list[Assessment]:
    """Requirements that lack something, those that apply now first; what is not asked of anything lacks nothing."""
    lacking = [a for a in assessments if a.status != "not_our_role" and a.held != NOTHING_IN_SCOPE]
    return sorted((a for a in lacking if a.short_gaps or a.state == "none"), key=lambda a: a.urgency)


def _later(assessments: list[Assessment]) -> list[tuple[str, int]]:
    """What this register does not hold yet, and how many requirements would rest on it."""
    asked = Counter(name for a in assessments if a.status != "not_our_role" for name in a.requirement.later)
    return [(LATER[name], n) for name, n in sorted(asked.items(), key=lambda pair: (-pair[1], pair[0]))]


def _unknown(found: Collected) -> list[tuple[str, str, int, int]]:
    """(register, fact, unknown, of): facts that nobody has told yet. They are never read as "no"."""
    rows = []
    for slug, facts in found.unknown.items():
        attachment = found.attachments[slug]
        rows += [(attachment.title, attachment.label_of(key), n, attachment.rows) for key, n in facts.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def _readings(catalog: Catalog) -> list[tuple[str, str]]:
    """How the register reads the scopes that this catalog uses."""
    used = dict.fromkeys(application.scope for one in catalog.requirements for application in one.applies)
    return [(SCOPES[name], READING[name]) for name in used if name in READING]
