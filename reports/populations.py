"""The populations of a pack: each register with all its fields and its provenance, in one shape.

A population's columns come from the register's own declaration, so a register that is added later is in every pack
from its first day, with every field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils import translation

from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.records.models import CustomField
from portal.records.register import Register, get_register, registers
from reports.asof import Moment, Names, standing
from reports.attachments import Column
from reports.estate import ORDER

CHANGES = "changes"
MATRIX = "evidence-by-system"
ROLES = "portal-roles"

# The day a record speaks of, for telling what was observed from what was entered later.
SPEAKS_OF = {
    "ai-systems": "live_on",
    "system-versions": "released_on",
    "deployments": "live_from",
    "system-uses": "live_from",
    "role-assignments": "valid_from",
    "agreements": "effective_on",
    "vendor-attestations": "period_from",
    "sub-processors": "valid_from",
    "data-flows": "valid_from",
    "system-tools": "valid_from",
    "agents": "live_on",
    "model-versions": "released_on",
    "regulated-products": "certified_on",
    "documents": "valid_from",
}

PROVENANCE = (
    Column("version", "Version"),
    Column("ledger_entry", "Ledger entry"),
    Column("recorded_at", "Recorded (UTC)"),
    Column("recorded_by", "Recorded by"),
    Column("recorded_through", "Recorded through"),
    Column("registered_at", "First registered (UTC)"),
    Column("observation", "Observation"),
)
IN_PERIOD = Column("in_period", "In the period")

Getter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Population:
    """What is attached of one register: columns, and how a history row fills them."""

    slug: str
    title: str
    query: str
    model: type[models.Model]
    fields: tuple[tuple[Column, Getter], ...]
    moment: Moment
    speaks_of: str = ""
    register: Register | None = None
    # Columns whose "unknown" is counted: (key, attribute).
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        period = (IN_PERIOD,) if self.moment.start else ()
        return (*(column for column, _get in self.fields), *PROVENANCE, *period)

    def cells(self, row: Any) -> list[Any]:
        """The row of the attachment, provenance last."""
        period = [self.in_period(row)] if self.moment.start else []
        return [*(get(row) for _column, get in self.fields), *self._provenance(row), *period]

    def _provenance(self, row: Any) -> list[Any]:
        return [
            getattr(row, "version", None),
            row.history_id,
            row.history_date,
            row.history_user_name,
            row.history_source,
            getattr(row, "created_at", None),
            self.observation(row),
        ]

    def observation(self, row: Any) -> str:
        """ "observed", or "backfilled" where the record speaks of a day before it was entered; "" where of none."""
        day: date | None = getattr(row, self.speaks_of) if self.speaks_of else None
        if day is None:
            return ""
        return "backfilled" if day < row.created_at.date() else "observed"

    def in_period(self, row: Any) -> str:
        """What happened to the record in the period: removed, created, changed, or "" for nothing."""
        if row.history_type == "-":
            return "removed"
        created = getattr(row, "created_at", None)
        if created is not None and self.moment.within(created):
            return "created"
        return "changed" if self.moment.within(row.history_date) else ""


def populations(moment: Moment, names: Names) -> list[Population]:
    """Every register in the order in which a pack passes over them, then the roles in this portal."""
    known = {register.slug: register for register in registers()}
    slugs = [slug for slug in ORDER if slug in known] + [slug for slug in known if slug not in ORDER]
    with translation.override("en"):
        own: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for definition in standing(CustomField, moment).order_by("position", "key"):
            own[definition.register].append((definition.key, definition.label))
        made = [_of_register(get_register(slug), moment, names, own[slug]) for slug in slugs]
        return [*made, _roles(moment, names)]


def _of_register(register: Register, moment: Moment, names: Names, own: list[tuple[str, str]]) -> Population:
    shown = [*register.fields, *(name for name in register.rail if name not in register.fields)]
    fields: list[tuple[Column, Getter]] = [(Column("reference", "Reference"), lambda row: row.reference)]
    fields += [(Column(name, register.field_label(name)), _getter(register.model, name, names)) for name in shown]
    fields.append((Column("tags", "Tags"), lambda row: ", ".join(row.tags)))
    fields += [(Column(f"own_{key}", label), _own(key)) for key, label in own]
    return Population(
        slug=register.slug,
        title=register.label_plural,
        query=_query(register.label_plural, moment),
        model=register.model,
        fields=tuple(fields),
        moment=moment,
        speaks_of=SPEAKS_OF.get(register.slug, ""),
        register=register,
        facts=tuple((name, name) for name in shown if _may_be_unknown(register.model, name)),
    )


def _query(title: str, moment: Moment) -> str:
    """What was asked of history, in words that anybody can repeat."""
    until = f"the latest history row of each record up to ledger entry {moment.entry}"
    if moment.before and moment.start:
        until += (
            f" and before {moment.before:%Y-%m-%d} 00:00 UTC; records removed before {moment.start:%Y-%m-%d} left out"
        )
    else:
        until += ", removed records left out"
    return f"{title} in scope: {until}"


def _may_be_unknown(model: type[models.Model], name: str) -> bool:
    field: Any = model._meta.get_field(name)
    return any(key == "unknown" for key, _label in (field.flatchoices or ()))


def _getter(model: type[models.Model], name: str, names: Names) -> Getter:
    field: Any = model._meta.get_field(name)
    if isinstance(field, models.ForeignKey):
        related: Any = field.related_model
        return lambda row: names.of(related, getattr(row, field.attname))
    if field.flatchoices:
        labels = {key: str(label) for key, label in field.flatchoices}
        return lambda row: labels.get(getattr(row, name), getattr(row, name))
    return lambda row: getattr(row, name)


def _own(key: str) -> Getter:
    return lambda row: row.custom.get(key)


def _roles(moment: Moment, names: Names) -> Population:
    labels = {str(key): str(label) for key, label in Role.choices}
    return Population(
        slug=ROLES,
        title="Roles in this portal",
        query=_query("Roles of people in this portal", moment),
        model=RoleGrant,
        fields=(
            (Column("person", "Person"), lambda row: names.of(User, row.user_id)),
            (Column("role", "Role"), lambda row: labels.get(row.role, row.role)),
        ),
        moment=moment,
    )
