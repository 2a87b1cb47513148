"""Which systems and vendors a duty touches, as far as the register can tell: yes, no, or not told.

The catalogs' scopes are words of the law ("high-risk systems under Annex III"); the register holds a risk class, a
kind, facts about data. Where a fact is unknown, the record may be in scope: it is counted, and counted apart. Unknown
is never "no". Each scope is one bit; a record carries two masks, one for "surely in scope", one for "may be".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from inventory.choices import Classification, SystemKind
from portal.records.fields import Tristate
from reports.catalogs import SCOPES

BIT: dict[str, int] = {name: 1 << at for at, name in enumerate(SCOPES)}
EVERY = (1 << len(SCOPES)) - 1

Native: TypeAlias = Literal["system", "vendor", "source", "model", "organization"]

# What a scope counts. All others count AI systems.
NATIVE: dict[str, Native] = {
    "organization": "organization",
    "vendors": "vendor",
    "vendors_with_health_data": "vendor",
    "personal_data_vendors": "vendor",
    "deidentified_data": "source",
    "gpai": "model",
    "gpai_legacy": "model",
    "gpai_systemic_risk": "model",
    "gpai_systemic_risk_legacy": "model",
}

# How the register reads a scope, printed where a pack uses it. Scopes that need no word are not here.
_POINT = "risk class “High” or not classified, all “may be”: the register does not hold the point of the annex"
_GENERATIVE = "kind generative, agentic or unknown: all “may be”"
READING: dict[str, str] = {
    "high_risk_annex_iii": "risk class “High” and no regulated product on record; not classified counts as “may be”",
    "high_risk_annex_iii_except_2": "as “high-risk systems under Annex III”: the register does not hold the point",
    "high_risk_annex_iii_decisions": _POINT,
    "high_risk_annex_iii_point_1a": _POINT,
    "high_risk_annex_iii_point_2": _POINT,
    "high_risk_annex_i": (
        "risk class “High” with a regulated product on record; without one, or not classified, counts as “may be”"
    ),
    "annex_iii_derogation": "classified, and not “High” or “Prohibited”, or not classified: all “may be”",
    "transparency_interaction": "public-facing: yes; unknown counts as “may be”",
    "transparency_synthetic": f"{_GENERATIVE}, for the register holds no market date",
    "transparency_synthetic_legacy": f"{_GENERATIVE}, for the register holds no market date",
    "transparency_emotion_biometric": "every system counts as “may be”: the register does not hold it",
    "transparency_deep_fake": _GENERATIVE,
    "transparency_public_text": _GENERATIVE,
    "gpai": "models of our own (no vendor) marked general-purpose; unknown counts as “may be”",
    "gpai_legacy": "as later general-purpose models: the register holds no market date",
    "gpai_systemic_risk": "models of our own marked general-purpose or unknown, all “may be”",
    "gpai_systemic_risk_legacy": "as later models with systemic risk: the register holds no market date",
    "health_data": "health data: yes; unknown counts as “may be”",
    "vendors_with_health_data": "vendor, health data: yes; unknown counts as “may be”",
    "deidentified_data": "data sources with health data “yes” or unknown, all “may be”: de-identification is not held",
    "health_data_incidents": "incidents are not held yet; systems with health data, or unknown, all “may be”",
    "personal_data": "personal data: yes; unknown counts as “may be”",
    "personal_data_vendors": "vendor, personal data: yes; unknown counts as “may be”",
    "confidential_data": "every system counts as “may be”; data sources by classification",
}


@dataclass(frozen=True, slots=True)
class Masks:
    """Two sets of scopes: those a record is surely in, and those it may be in beside them."""

    certain: int
    possible: int


def mask(names: Iterable[str]) -> int:
    """The bits of these scopes."""
    return sum(BIT[name] for name in set(names))


def native(names: Iterable[str]) -> Native:
    """What these scopes count together: systems as soon as one of them does."""
    kinds = {NATIVE.get(name, "system") for name in names}
    for kind in ("system", "vendor", "source", "model"):
        if kind in kinds:
            return kind
    return "organization"


def _masks(told: dict[str, bool | None]) -> Masks:
    """Scopes that are not told of hold for every record: the scope speaks of something else."""
    certain = possible = 0
    for name, bit in BIT.items():
        answer = told.get(name, True)
        if answer:
            certain |= bit
        elif answer is None:
            possible |= bit
    return Masks(certain, possible)


def _fact(value: str) -> bool | None:
    return {Tristate.YES: True, Tristate.NO: False}.get(Tristate(value)) if value else None


def _maybe(answer: bool | None) -> bool | None:
    """Weaken "yes" to "may be": the register knows only a part of what the scope asks."""
    return None if answer else answer


def system_masks(row: Any, *, class_key: str | None, has_product: bool) -> Masks:
    """The scopes of an AI system. `class_key` is None where it is not classified."""
    high = None if class_key is None else class_key == "high"
    ordinary = None if class_key is None else class_key not in {"high", "prohibited"}
    generative = row.kind in {SystemKind.GENERATIVE, SystemKind.AGENTIC, SystemKind.UNKNOWN}
    may_generate = None if generative else False
    health = _fact(row.health_data)
    annex_iii = _maybe(high) if has_product else high
    return _masks(
        {
            "high_risk_annex_iii": annex_iii,
            "high_risk_annex_iii_except_2": annex_iii,
            "high_risk_annex_iii_decisions": _maybe(high),
            "high_risk_annex_iii_point_1a": _maybe(high),
            "high_risk_annex_iii_point_2": _maybe(high),
            "high_risk_annex_i": high if has_product else _maybe(high),
            "annex_iii_derogation": _maybe(ordinary),
            "transparency_interaction": _fact(row.public_facing),
            "transparency_synthetic": may_generate,
            "transparency_synthetic_legacy": may_generate,
            "transparency_deep_fake": may_generate,
            "transparency_public_text": may_generate,
            "transparency_emotion_biometric": None,
            "health_data": health,
            "health_data_incidents": _maybe(health),
            "personal_data": _fact(row.personal_data),
            "confidential_data": None,
        }
    )


def vendor_masks(row: Any) -> Masks:
    """The scopes of a vendor."""
    health, personal = _fact(row.health_data), _fact(row.personal_data)
    return _masks(
        {
            "vendors_with_health_data": health,
            "health_data": health,
            "health_data_incidents": _maybe(health),
            "personal_data": personal,
            "personal_data_vendors": personal,
        }
    )


def source_masks(row: Any) -> Masks:
    """The scopes of a data source."""
    health = _fact(row.health_data)
    known = row.classification != Classification.UNKNOWN
    confidential = row.classification in {Classification.CONFIDENTIAL, Classification.RESTRICTED} if known else None
    return _masks(
        {
            "deidentified_data": _maybe(health),
            "health_data": health,
            "health_data_incidents": _maybe(health),
            "personal_data": _fact(row.personal_data),
            "confidential_data": confidential,
        }
    )


def model_masks(row: Any) -> Masks:
    """The scopes of an AI model: a vendor's model is its vendor's to answer for."""
    own = False if row.vendor_id else _fact(row.general_purpose)
    told = {name: own for name, kind in NATIVE.items() if kind == "model"}
    told |= {"gpai_systemic_risk": _maybe(own), "gpai_systemic_risk_legacy": _maybe(own)}
    return _masks(told)


ALWAYS = Masks(EVERY, 0)
