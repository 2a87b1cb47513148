"""The frameworks' requirements, read from `reports/catalogs/*.yaml`.

One file per framework, one format for all. A catalog says which duty there is, where it is written, from
when and for whom it applies, and which collectors give evidence for it. Every sentence in the files is our
own paraphrase; the laws and standards are cited, never copied.

The loader is strict on purpose: an unknown key, word or date stops it with the file, the id and the field.
A catalog that loads is complete, so nothing that reads one has to check it again. The words a catalog may
use (roles, kinds, scopes, collectors) stand in `reports.catalogs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, cast

import yaml

from reports.catalog_loader import CatalogError, Loader, Row
from reports.catalogs import (
    CATALOGS,
    COLLECTORS,
    CONFIDENCES,
    KINDS,
    LATER,
    PORTALS,
    ROLES,
    SCOPES,
)

FORMAT = 1
FOLDER = Path(__file__).parent / "catalogs"

Portal: TypeAlias = Literal["direct", "supporting", "external", "outside"]
Confidence: TypeAlias = Literal["high", "medium", "low", "memory"]
Status: TypeAlias = Literal["now", "from", "disputed", "not_our_role"]

__all__ = [
    "CATALOGS",
    "Applicability",
    "Application",
    "Catalog",
    "CatalogError",
    "Group",
    "KeyDate",
    "Requirement",
    "applicability",
    "format_date",
    "load_catalog",
    "parse_catalog",
]

_LABELS: Mapping[Status, str] = {
    "now": "Now",
    "from": "Later",
    "disputed": "Disputed",
    "not_our_role": "Not our role",
}
_STRENGTH: Mapping[Status, int] = {"now": 0, "disputed": 1, "from": 2, "not_our_role": 3}
_ROLE_WORDS = {role: words for roles in ROLES.values() for role, words in roles.items()}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class KeyDate:
    """A date from which a part of the law applies, with the provision that says so."""

    date: date
    what: str
    basis: str


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the duty table."""

    id: str
    title: str
    intro: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """From when, for whom and for which systems a requirement applies.

    `applies_from` is None where the rule is in force and its start date is of no interest today.
    `condition` narrows it in words, where no register can decide it; it reads on after "but only".
    `disputed` is why the date is disputed; `applies_from` is then the literal reading and
    `alternative_from` the other one.
    """

    applies_from: date | None
    basis: str
    to_roles: frozenset[str]
    scope: str
    condition: str | None = None
    disputed: str | None = None
    alternative_from: date | None = None

    def status(self, *, on: date) -> Literal["now", "from", "disputed"]:
        """Where this application stands on a day. A dispute ends when both readings agree."""
        if self.disputed is not None and (self.alternative_from is None or on < self.alternative_from):
            return "disputed"
        return "now" if self.applies_from is None or self.applies_from <= on else "from"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One duty, specification or criterion, in our own words.

    `parent` is the requirement this one spells out (a standard and its specifications, Art. 5 and its
    points). `judgement` marks where the reading is our own design rather than law. `later` names evidence
    that the register does not hold yet. `outside_reason` stands exactly where `portal` is "outside".
    """

    id: str
    group: str
    citation: str
    title: str
    text: str
    applies: tuple[Application, ...]
    portal: Portal
    confidence: Confidence
    kind: str
    parent: str | None = None
    collectors: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    outside_reason: str | None = None
    time_limits: tuple[str, ...] = ()
    note: str | None = None
    judgement: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """A framework as it stood on `as_of`."""

    framework: str
    title: str
    short_title: str
    citation: str
    as_of: date
    license: str
    license_note: str
    sources: tuple[str, ...]
    dates: tuple[KeyDate, ...]
    notes: tuple[str, ...]
    groups: tuple[Group, ...]
    requirements: tuple[Requirement, ...]

    def get(self, requirement_id: str) -> Requirement:
        """The requirement with this id. Raises KeyError."""
        for requirement in self.requirements:
            if requirement.id == requirement_id:
                return requirement
        raise KeyError(requirement_id)


@dataclass(frozen=True, slots=True)
class Applicability:
    """What a requirement means for somebody with given roles on a given day.

    `applications` are those addressed to the roles, so that a caller can tell Annex III from Annex I.
    `applies_from` and `alternative_from` belong to the application that decided the status.
    """

    status: Status
    reason: str
    applications: tuple[Application, ...] = ()
    applies_from: date | None = None
    alternative_from: date | None = None

    @property
    def label(self) -> str:
        """The words of the duty table: "Now", "From 2 Dec 2027", "Disputed", "Not our role"."""
        if self.status == "from" and self.applies_from is not None:
            return f"From {format_date(self.applies_from)}"
        return _LABELS[self.status]


def format_date(day: date) -> str:
    """A date as our texts write it, whatever the locale: 2 Dec 2027."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def applicability(requirement: Requirement, *, on: date, roles: frozenset[str]) -> Applicability:
    """Whether a requirement applies to somebody with these roles on this day, and why.

    Where applications differ (two dates, two kinds of systems) the strongest decides: now, then disputed,
    then the earliest date to come. The reason names all of them.
    """
    ours = tuple(item for item in requirement.applies if item.to_roles & roles)
    if not ours:
        addressed = {_ROLE_WORDS[role] for item in requirement.applies for role in item.to_roles}
        return Applicability("not_our_role", f"Addressed to: {', '.join(sorted(addressed))}.")
    ranked = sorted(ours, key=lambda item: (_STRENGTH[item.status(on=on)], item.applies_from or date.min))
    sentences = [_reason(item, on=on) for item in ranked]
    sentences += [item.disputed for item in ranked if item.disputed and item.status(on=on) == "disputed"]
    first = ranked[0]
    return Applicability(
        status=first.status(on=on),
        # The same dispute often stands behind two dates; it is told once.
        reason=" ".join(dict.fromkeys(sentences)),
        applications=ours,
        applies_from=first.applies_from,
        alternative_from=first.alternative_from,
    )


def _reason(item: Application, *, on: date) -> str:
    status = item.status(on=on)
    start = None if item.applies_from is None else format_date(item.applies_from)
    if status == "disputed":
        dates = [format_date(day) for day in (item.applies_from, item.alternative_from) if day is not None]
        when = f"Date disputed ({' or '.join(dates)})"
    elif status == "from":
        when = f"Applies from {start}"
    elif item.disputed is not None:
        # Both readings have passed: neither is named as the date.
        when = "Applies"
    else:
        when = "In force" if start is None else f"Applies since {start}"
    only = f", but only {item.condition}" if item.condition else ""
    return f"{when} for {SCOPES[item.scope]}{only} ({item.basis})."


@cache
def load_catalog(slug: str) -> Catalog:
    """The catalog of a framework, one of `CATALOGS`. Raises CatalogError."""
    if slug not in CATALOGS:
        raise CatalogError(f"No catalog is called {slug!r}; there are {', '.join(CATALOGS)}.")
    path = FOLDER / f"{slug}.yaml"
    return parse_catalog(path.read_text(encoding="utf-8"), name=path.name)


def parse_catalog(text: str, *, name: str) -> Catalog:
    """Read one catalog from YAML. `name` is the file's name, for messages. Raises CatalogError."""
    try:
        data = yaml.load(text, Loader=Loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise CatalogError(f"{name}: {error}") from error
    top = Row(name, "top", data)
    if top.take("format") != FORMAT:
        raise top.error("format", f"must be {FORMAT}")
    framework = top.word("framework", CATALOGS)
    catalog = Catalog(
        framework=framework,
        title=top.text("title"),
        short_title=top.text("short_title"),
        citation=top.text("citation"),
        as_of=top.day("as_of"),
        license=top.text("license"),
        license_note=top.text("license_note"),
        sources=top.texts("sources"),
        dates=tuple(_key_date(row) for row in top.rows("dates")),
        notes=top.texts("notes"),
        groups=tuple(_group(row) for row in top.rows("groups")),
        requirements=tuple(_requirement(row, framework) for row in top.rows("requirements")),
    )
    top.finish()
    _check_references(catalog, name)
    return catalog


def _key_date(row: Row) -> KeyDate:
    item = KeyDate(date=row.day("date"), what=row.text("what"), basis=row.text("basis"))
    row.finish()
    return item


def _group(row: Row) -> Group:
    item = Group(id=row.text("id"), title=row.text("title"), intro=row.optional_text("intro"))
    row.finish()
    return item


def _requirement(row: Row, framework: str) -> Requirement:
    requirement = Requirement(
        id=row.text("id"),
        group=row.text("group"),
        citation=row.text("citation"),
        title=row.text("title"),
        text=row.text("text"),
        applies=tuple(_application(item, framework) for item in row.rows("applies")),
        portal=cast("Portal", row.word("portal", PORTALS)),
        confidence=cast("Confidence", row.word("confidence", CONFIDENCES)),
        kind=row.word("kind", KINDS[framework]),
        parent=row.optional_text("parent"),
        collectors=row.words("collectors", COLLECTORS),
        later=row.words("later", LATER),
        outside_reason=row.optional_text("outside_reason"),
        time_limits=row.texts("time_limits", optional=True),
        note=row.optional_text("note"),
        judgement=row.flag("judgement"),
    )
    row.finish()
    if not requirement.applies:
        raise row.error("applies", "must name at least one application")
    if (requirement.portal == "outside") != (requirement.outside_reason is not None):
        raise row.error("outside_reason", 'must stand exactly where portal is "outside"')
    if (requirement.portal == "outside") == bool(requirement.collectors or requirement.later):
        raise row.error("collectors", 'or later must stand, unless portal is "outside"')
    return requirement


def _application(row: Row, framework: str) -> Application:
    item = Application(
        applies_from=row.optional_day("from"),
        basis=row.text("basis"),
        to_roles=frozenset(row.words("to_roles", ROLES[framework])),
        scope=row.word("scope", SCOPES),
        condition=row.optional_text("condition"),
        disputed=row.optional_text("disputed"),
        alternative_from=row.optional_day("alternative_from", optional=True),
    )
    row.finish()
    if not item.to_roles:
        raise row.error("to_roles", "must name at least one role")
    if item.alternative_from is not None and item.disputed is None:
        raise row.error("alternative_from", "stands only where the date is disputed")
    return item


def _check_references(catalog: Catalog, name: str) -> None:
    groups = [group.id for group in catalog.groups]
    ids = [requirement.id for requirement in catalog.requirements]
    for kind, names in (("groups", groups), ("requirements", ids)):
        for double in sorted({item for item in names if names.count(item) > 1}):
            raise CatalogError(f"{name}: {double}: id: stands twice in {kind}")
    for requirement in catalog.requirements:
        if requirement.group not in groups:
            raise CatalogError(f"{name}: {requirement.id}: group: no group is called {requirement.group!r}")
        if requirement.parent is not None and requirement.parent not in ids:
            raise CatalogError(f"{name}: {requirement.id}: parent: {requirement.parent!r} is unknown")
