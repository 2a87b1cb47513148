"""The log against itself and against what was said of it: leaves, tiles, roots, keys, signatures, anchors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from portal.ledger.findings import KEPT, Fault, Report
from portal.ledger.keys import chain_faults
from portal.ledger.models import LedgerKey
from portal.ledger.notes import CheckpointBody, NoteError, Verifier, open_note
from portal.ledger.snapshot import Snapshot
from portal.ledger.tree import EMPTY_ROOT, HASH_SIZE, WIDTH, Edge, Tile, edge_of_tiles, leaf_hash

_LEAVES = """
SELECT l.index, l.entry_id, e.table_name, e.record, e.header, e.leaf, p.salt, p.payload
FROM portal_ledgerleaf l
LEFT JOIN portal_ledgerentry e ON e.id = l.entry_id
LEFT JOIN portal_ledgerpayload p ON p.entry_id = l.entry_id
WHERE l.index >= %s ORDER BY l.index
"""
_TILES = "SELECT number, hashes, root FROM portal_ledgertile WHERE level = 0 AND number >= %s ORDER BY number"
_ROOTS = "SELECT root FROM portal_ledgertile WHERE level = %s AND number >= %s AND number < %s ORDER BY number"
_CHECKPOINTS = (
    "SELECT c.size, c.root, c.note, k.verifier FROM portal_checkpoint c JOIN portal_ledgerkey k ON k.id = c.key_id"
    " WHERE c.size >= %s ORDER BY c.size, c.id"
)
_TELL = 10_000


class _Row(NamedTuple):
    """A row of _LEAVES. What is None is gone."""

    place: int
    entry: int
    table: str | None
    record: str | None
    header: bytes | None
    leaf: bytes | None
    salt: bytes | None
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class _Claim:
    """What somebody signed about the log: at this size it had this root."""

    size: int
    root: bytes
    is_outside: bool


class LogWalk:
    """One pass over all leaves. Where an entry and its tile disagree, the next signed root says which one lies."""

    def __init__(
        self,
        snapshot: Snapshot,
        report: Report,
        *,
        erased: frozenset[int] = frozenset(),
        since: int = 0,
        notes: Iterable[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.snapshot, self.report, self.erased, self.progress = snapshot, report, erased, progress
        self.total = int(snapshot.one("SELECT coalesce(max(index) + 1, 0) FROM portal_ledgerleaf"))
        full = min(max(since, 0), self.total) // WIDTH
        self.edge = edge_of_tiles(full, self._roots)
        self.as_told: Edge | None = None  # the tree by its tiles, once it is another one than by its entries
        self.doubts: list[dict[str, Any]] = []
        self.compared = 0  # how many places of the tile we are in were held against it already
        self.last_good = self.edge.size
        self.entries_good = 0  # before this place a signed root vouches for the entries, whatever a tile says
        report.since = self.edge.size
        self.keys = self._read_keys()
        self.outside = sorted(self._read_notes(notes), key=lambda claim: claim.size)
        self.tiles = snapshot.stream(_TILES, [full])
        self.tile = next(self.tiles, None)
        self.tile_places: list[dict[str, Any]] = []

    def run(self) -> None:
        """Walk from the first leaf to the last, and on to what was signed beyond it."""
        report = self.report
        claims = self._claims()
        claim = next(claims, None)
        for row in self.snapshot.stream(_LEAVES, [self.edge.size]):
            # What was signed of the leaves so far comes first: with `since`, that is already something.
            while True:
                while claim is not None and claim.size <= self.edge.size:
                    self._compare(claim)
                    claim = next(claims, None)
                if self.edge.size >= row[0]:
                    break
                self._gap()
            self._leaf(_Row(*row))
            if self.progress is not None and row[0] % _TELL == 0:
                self.progress(row[0], self.total)
        while claim is not None:
            self._compare(claim)
            claim = next(claims, None)
        report.size, report.root = self.edge.size, self.edge.root() if self.edge.size else EMPTY_ROOT
        report.waiting = int(self.snapshot.one("SELECT count(*) FROM muster.pending"))
        self._settle_doubts(tiles_are_right=True)
        if self.tile is not None:
            message = (
                f"The tree has tiles up to {(self._last_tile() + 1) * WIDTH} leaves; the log has {self.edge.size}."
            )
            report.add(Fault.LOG_CUT, message, index=self.edge.size)

    # --- leaves ---

    def _leaf(self, row: _Row) -> None:
        where = {"index": row.place, "entry": row.entry, "table": row.table or "", "record": row.record or ""}
        report = self.report
        report.entries += 1
        if row.header is None or row.leaf is None:
            report.add(Fault.ENTRY_DELETED, "The entry that stood here is gone.", **where)
            self._push(self._told(row.place), where)
            return
        if row.payload is None or row.salt is None:
            if row.entry in self.erased:
                report.erased += 1
            else:
                report.add(Fault.PAYLOAD_MISSING, "The recorded bytes are gone, and no erasure says so.", **where)
        elif leaf_hash(row.header, row.salt, row.payload) != row.leaf:
            report.add(Fault.ENTRY_CHANGED, "The recorded bytes are not those that were hashed.", **where)
        try:
            said = json.loads(row.header)
            fits = (said["entry"], said["table"], said["record"]) == (row.entry, row.table, row.record)
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            report.add(Fault.ENTRY_CHANGED, "The entry is not the one that its header names.", **where)
        self._push(row.leaf, where)

    def _gap(self) -> None:
        where = {"index": self.edge.size}
        self.report.add(Fault.ENTRY_DELETED, "Nothing stands at this place of the log.", **where)
        self._push(self._told(self.edge.size), where)

    def _told(self, index: int) -> bytes:
        """The hash that the tile has for a place, so that one lost entry is one finding and not a thousand."""
        number, position = divmod(index, WIDTH)
        if self.tile is not None and self.tile[0] == number:
            return bytes(self.tile[1][position * HASH_SIZE : (position + 1) * HASH_SIZE])
        return bytes(HASH_SIZE)

    def _push(self, leaf: bytes, where: dict[str, Any]) -> None:
        self.tile_places.append(where)
        if self.as_told is not None:
            self.as_told.add(self._told(where["index"]) if self._in_tile(where["index"]) else leaf)
        filled = self.edge.add(leaf)
        if filled:
            self._check_tile(filled[0])
            for tile in filled[1:]:
                self._check_upper(tile)
            self.tile_places.clear()

    def _in_tile(self, index: int) -> bool:
        return self.tile is not None and self.tile[0] == index // WIDTH

    def _check_tile(self, made: Tile) -> None:
        """A full tile's worth of leaves is there: does the stored tile say the same?"""
        if self.tile is None or self.tile[0] != made.number:
            self.report.add(Fault.TILE_CHANGED, f"Tile {made.number} is missing.", index=made.number * WIDTH)
            return
        stored, root = bytes(self.tile[1]), bytes(self.tile[2])
        self.tile = next(self.tiles, None)
        if stored == made.hashes:
            self.compared = 0
            if root != made.root:
                self.report.add(Fault.TILE_CHANGED, f"The root of tile {made.number} is not that of its hashes.")
            return
        if len(stored) != len(made.hashes):
            self.report.add(Fault.TILE_CHANGED, f"Tile {made.number} is damaged.", index=made.number * WIDTH)
            return
        self._doubt(made.number, _hashes(stored), _hashes(made.hashes))
        self.compared = 0

    def _doubt(self, number: int, told: list[bytes], found: list[bytes]) -> None:
        """Note where a tile, as far as it was walked, differs from its entries: from here on there are two trees."""
        start = self.compared
        places = zip(told[start:], found[start:], self.tile_places[start:], strict=True)
        differing = [where for one, other, where in places if one != other]
        self.doubts += differing[: KEPT - len(self.doubts)]
        self.compared = len(told)
        if differing and self.as_told is None:
            self.as_told = edge_of_tiles(number, self._roots)
            for one in told:
                self.as_told.add(one)

    def _root_as_told(self) -> bytes | None:
        """The root at this size by the tiles alone; None as long as they say what the entries say."""
        number, position = divmod(self.edge.size, WIDTH)
        told = _hashes(bytes(self.tile[1])) if self.tile is not None and self.tile[0] == number else []
        if position and len(told) == WIDTH:  # full in the log, and not walked to its end yet
            self._doubt(number, told[:position], self.edge.levels[0])
        return self.as_told.root() if self.as_told is not None else None

    def _check_upper(self, made: Tile) -> None:
        """A tile of a higher level: proofs are read from it."""
        query = "SELECT hashes || root FROM portal_ledgertile WHERE level = %s AND number = %s"
        if self.as_told is None and self.snapshot.one(query, [made.level, made.number]) != made.hashes + made.root:
            self.report.add(Fault.TILE_CHANGED, f"Tile {made.level}/{made.number} is not that of the leaves.")

    # --- what was signed ---

    def _compare(self, claim: _Claim) -> None:
        """A signed root at the size we are at, or beyond the end."""
        if claim.size > self.edge.size:
            kind = "A checkpoint kept outside" if claim.is_outside else "A checkpoint"
            message = f"{kind} counts {claim.size} entries; the log has {self.edge.size}."
            self.report.add(Fault.LOG_CUT, message, index=self.edge.size)
            return
        if claim.size < self.edge.size:  # before the first leaf of this run
            return
        root = self.edge.root() if self.edge.size else EMPTY_ROOT
        if root == claim.root:
            self._settle_doubts(tiles_are_right=False)
            self.last_good = self.entries_good = claim.size
        elif self._root_as_told() == claim.root:
            self._settle_doubts(tiles_are_right=True)
            self.last_good = claim.size
        else:
            fault = Fault.LOG_REWRITTEN
            who = "a checkpoint kept outside" if claim.is_outside else "the checkpoint"
            message = (
                f"The root at {claim.size} entries is not the one that {who} names: something between leaf"
                f" {self.last_good} and {claim.size - 1} was changed after it was signed."
            )
            self.report.add(fault, message, index=self.last_good)

    def _settle_doubts(self, *, tiles_are_right: bool) -> None:
        for where in self.doubts:
            if tiles_are_right and where["index"] >= self.entries_good:
                message = "The entry is not the one that was put into the log."
                self.report.add(Fault.ENTRY_CHANGED, message, **where)
            else:
                self.report.add(Fault.TILE_CHANGED, "The tile's hash is not that of the entry.", **where)
        self.doubts.clear()

    def _claims(self) -> Iterator[_Claim]:
        """Checkpoints of the database and from outside, by size."""
        outside = iter(self.outside)
        other = next(outside, None)
        for size, root, note, verifier in self.snapshot.stream(_CHECKPOINTS, [self.edge.size]):
            while other is not None and other.size <= size:
                yield other
                other = next(outside, None)
            self.report.checkpoints += 1
            said = self._opened(note, verifier)
            if said is None:
                self.report.add(Fault.CHECKPOINT_INVALID, f"The checkpoint at {size} is not signed by its key.")
                continue
            if (said.size, said.root) != (size, bytes(root)):
                self.report.add(Fault.CHECKPOINT_INVALID, f"The checkpoint at {size} says something else than its row.")
            yield _Claim(said.size, said.root, is_outside=False)
        while other is not None:
            yield other
            other = next(outside, None)

    def _opened(self, note: str, verifier: str) -> CheckpointBody | None:
        key = self.keys.get(verifier)
        if key is None:
            return None
        try:
            said = CheckpointBody.parse(open_note(note, key))
        except NoteError:
            return None
        return said if said.origin == key.name else None

    def _read_keys(self) -> dict[str, Verifier]:
        query = "SELECT id, verifier, statement FROM portal_ledgerkey ORDER BY id"
        rows = [LedgerKey(id=id_, verifier=v, statement=s) for id_, v, s in self.snapshot.stream(query)]
        for row, message in chain_faults(rows):
            self.report.add(Fault.KEY_CHANGED, f"Key {row.verifier} was not introduced by the key before it: {message}")
        keys = {}
        for row in rows:
            try:
                keys[row.verifier] = Verifier.parse(row.verifier)
            except NoteError:
                continue  # named by chain_faults
        return keys

    def _read_notes(self, notes: Iterable[str]) -> Iterator[_Claim]:
        """Checkpoints from outside, each of which has to be signed by a key of this log."""
        for number, note in enumerate(notes, start=1):
            self.report.anchors += 1
            said = None
            for verifier in reversed(self.keys):
                said = said or self._opened(note, verifier)
            if said is None:
                message = f"Checkpoint {number} from outside is not signed by a key that this log knows."
                self.report.add(Fault.KEY_CHANGED, message)
            elif said.size >= self.edge.size:
                yield _Claim(said.size, said.root, is_outside=True)

    def _roots(self, level: int, start: int, end: int) -> list[bytes]:
        return [bytes(root) for (root,) in self.snapshot.stream(_ROOTS, [level, start, end])]

    def _last_tile(self) -> int:
        return int(self.snapshot.one("SELECT max(number) FROM portal_ledgertile WHERE level = 0"))


def _hashes(data: bytes) -> list[bytes]:
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
