"""Two answers for each requirement, never one verdict: does it apply, and what does the register hold for it.

Both are counted over the same records: those that the requirement touches, or may touch, and that are ours to answer
for, or may be. What nobody declared is said as such: the duty then applies *if* the role is ours.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from reports.catalog import Applicability, Catalog, Requirement, applicability, format_date
from reports.catalogs import CONFIDENCES, LATER, ROLES
from reports.collect import Collected, Subject
from reports.collectors import SUBJECTS, Collector, Evidence, Item
from reports.estate import EU_ROLES, HIPAA_ROLES
from reports.scopes import Native, mask, native

State: TypeAlias = Literal["complete", "partial", "none", "external", "outside"]
STATES: tuple[State, ...] = ("complete", "partial", "none", "external", "outside")
SHOWN_EXAMPLES = 3
NOTHING_IN_SCOPE = "0 in scope"

_RECORDED = {
    "eu-ai-act": {str(role): bit for role, bit in EU_ROLES.items()},
    "hipaa": {str(role): bit for role, bit in HIPAA_ROLES.items()},
    "soc2": {},
}
_URGENCY = {"now": 0, "disputed": 1, "from": 2, "not_our_role": 3}


@dataclass(frozen=True, slots=True)
class InScope:
    """How many records a requirement touches: `sure` of them surely, `maybe` more where a fact or role is unknown."""

    kind: Native
    sure: int
    maybe: int

    @property
    def total(self) -> int:
        return self.sure + self.maybe

    @property
    def words(self) -> str:
        """ "9", "9 to 2,133", "12 vendors", "Organization"."""
        if self.kind == "organization":
            return "Organization"
        count = f"{self.sure:,} to {self.total:,}" if self.maybe else f"{self.sure:,}"
        return count if self.kind == "system" else f"{count} {plural(self.kind, self.total)}"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A requirement with its two answers, and the words that go with them."""

    requirement: Requirement
    status: str
    applies: str
    reason: str
    urgency: int
    in_scope: InScope
    state: State
    held: str
    evidence: tuple[Evidence, ...]
    missing: tuple[str, ...]
    not_held_yet: tuple[str, ...]
    role_note: str
    confidence_note: str

    @property
    def short_gaps(self) -> list[tuple[str, int]]:
        """(item, how many lack it), for the list of gaps."""
        return [(e.collector.title, e.missing) for e in self.evidence if e.missing]


def plural(kind: str, n: int) -> str:
    """ "1 vendor", "2 vendors": the word alone."""
    return SUBJECTS[kind][0 if n == 1 else 1]


class Assessor:
    """Judges a catalog against what was collected. Subjects are grouped first, so its work does not grow with them."""

    def __init__(self, catalog: Catalog, found: Collected) -> None:
        self.catalog = catalog
        self.found = found
        self.day: date = found.moment.day
        self.recorded = _RECORDED[catalog.framework]
        self.groups: dict[str, Counter[tuple[int, int, int, int, int]]] = {
            kind: Counter((s.certain, s.possible, self.roles_of(s), s.asked, s.held) for s in members.values())
            for kind, members in found.subjects.items()
        }
        systems = self.groups.get("system", Counter())
        self.declared = 0
        for _certain, _possible, roles, _asked, _held in systems:
            self.declared |= roles
        self.undeclared = sum(n for (_c, _p, roles, _a, _h), n in systems.items() if not roles)
        self.systems = systems.total()

    def roles_of(self, subject: Subject) -> int:
        return subject.eu_roles if self.catalog.framework == "eu-ai-act" else subject.us_roles

    def all(self) -> list[Assessment]:
        return [self.assess(requirement) for requirement in self.catalog.requirements]

    def assess(self, requirement: Requirement) -> Assessment:
        scopes = mask(application.scope for application in requirement.applies)
        addressed = frozenset(role for item in requirement.applies for role in item.to_roles)
        in_scope = self.in_scope(requirement, scopes, addressed)
        status, label, reason, urgency = self.applies(requirement, addressed)
        ours = status != "not_our_role"
        # Where nothing is in scope nothing is asked, so nothing is missing either.
        asked = ours and (in_scope.total > 0 or in_scope.kind == "organization")
        names = requirement.collectors if asked else ()
        evidence = tuple(self.evidence(self.found.known[name], in_scope.kind, scopes, addressed) for name in names)
        held = self.held(requirement, in_scope, evidence, scopes, addressed) if ours else "not our role"
        return Assessment(
            requirement=requirement,
            status=status,
            applies=label,
            reason=reason,
            urgency=urgency,
            in_scope=in_scope,
            state=self.state(requirement, in_scope, evidence) if ours else "none",
            held=held,
            evidence=evidence,
            missing=tuple(_missing(evidence)),
            not_held_yet=tuple(LATER[name] for name in requirement.later),
            role_note=self.role_note(addressed),
            confidence_note=_confidence(requirement),
        )

    # --- does it apply ---

    def applies(self, requirement: Requirement, addressed: frozenset[str]) -> tuple[str, str, str, int]:
        """(status, words for the table, the reason, urgency: 0 for what applies now)."""
        ours = frozenset(role for role, bit in self.recorded.items() if bit & self.declared)
        if self.catalog.framework == "soc2":
            if requirement.kind == "security":
                return "now", "In every report", "The common criteria belong to every SOC 2 report.", 0
            return "if", "If in the report", "Only where the report covers this category, which is not held here.", 1
        unknown = bool(self.undeclared) or not self.systems or not addressed & set(self.recorded)
        if ours & addressed or not unknown:
            found = applicability(requirement, on=self.day, roles=ours)
            return found.status, _label(found), found.reason, _URGENCY[found.status]
        found = applicability(requirement, on=self.day, roles=addressed)
        label = _label(found)
        return "if", f"If our role: {label[:1].lower()}{label[1:]}", found.reason, _URGENCY[found.status]

    def role_note(self, addressed: frozenset[str]) -> str:
        """What the register knows of our role in this duty, in words."""
        if self.catalog.framework == "soc2":
            return ""
        words = ROLES[self.catalog.framework]
        named = _either([words[role] for role in words if role in addressed])
        unrecorded = [words[role] for role in words if role in addressed and role not in self.recorded]
        if not addressed & set(self.recorded):
            return f"Addressed to the {named}. The register does not hold this role: the duty applies if it is yours."
        note = f"Addressed to the {named}"
        if self.undeclared:
            note += (
                f"; not declared for {self.undeclared:,} of {self.systems:,} AI systems, which count as possibly ours"
            )
        note += "."
        if unrecorded and self.undeclared:
            note += f" The register does not hold the role of {_either(unrecorded)}."
        return note

    # --- what is held ---

    def _matches(self, roles: int, addressed: frozenset[str]) -> bool:
        """Whether a record with these declared roles is ours to answer for, or may be."""
        asked = sum(bit for role, bit in self.recorded.items() if role in addressed)
        return not asked or not roles or bool(roles & asked)

    def is_ours(self, roles: int, addressed: frozenset[str]) -> bool:
        """Whether a declared role makes it ours; a framework that knows no roles is always ours."""
        asked = sum(bit for role, bit in self.recorded.items() if role in addressed)
        return bool(roles & asked) if self.recorded else True

    def in_scope(self, requirement: Requirement, scopes: int, addressed: frozenset[str]) -> InScope:
        kind = native(application.scope for application in requirement.applies)
        sure = maybe = 0
        for (certain, possible, roles, _asked, _held), n in self.groups.get(kind, Counter()).items():
            if kind == "system" and not self._matches(roles, addressed):
                continue
            if not (certain | possible) & scopes:
                continue
            ours = kind != "system" or self.is_ours(roles, addressed)
            sure += n if ours and certain & scopes else 0
            maybe += 0 if ours and certain & scopes else n
        return InScope(kind, sure, maybe)

    def evidence(self, one: Collector, kind: Native, scopes: int, addressed: frozenset[str]) -> Evidence:
        """What a collector found among what a requirement asks about.

        Duties about AI models are not counted over systems: there the register only tells what there is.
        """
        informs = one.informs_only or (kind == "model" and one.counts == "system")
        records = sum(n for (name, where), n in self.found.records.items() if name == one.name and where & scopes)
        held = total = 0
        if not informs:
            bit = self.found.bit(one.name)
            for (certain, possible, roles, asked, has), n in self.groups.get(one.counts, Counter()).items():
                if not asked & bit or not (certain | possible) & scopes:
                    continue
                if one.counts == "system" and not self._matches(roles, addressed):
                    continue
                total += n
                held += n if has & bit else 0
        return Evidence(
            collector=one,
            held=held,
            total=None if informs else total,
            records=records,
            extracted_at=self.found.moment.at,
            items=self._items(one, scopes, addressed),
        )

    def _items(self, one: Collector, scopes: int, addressed: frozenset[str]) -> tuple[Item, ...]:
        members = self.found.subjects.get(one.counts, {})
        shown: dict[int, Item] = {}
        for (name, scope), examples in self.found.examples.items():
            if name != one.name or not scope & scopes:
                continue
            for key, item in examples:
                subject = members.get(key)
                if one.counts == "system" and (subject is None or not self._matches(self.roles_of(subject), addressed)):
                    continue
                shown[item.entry] = item
        ordered = sorted(shown.values(), key=lambda item: (len(item.reference), item.reference))
        return tuple(ordered[:SHOWN_EXAMPLES])

    def state(self, requirement: Requirement, in_scope: InScope, evidence: tuple[Evidence, ...]) -> State:
        """Complete, partial, none, external or outside; the words stand in the pack's key."""
        if requirement.portal == "outside":
            return "outside"
        if in_scope.kind != "organization" and in_scope.total == 0:
            return "none"
        if not any(one.held or (one.total is None and one.records) for one in evidence):
            return "none"
        if requirement.portal == "external":
            return "external"
        counted = [one for one in evidence if one.total]
        whole = bool(counted) and all(one.is_complete for one in counted)
        return "complete" if whole and requirement.portal == "direct" and not requirement.later else "partial"

    def held(
        self,
        requirement: Requirement,
        in_scope: InScope,
        evidence: tuple[Evidence, ...],
        scopes: int,
        addressed: frozenset[str],
    ) -> str:
        """ "52 of 61", "0 in scope", "204 records", "not held yet"."""
        if requirement.portal == "outside":
            return "see section 3"
        if in_scope.kind != "organization" and in_scope.total == 0:
            return NOTHING_IN_SCOPE
        counted = [one for one in evidence if one.total]
        kinds = [one.collector.counts for one in counted]
        kind = in_scope.kind if in_scope.kind in kinds else (kinds[0] if kinds else "")
        if not kind:
            records = sum(one.records for one in evidence)
            return f"{records:,} {plural('record', records)}" if evidence else "not held yet"
        every, total = self._every(kind, [one.collector for one in counted], scopes, addressed)
        words = f"{every:,} of {total:,}"
        return words if kind == "system" else f"{words} {plural(kind, total)}"

    def _every(self, kind: str, asked_for: list[Collector], scopes: int, addressed: frozenset[str]) -> tuple[int, int]:
        """How many records hold each item that is asked of them, of how many that any is asked of."""
        need = sum(self.found.bit(one.name) for one in asked_for if one.counts == kind)
        every = total = 0
        for (certain, possible, roles, asked, has), n in self.groups[kind].items():
            mine = asked & need
            if not mine or not (certain | possible) & scopes:
                continue
            if kind == "system" and not self._matches(roles, addressed):
                continue
            total += n
            every += 0 if mine & ~has else n
        return every, total


def _label(found: Applicability) -> str:
    if found.status == "disputed":
        days = [format_date(day) for day in (found.applies_from, found.alternative_from) if day is not None]
        return f"Disputed: {' or '.join(days)}" if days else "Disputed"
    return found.label


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _missing(evidence: tuple[Evidence, ...]) -> list[str]:
    lines = []
    for one in evidence:
        if one.total is None:
            if not one.records:
                lines.append(f"{one.collector.title}: none on record.")
        elif one.total == 0:
            lines.append(f"{one.collector.title}: nothing on record that it could be asked of.")
        elif one.missing:
            noun = plural(one.collector.counts, one.total)
            lines.append(f"{one.missing:,} of {one.total:,} {noun} {one.collector.lacks}.")
    return lines


def _confidence(requirement: Requirement) -> str:
    return "" if requirement.confidence == "high" else CONFIDENCES[requirement.confidence]


def tally(assessments: list[Assessment]) -> dict[State, int]:
    """How many requirements stand in each state of evidence; those that are not our role are left out."""
    counted: Counter[Any] = Counter(a.state for a in assessments if a.status != "not_our_role")
    return {state: counted[state] for state in STATES}
