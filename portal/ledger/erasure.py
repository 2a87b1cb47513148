"""Which entries were erased by a recorded erasure: read from what the log itself holds of these records."""

from __future__ import annotations

import json
from typing import Final

from portal.database import governed_models
from portal.ledger.findings import Fault, Report
from portal.ledger.snapshot import Snapshot

# From the recorded bytes, not from the table: an erasure that was put there beside the triggers excuses nothing.
_ERASURES: Final = """
SELECT p.payload
FROM public.portal_historicalerasure h
JOIN public.portal_ledgerentry e ON e.id = h.history_id AND e.table_name = 'portal_erasure'
JOIN public.portal_ledgerpayload p ON p.entry_id = e.id
WHERE h.history_type = '+'
ORDER BY h.history_id
"""
# A row as the columns of that time have it, in the words in which muster.erase_entries put it.
_LEFT: Final = """
SELECT h.history_id, encode(sha256(convert_to(
    (to_jsonb(h) - ARRAY(SELECT k FROM jsonb_object_keys(to_jsonb(h)) k WHERE k <> ALL (%s)))::text, 'UTF8')), 'hex')
FROM public."{history}" h WHERE h.history_id = ANY (%s)
"""


def erased_entries(snapshot: Snapshot) -> frozenset[int]:
    """The entries whose payload was erased by a recorded erasure."""
    found: set[int] = set()
    for (payload,) in snapshot.stream(_ERASURES):
        try:
            found.update(int(entry) for entry in json.loads(payload)["entries"])
        except (ValueError, KeyError, TypeError):
            continue  # changed bytes excuse nothing, and the log itself names them
    return frozenset(found)


def check_seals(snapshot: Snapshot, report: Report) -> None:
    """Is what is left of each erased row what it was when the rest was taken?

    Its recorded bytes are gone, so the erasure sealed it anew: a digest over the columns that the table had then.
    """
    for (history, columns), rows in _seals(snapshot).items():
        query = _LEFT.format(history=history)
        for entry, digest in snapshot.stream(query, [list(columns), list(rows)]):
            if digest != rows[entry]:
                message = "What was left of an erased history row is not what was sealed."
                report.add(Fault.HISTORY_CHANGED, message, entry=entry)


def _seals(snapshot: Snapshot) -> dict[tuple[str, tuple[str, ...]], dict[int, str]]:
    """(history table, its columns then) → entry → digest, by the latest erasure of each entry."""
    known = {model.history.model._meta.db_table for model in governed_models()}  # type: ignore[attr-defined]  # added by simple-history
    latest: dict[tuple[str, int], tuple[tuple[str, ...], str]] = {}
    for (payload,) in snapshot.stream(_ERASURES):
        try:
            for history, sealed in json.loads(payload)["seals"].items():
                columns = tuple(sealed["columns"])
                latest.update({(history, int(one)): (columns, digest) for one, digest in sealed["rows"].items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # as above
    found: dict[tuple[str, tuple[str, ...]], dict[int, str]] = {}
    for (history, entry), (columns, digest) in latest.items():
        if history in known:
            found.setdefault((history, columns), {})[entry] = digest
    return found
