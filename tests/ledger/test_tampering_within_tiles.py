"""A checkpoint may be signed while its tile is open. Later it lies within a full one: one fault is one finding."""

from __future__ import annotations

from inventory.models import Vendor
from portal.history.context import acting
from portal.ledger.findings import Fault
from portal.ledger.sequencer import sequence
from portal.ledger.tree import HASH_SIZE
from portal.ledger.verify import verify
from tests.ledger.conftest import SIZE, WRITER, HonestLog, vendors
from tests.ledger.test_tampering import Intruder, entry_at, found, rehash, retile


def test_a_rehashed_entry_before_a_checkpoint_within_its_tile_is_one_finding(
    log: HonestLog, intruder: Intruder
) -> None:
    grow(100)  # what was signed at 550, 650 and 700 entries now lies within a full tile
    entry, record = entry_at(intruder, 530)
    rehash(intruder, entry, {"name": "Forged"})
    report = verify()
    assert found(report, Fault.ENTRY_CHANGED, entry=entry, record=record, index=530)
    assert report.counts[Fault.ENTRY_CHANGED] == 1
    assert report.counts[Fault.LOG_REWRITTEN] == report.counts[Fault.TILE_CHANGED] == 0


def test_a_changed_tile_before_a_checkpoint_within_it_is_told_from_a_changed_entry(
    log: HonestLog, intruder: Intruder
) -> None:
    grow(100)
    retile(intruder, 530, b"x" * HASH_SIZE)
    report = verify()
    assert report.counts[Fault.TILE_CHANGED] == 1
    assert report.counts[Fault.ENTRY_CHANGED] == report.counts[Fault.LOG_REWRITTEN] == 0


def test_a_changed_tile_is_told_from_a_changed_entry_also_when_nothing_was_signed_after_it(
    log: HonestLog, intruder: Intruder
) -> None:
    grow(100)
    intruder.execute("DELETE FROM portal_checkpoint WHERE size > 650")
    retile(intruder, 530, b"x" * HASH_SIZE)
    report = verify()
    assert report.counts[Fault.TILE_CHANGED] == 1
    assert report.counts[Fault.ENTRY_CHANGED] == report.counts[Fault.LOG_REWRITTEN] == 0


def test_a_checkpoint_among_deleted_places_is_compared(log: HonestLog, intruder: Intruder) -> None:
    grow(100)
    intruder.execute("DELETE FROM portal_ledgerleaf WHERE index BETWEEN 545 AND 555")
    report = verify()
    assert report.counts[Fault.ENTRY_DELETED] == 11
    assert report.counts[Fault.LOG_REWRITTEN] == 0
    retile(intruder, 547, b"x" * HASH_SIZE)
    report = verify()
    assert found(report, Fault.LOG_REWRITTEN)
    assert any("at 550 entries" in finding.message for finding in report.findings)


def grow(count: int) -> None:
    """More entries, honestly written and put into the log."""
    with acting(WRITER):
        Vendor.objects.bulk_create(vendors(SIZE + count)[SIZE:])
    sequence()
