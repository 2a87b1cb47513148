"""Vendors: what they supply, what was agreed, who stands behind them, what they can show."""

from __future__ import annotations

from typing import Any

from inventory.choices import AgreementKind, VendorKind
from portal.records.fields import Tristate
from reports.collectors import Look, collector


def in_force(row: Any, look: Look) -> bool:
    """Effective and not expired on the day. An agreement without an effective date is not shown to be in force."""
    begun = row.effective_on is not None and row.effective_on <= look.day
    return bool(begun and (row.expires_on is None or row.expires_on > look.day))


def _may_see_health_data(row: Any, look: Look) -> bool:
    return bool(row.health_data != Tristate.NO)


@collector(
    "vendors",
    reads="vendors",
    column="kind",
    counts="vendor",
    title="Vendor described",
    lacks="do not say what they supply",
    query="Vendors whose kind is not unknown",
)
def vendors(row: Any, look: Look) -> bool:
    return bool(row.kind != VendorKind.UNKNOWN)


@collector(
    "vendor_agreements",
    reads="agreements",
    column="kind",
    via="vendor",
    counts="vendor",
    title="Agreement in force",
    lacks="have no agreement in force on record",
    query="Vendors with at least one agreement that is effective and has not expired",
)
def vendor_agreements(row: Any, look: Look) -> bool:
    return in_force(row, look)


@collector(
    "business_associate_agreements",
    reads="agreements",
    column="kind",
    via="vendor",
    counts="vendor",
    title="Business associate agreement in force",
    lacks="receive health data, or may receive it, and have no business associate agreement in force on record",
    query="Vendors whose health data is “yes” or unknown, with a business associate agreement in force",
    asked=_may_see_health_data,
)
def business_associate_agreements(row: Any, look: Look) -> bool:
    return row.kind == AgreementKind.BAA and in_force(row, look)


@collector(
    "sub_processors",
    reads="sub-processors",
    column="processor",
    via="vendor",
    counts="record",
    title="Sub-processors",
    query="Sub-processors behind the vendors in scope",
)
def sub_processors(row: Any, look: Look) -> bool:
    return True


@collector(
    "vendor_attestations",
    reads="vendor-attestations",
    column="kind",
    via="vendor",
    counts="vendor",
    title="Attestation that covers the day",
    lacks="show no attestation whose period or bridge letter covers the day of the pack",
    query="Vendors with an attestation whose period, or bridge letter, covers the day of the pack",
)
def vendor_attestations(row: Any, look: Look) -> bool:
    if row.period_from is not None and row.period_from > look.day:
        return False
    ends = [day for day in (row.period_to, row.bridge_letter_to) if day is not None]
    return bool(ends) and max(ends) > look.day
