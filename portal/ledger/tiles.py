"""The tiles of the log, and the proofs that are made from them. A proof reads a dozen rows, however long the log is.

Full tiles are stored. A partial one, at the right edge, is read from what it is made of: leaves, or the roots of the
full tiles below it.
"""

from __future__ import annotations

from portal.ledger.models import LedgerTile
from portal.ledger.sequencer import leaf_hashes, tile_roots
from portal.ledger.tree import HASH_SIZE, HEIGHT, WIDTH, consistency_proof, fold, inclusion_proof, perfect_root


class TileMissingError(LookupError):
    """The log is not as long as asked, or has lost what a tile is made of."""


class Tiles:
    """The tree as it stood at `size` leaves. What was read once is kept, so an instance is for one answer."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._read: dict[tuple[int, int], bytes] = {}

    def width(self, level: int, number: int) -> int:
        """How many hashes the tile has at this size: 256 for a full one, 0 where there is none."""
        return max(0, min(WIDTH, (self.size >> HEIGHT * level) - number * WIDTH))

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of a tile end to end, as many as it has at this size. Raises TileMissingError."""
        width = self.width(level, number)
        if not width:
            raise TileMissingError(f"There is no tile {level}/{number} at {self.size} leaves.")
        hashes = self._read.get((level, number))
        if hashes is None:
            hashes = self._read[level, number] = read_tile(level, number, width)
        return hashes

    def subtree(self, level: int, number: int) -> bytes:
        """The root over leaf number * 2**level and the 2**level - 1 after it. Raises TileMissingError."""
        above, inside = divmod(level, HEIGHT)
        tile, first = divmod(number << inside, WIDTH)
        hashes = self.tile(above, tile)[first * HASH_SIZE : (first + (1 << inside)) * HASH_SIZE]
        if len(hashes) != HASH_SIZE << inside:
            raise TileMissingError(f"There is no subtree {level}/{number} at {self.size} leaves.")
        return perfect_root([hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)])

    def root(self) -> bytes:
        """The root at this size. Raises TileMissingError."""
        peaks, start = [], 0
        for level in reversed(range(self.size.bit_length())):
            if self.size >> level & 1:
                peaks.append(self.subtree(level, start >> level))
                start += 1 << level
        return fold(peaks)

    def inclusion(self, index: int) -> list[bytes]:
        """The hashes that lead from a leaf to the root. Raises ValueError, TileMissingError."""
        return inclusion_proof(index, self.size, self.subtree)

    def consistency(self, old: int) -> list[bytes]:
        """The hashes that show the tree at `old` to be the beginning of this one. Raises as above."""
        return consistency_proof(old, self.size, self.subtree)


def read_tile(level: int, number: int, width: int = WIDTH) -> bytes:
    """The first `width` hashes of a tile, end to end. Raises TileMissingError where the log does not reach so far."""
    stored = LedgerTile.objects.filter(level=level, number=number).values_list("hashes", flat=True).first()
    if stored is not None:
        hashes = bytes(stored)[: width * HASH_SIZE]
    else:
        start = number * WIDTH
        below = leaf_hashes(start, start + width) if level == 0 else tile_roots(level - 1, start, start + width)
        hashes = b"".join(below)
    if len(hashes) != width * HASH_SIZE:
        raise TileMissingError(f"Tile {level}/{number} is not {width} hashes wide.")
    return hashes
