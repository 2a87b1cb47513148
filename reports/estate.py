"""What belongs to a pack: a system, or the systems of a unit and below, or all; and whatever hangs on them.

Registers are passed over in `ORDER`, links before what they lead to, so that one pass each is enough: a row that
belongs to the pack adds what it points to (`leads`), and a later register asks whether its row was reached (`belongs`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from inventory.choices import AIActRole, HipaaRole
from inventory.models import OrganizationUnit, RegulatedProduct, RiskClass, SystemUse
from reports.asof import CHUNK, Moment, standing
from reports.models import EvidencePack, ScopeKind


@dataclass(frozen=True, slots=True)
class Belonging:
    """A register's place in a pack. `belongs`: (column, set) pairs, any of which is enough. `leads`: what it adds."""

    belongs: tuple[tuple[str, str], ...] = ()
    leads: tuple[tuple[str, str], ...] = ()


_SYSTEM = ("system_id", "systems")
RULES: dict[str, Belonging] = {
    "ai-systems": Belonging((("id", "systems"),), (("unit_id", "answering"),)),
    "organization-units": Belonging((("id", "units"), ("id", "answering"))),
    "system-versions": Belonging((_SYSTEM,), (("id", "versions"),)),
    "deployments": Belonging((("system_version_id", "versions"),), (("vendor_id", "vendors"),)),
    "system-uses": Belonging((_SYSTEM,)),
    "version-models": Belonging((("system_version_id", "versions"),), (("model_version_id", "model-versions"),)),
    "model-versions": Belonging((("id", "model-versions"),), (("ai_model_id", "models"),)),
    "ai-models": Belonging((("id", "models"), ("unit_id", "units")), (("vendor_id", "vendors"),)),
    "system-tools": Belonging((_SYSTEM,), (("tool_id", "tools"),)),
    "agents": Belonging((_SYSTEM, ("unit_id", "units")), (("id", "agents"),)),
    "agent-tools": Belonging((("agent_id", "agents"),), (("tool_id", "tools"),)),
    "agent-calls": Belonging((("caller_id", "agents"), ("callee_id", "agents"))),
    "tools": Belonging((("id", "tools"), ("unit_id", "units")), (("id", "tools"), ("vendor_id", "vendors"))),
    "data-flows": Belonging(
        (_SYSTEM,), (("data_source_id", "sources"), ("vendor_id", "vendors"), ("agreement_id", "agreements"))
    ),
    "data-sources": Belonging((("id", "sources"), ("unit_id", "units")), (("id", "sources"), ("vendor_id", "vendors"))),
    "regulated-products": Belonging((_SYSTEM,), (("manufacturer_id", "vendors"),)),
    "sub-processors": Belonging((("vendor_id", "vendors"),), (("processor_id", "vendors"),)),
    "vendors": Belonging((("id", "vendors"),)),
    "agreements": Belonging((("id", "agreements"), ("vendor_id", "vendors")), (("id", "agreements"),)),
    "agreement-clauses": Belonging((("agreement_id", "agreements"),)),
    "vendor-attestations": Belonging((("vendor_id", "vendors"),)),
    "role-assignments": Belonging(
        (
            _SYSTEM,
            ("unit_id", "units"),
            ("vendor_id", "vendors"),
            ("agent_id", "agents"),
            ("data_source_id", "sources"),
            ("tool_id", "tools"),
        )
    ),
    "documents": Belonging((("attached_to", "references"),)),
}
ORDER = (*RULES, "risk-classes")

EU_ROLES = {AIActRole.PROVIDER: 1, AIActRole.DEPLOYER: 2, AIActRole.IMPORTER: 4, AIActRole.DISTRIBUTOR: 8}
HIPAA_ROLES = {HipaaRole.COVERED_ENTITY: 1, HipaaRole.BUSINESS_ASSOCIATE: 2}
# Somebody said that no role applies: that is an answer, not a gap.
NO_ROLE = 1 << 8


class Estate:
    """The scope of one pack, filled as its registers are passed over."""

    def __init__(self, pack: EvidencePack, moment: Moment) -> None:
        self.moment = moment
        self.whole = pack.scope_kind == ScopeKind.ALL
        self.sets: dict[str, set[Any]] = defaultdict(set)
        # Which records of each register belong; not kept for the whole register, where all do.
        self.admitted: dict[str, list[UUID]] = defaultdict(list)
        self.version_system: dict[UUID, UUID] = {}
        self.system_by_reference: dict[str, UUID] = {}
        self.counts: dict[str, int] = defaultdict(int)
        self.units = {
            key: (parent, f"{reference} · {name}", name, role)
            for key, parent, reference, name, role in standing(OrganizationUnit, moment)
            .order_by()
            .values_list("id", "parent_id", "reference", "name", "hipaa_role")
        }
        self._class_keys: dict[UUID, str] = dict(standing(RiskClass, moment).order_by().values_list("id", "key"))
        self._with_product = set(standing(RegulatedProduct, moment).order_by().values_list("system_id", flat=True))
        self._read_uses()
        self._begin(pack)

    def _read_uses(self) -> None:
        """Declared legal roles of each system, and who uses it: one query."""
        self._roles: dict[UUID, tuple[int, int]] = {}
        self._used_by: dict[UUID, set[UUID]] = defaultdict(set)
        rows = standing(SystemUse, self.moment).order_by()
        columns = ("system_id", "unit_id", "ai_act_role", "hipaa_role")
        for system, unit, act, hipaa in rows.values_list(*columns).iterator(chunk_size=CHUNK):
            eu, us = self._roles.get(system, (0, 0))
            eu |= NO_ROLE if act == AIActRole.NONE else EU_ROLES.get(act, 0)
            us |= NO_ROLE if hipaa == HipaaRole.NONE else HIPAA_ROLES.get(hipaa, 0)
            self._roles[system] = (eu, us)
            if unit:
                self._used_by[unit].add(system)

    def _begin(self, pack: EvidencePack) -> None:
        if pack.scope_kind == ScopeKind.SYSTEM:
            self.sets["systems"].add(pack.scope_record)
        elif pack.scope_kind == ScopeKind.UNIT and pack.scope_record:
            below = self.below(pack.scope_record)
            self.sets["units"] |= below
            self.scope_units = below
            for unit in below:
                self.sets["systems"] |= self._used_by.get(unit, set())

    scope_units: set[UUID] | None = None

    def below(self, unit: UUID) -> set[UUID]:
        """A unit and everything that was below it at that moment."""
        children: dict[UUID | None, list[UUID]] = defaultdict(list)
        for key, (parent, *_rest) in self.units.items():
            children[parent].append(key)
        found, open_ends = {unit}, [unit]
        while open_ends:
            for child in children[open_ends.pop()]:
                if child not in found:
                    found.add(child)
                    open_ends.append(child)
        return found

    def top_of(self, unit: UUID | None) -> UUID | None:
        """The unit at the top of a unit's branch, or the topmost one that belongs to the pack."""
        seen: set[UUID] = set()
        while unit is not None and unit in self.units and unit not in seen:
            seen.add(unit)
            parent = self.units[unit][0]
            if parent is None or (self.scope_units is not None and parent not in self.scope_units):
                return unit
            unit = parent
        return unit

    def admits(self, slug: str, row: Any) -> bool:
        """Whether a row belongs to the pack; if so, what it leads to belongs as well."""
        rule = RULES.get(slug)
        if not self.whole:
            if rule is None:
                if hasattr(row, "system_id") and row.system_id not in self.sets["systems"]:
                    return False
            elif not self._reached(slug, rule, row):
                return False
            for column, name in rule.leads if rule else ():
                value = getattr(row, column)
                if value is not None:
                    self.sets[name].add(value)
            self.sets["references"].add(row.reference)
            self.admitted[slug].append(row.id)
        if slug == "ai-systems":
            self.system_by_reference[row.reference] = row.id
            self.sets["systems"].add(row.id)
        elif slug == "system-versions":
            self.version_system[row.id] = row.system_id
        self.counts[slug] += 1
        return True

    def _reached(self, slug: str, rule: Belonging, row: Any) -> bool:
        if slug == "ai-systems" and self.scope_units is not None and row.unit_id in self.scope_units:
            return True
        return any(getattr(row, column) in self.sets[name] for column, name in rule.belongs)

    def class_key(self, row: Any) -> str | None:
        """The key of a system's risk class at that moment; None where it was not classified."""
        return self._class_keys.get(row.risk_class_id)

    def has_product(self, row: Any) -> bool:
        return row.id in self._with_product

    def eu_roles(self, row: Any) -> int:
        """Declared roles of Art. 3 in the uses of a system, as bits; 0 where nobody declared any."""
        return self._roles.get(row.id, (0, 0))[0]

    def hipaa_roles(self, row: Any) -> int:
        """Declared roles of 45 CFR 160.103: in its uses, else of its unit or the nearest above that declares any."""
        declared = self._roles.get(row.id, (0, 0))[1]
        unit, seen = row.unit_id, set()
        while not declared and unit in self.units and unit not in seen:
            seen.add(unit)
            parent, _label, _name, role = self.units[unit]
            declared = NO_ROLE if role == HipaaRole.NONE else HIPAA_ROLES.get(HipaaRole(role), 0)
            unit = parent
        return declared
