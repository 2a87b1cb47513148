"""For pages: which of these changes were erased, when and on what ground. One query for a page.

notes = erased([change.row.history_id for change in changes])
notes[history_id].words  →  "Erased on 21 Nov 2026 on the ground of: GDPR Art. 17(1)(b)"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Note:
    """That a history row lost values: the latest erasure of it."""

    at: datetime
    ground: str
    kind: str

    @property
    def words(self) -> str:
        """In a sentence."""
        return _("Erased on %(day)s on the ground of: %(ground)s") % {
            "day": format_date(self.at, "j M Y"),
            "ground": self.ground,
        }


def erased(entries: Iterable[int]) -> dict[int, Note]:
    """History id → when and why it lost values; rows that lost nothing are missing."""
    wanted = list(entries)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.entry, e.at, e.ground, e.kind FROM unnest(%s::bigint[]) w(entry)"
            " JOIN portal_erasure e ON e.entries @> ARRAY[w.entry] ORDER BY e.at",
            [wanted],
        )
        return {int(entry): Note(at, ground, kind) for entry, at, ground, kind in cursor.fetchall()}
