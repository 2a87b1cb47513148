"""What a verification finds: each fault with the record and the place in the log that it is about."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

KEPT = 1000


class Fault(StrEnum):
    """What can be wrong. The names stand in JSON and mails, so they never change."""

    HISTORY_CHANGED = "history-changed"
    HISTORY_DELETED = "history-deleted"
    HISTORY_INSERTED = "history-inserted"
    ENTRY_CHANGED = "entry-changed"
    ENTRY_DELETED = "entry-deleted"
    ENTRY_INSERTED = "entry-inserted"
    PAYLOAD_MISSING = "payload-missing"
    ORDER_CHANGED = "order-changed"
    LOG_CUT = "log-cut"
    LOG_REWRITTEN = "log-rewritten"
    TILE_CHANGED = "tile-changed"
    CHECKPOINT_INVALID = "checkpoint-invalid"
    KEY_CHANGED = "key-changed"
    RECORD_DIFFERS = "record-differs"
    RECORD_MISSING = "record-missing"
    RECORD_UNRECORDED = "record-unrecorded"
    ANCHOR_INVALID = "anchor-invalid"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `index` is the place in the log, `entry` the number of the history row; None where there is none."""

    fault: Fault
    message: str
    index: int | None = None
    entry: int | None = None
    table: str = ""
    record: str = ""

    def __str__(self) -> str:
        where = [
            f"leaf {self.index}" if self.index is not None else "",
            f"entry {self.entry}" if self.entry is not None else "",
            f"{self.table} {self.record}".strip(),
        ]
        place = ", ".join(part for part in where if part)
        return f"{self.fault}: {self.message}" + (f" ({place})" if place else "")


@dataclass(slots=True)
class Report:
    """The outcome of a verification: how far it looked, the root it computed, and every fault (the first of them)."""

    started_at: datetime
    since: int = 0
    size: int = 0
    root: bytes = b""
    entries: int = 0
    checkpoints: int = 0
    anchors: int = 0
    erased: int = 0
    waiting: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        return not self.counts

    def add(self, fault: Fault, message: str, **where: Any) -> None:
        """Note a fault. All are counted; only the first ones are kept, so that a ruined log cannot fill the memory."""
        self.counts[fault] += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(fault, message, **where))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "ok": self.ok,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "since": self.since,
            "size": self.size,
            "root": self.root.hex(),
            "entries": self.entries,
            "checkpoints": self.checkpoints,
            "anchors": self.anchors,
            "erased": self.erased,
            "waiting": self.waiting,
            "counts": dict(self.counts),
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2)
