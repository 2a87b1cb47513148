"""History rows against the bytes in the log, and records against their latest history.

The database does the comparing and hands out only what differs. It compares today's rendering of a history row with the
recorded bytes, which settles almost every row; where they differ (a register has a column more than it had then), the
recorded fields are compared one by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from portal.database import governed_models
from portal.history.sql import GovernedTable
from portal.ledger.findings import Fault, Report
from portal.ledger.snapshot import Snapshot

_DIFFERS = """
SELECT h.history_id, h.{pk}::text, to_jsonb(h)::text, p.payload
FROM public.{history} h JOIN public.portal_ledgerpayload p ON p.entry_id = h.history_id
WHERE h.history_id >= %s AND convert_to(to_jsonb(h)::text, 'UTF8') IS DISTINCT FROM p.payload
"""
_UNLOGGED = """
SELECT h.history_id, h.{pk}::text FROM public.{history} h
LEFT JOIN public.portal_ledgerentry e ON e.id = h.history_id AND e.table_name = '{table}'
WHERE h.history_id >= %s AND e.id IS NULL
"""
_COUNTS = "SELECT table_name, count(*) FROM public.portal_ledgerentry WHERE id >= %s GROUP BY 1"
_COUNT = "SELECT count(*) FROM public.{history} WHERE history_id >= %s"
_GONE = """
SELECT e.id, e.record, l.index FROM public.portal_ledgerentry e
LEFT JOIN public.portal_ledgerleaf l ON l.entry_id = e.id
LEFT JOIN public.{history} h ON h.history_id = e.id
WHERE e.id >= %s AND e.table_name = '{table}' AND h.history_id IS NULL
"""
_UNPLACED = """
SELECT e.id, e.table_name, e.record FROM public.portal_ledgerentry e
LEFT JOIN public.portal_ledgerleaf l ON l.entry_id = e.id
LEFT JOIN muster.pending q ON q.entry_id = e.id
WHERE e.id >= %s AND l.entry_id IS NULL AND q.entry_id IS NULL
"""
# The records with their latest history beside them. Where rows are not NULL but differ, or where one side is missing.
_STANDING = """
SELECT r.{pk}::text, h.history_id, h.history_type, {differing}
FROM public.{table} r LEFT JOIN LATERAL (
    SELECT * FROM public.{history} x WHERE x.{pk} = r.{pk} ORDER BY x.history_id DESC LIMIT 1
) h ON true
WHERE h.history_id IS NULL OR h.history_type = '-' OR ROW({row}) IS DISTINCT FROM ROW({last})
"""
# A record's first row is indexed by itself: from there to the latest row of those that are not in the table.
_LOST = """
SELECT h.{pk}::text, h.history_id FROM public.{history} b
LEFT JOIN public.{table} r ON r.{pk} = b.{pk}
JOIN LATERAL (
    SELECT x.{pk}, x.history_id, x.history_type FROM public.{history} x
    WHERE x.{pk} = b.{pk} ORDER BY x.history_id DESC LIMIT 1
) h ON true
WHERE b.history_type = '+' AND r.{pk} IS NULL AND h.history_type <> '-'
"""


@dataclass(frozen=True, slots=True)
class RowChecks:
    """The checks of all governed tables, in one snapshot. Rows of history before entry `first` are not compared."""

    snapshot: Snapshot
    report: Report
    erased: frozenset[int]
    first: int = 0

    def run(self) -> None:
        """All of them, table by table."""
        logged = dict(self.snapshot.stream(_COUNTS, [self.first]))
        for model in governed_models():
            table = GovernedTable.of(model, model.history.model)  # type: ignore[attr-defined]  # added by simple-history
            self._history(table, logged.get(table.table, 0))
            self._records(table)
        for entry, table_name, record in self.snapshot.stream(_UNPLACED, [self.first]):
            message = "The entry has no place in the log and does not wait for one."
            self.report.add(Fault.ENTRY_INSERTED, message, entry=entry, table=table_name, record=record)

    def _history(self, table: GovernedTable, logged: int) -> None:
        names = _names(table)
        unlogged = 0
        for entry, record in self.snapshot.stream(_UNLOGGED.format(**names), [self.first]):
            unlogged += 1
            message = "The history row was never entered in the log."
            self.report.add(Fault.HISTORY_INSERTED, message, entry=entry, table=table.table, record=record)
        there = int(self.snapshot.one(_COUNT.format(**names), [self.first])) - unlogged
        if there != logged:
            for entry, record, index in self.snapshot.stream(_GONE.format(**names), [self.first]):
                where = {"index": index, "entry": entry, "table": table.table, "record": record}
                self.report.add(Fault.HISTORY_DELETED, "The history row is gone.", **where)
        for entry, record, found, payload in self.snapshot.stream(_DIFFERS.format(**names), [self.first]):
            self._compare(table, entry, record, found, payload)

    def _compare(self, table: GovernedTable, entry: int, record: str, found: str, payload: bytes) -> None:
        """The recorded fields one by one. Columns that were added later are not among them."""
        row = json.loads(found)
        try:
            recorded = json.loads(payload)
        except ValueError:
            return  # the log itself names an entry whose bytes were changed
        names = [name for name, value in recorded.items() if name not in row or row[name] != value]
        if names:
            message = f"The history row is not what was recorded: {', '.join(names)}."
            where = {"entry": entry, "table": table.table, "record": record, "index": self._index(entry)}
            self.report.add(Fault.HISTORY_CHANGED, message, **where)

    def _records(self, table: GovernedTable) -> None:
        names = _names(table)
        for record, entry, kind, differing in self.snapshot.stream(_STANDING.format(**names)):
            where = {"entry": entry, "table": table.table, "record": record, "index": self._index(entry)}
            if entry is None:
                self.report.add(Fault.RECORD_UNRECORDED, "The record has no history.", **where)
            elif kind == "-":
                self.report.add(Fault.RECORD_UNRECORDED, "The record was deleted, says its history.", **where)
            else:
                message = f"The record is not what its latest history says: {', '.join(differing)}."
                self.report.add(Fault.RECORD_DIFFERS, message, **where)
        for record, entry in self.snapshot.stream(_LOST.format(**names)):
            where = {"entry": entry, "table": table.table, "record": record, "index": self._index(entry)}
            self.report.add(Fault.RECORD_MISSING, "The record is gone, and no deletion was recorded.", **where)

    def _index(self, entry: int | None) -> int | None:
        query = "SELECT index FROM public.portal_ledgerleaf WHERE entry_id = %s"
        return None if entry is None else self.snapshot.one(query, [entry])


def _names(table: GovernedTable) -> dict[str, str]:
    """The parts of the queries for one table: names from the models, quoted."""

    def listed(alias: str) -> str:
        return ", ".join(_columns(alias, table))

    pairs = zip(table.columns, _columns("r", table), _columns("h", table), strict=True)
    differing = ", ".join(f"CASE WHEN {here} IS DISTINCT FROM {there} THEN '{name}' END" for name, here, there in pairs)
    return {
        "table": table.table,
        "history": table.history,
        "pk": table.pk,
        "row": listed("r"),
        "last": listed("h"),
        "differing": f"array_remove(ARRAY[{differing}], NULL)",
    }


def _columns(alias: str, table: GovernedTable) -> Iterator[str]:
    return (f'{alias}."{name}"' for name in table.columns)
