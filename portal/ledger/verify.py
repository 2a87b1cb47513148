"""Is everything as it was recorded? The log against itself, history against the log, records against their history.

One snapshot of the database, read as a stream: memory does not grow with the log, and writers go on meanwhile. The
stored payload bytes are hashed as they are; nothing is rendered anew, so a new column, another time zone or a restored
dump change no hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from django.utils import timezone

from portal.ledger.erasure import check_seals, erased_entries
from portal.ledger.findings import Report
from portal.ledger.snapshot import Snapshot
from portal.ledger.verify_log import LogWalk
from portal.ledger.verify_rows import RowChecks

Progress = Callable[[int, int], None]


def verify(*, since: int = 0, notes: Iterable[str] = (), progress: Progress | None = None) -> Report:
    """Check everything and return what was found.

    `since` takes the log before that leaf for granted, as its tiles tell it (rounded down to a full tile); `notes` are
    checkpoints that somebody kept elsewhere. The log and the rows are read side by side, on connections of their own.
    """
    start = time.monotonic()
    report = Report(started_at=timezone.now())
    with closing(Snapshot()) as snapshot, snapshot.beside() as other, ThreadPoolExecutor(1) as pool:
        erased = erased_entries(snapshot)
        first = _first_entry(snapshot, since)
        rows = pool.submit(RowChecks(other, report, erased, first).run)
        LogWalk(snapshot, report, erased=erased, since=since, notes=notes, progress=progress).run()
        rows.result()
        check_seals(other, report)
    report.seconds = time.monotonic() - start
    return report


def _first_entry(snapshot: Snapshot, since: int) -> int:
    """The lowest entry that stands at `since` or later: rows of history below it are not compared again."""
    if since <= 0:
        return 0
    return int(snapshot.one("SELECT coalesce(min(entry_id), 0) FROM portal_ledgerleaf WHERE index >= %s", [since]))
