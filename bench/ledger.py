"""What sequencing and verification cost, beside a bare loop that streams the same bytes and hashes them."""

from __future__ import annotations

import hashlib
import resource
import time
from contextlib import closing
from dataclasses import dataclass

from portal.database import governed_models
from portal.history.sql import GovernedTable
from portal.ledger.sequencer import sequence
from portal.ledger.snapshot import Snapshot
from portal.ledger.verify import verify

_LOG = """
SELECT e.header, p.salt, p.payload FROM portal_ledgerleaf l JOIN portal_ledgerentry e ON e.id = l.entry_id
JOIN portal_ledgerpayload p ON p.entry_id = l.entry_id ORDER BY l.index
"""


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """Seconds, but for `entries` (a count) and `memory` (MB at the most, of the whole process)."""

    entries: int
    sequencing: float
    verifying: float
    bare_log: float
    bare_rows: float
    memory: float

    def __str__(self) -> str:
        bare = self.bare_log + self.bare_rows
        return (
            f"ledger of {self.entries:,} entries: sequenced in {self.sequencing:.1f} s, verified in"
            f" {self.verifying:.1f} s; a bare loop over the same bytes {bare:.1f} s, so verification runs at"
            f" {bare / self.verifying:.0%} of it (goal 70%); over the log's own bytes {self.bare_log:.1f} s"
            f" ({self.bare_log / self.verifying:.0%}); at most {self.memory:.0f} MB"
        )


def measure() -> LedgerFigures:
    """Sequence what waits, verify all of it, and read the same bytes without any checking. Raises RuntimeError."""
    start = time.perf_counter()
    sequence()
    sequenced = time.perf_counter()
    report = verify()
    verified = time.perf_counter()
    if not report.ok:
        raise RuntimeError(str(report.findings[:3]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with closing(Snapshot()) as snapshot:
        begun = time.perf_counter()
        _hash_log(snapshot)
        log_read = time.perf_counter()
        _hash_rows(snapshot)
        rows_read = time.perf_counter()
    return LedgerFigures(
        entries=report.entries,
        sequencing=sequenced - start,
        verifying=verified - sequenced,
        bare_log=log_read - begun,
        bare_rows=rows_read - log_read,
        memory=memory,
    )


def _hash_log(snapshot: Snapshot) -> None:
    for header, salt, payload in snapshot.stream(_LOG):
        hashlib.sha256(b"\0" + header + hashlib.sha256(salt + payload).digest()).digest()


def _hash_rows(snapshot: Snapshot) -> None:
    """The history rows in the form in which they are compared with the log."""
    for model in governed_models():
        table = GovernedTable.of(model, model.history.model)  # type: ignore[attr-defined]  # added by simple-history
        query = f"SELECT convert_to(to_jsonb(h)::text, 'UTF8') FROM public.{table.history} h"
        for (row,) in snapshot.stream(query):
            hashlib.sha256(row).digest()
