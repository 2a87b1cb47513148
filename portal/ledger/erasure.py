"""Erasure of personal data from history. The function that does it is the owner's; see docs."""

from __future__ import annotations

from portal.ledger.snapshot import Snapshot


def erased_entries(snapshot: Snapshot) -> frozenset[int]:
    """The entries whose payload was erased by a recorded erasure."""
    return frozenset()
