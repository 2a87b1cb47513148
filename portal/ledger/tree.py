"""The Merkle tree of RFC 6962, and its tiles as C2SP's tlog-tiles lays them out. Pure functions over hashes.

A tile holds up to 256 hashes of one level: level 0 are leaves, and a hash of level n + 1 is the root over one full tile
of level n. A full tile never changes again, so whoever has it need not ask twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

HASH_SIZE = 32
HEIGHT = 8
WIDTH = 1 << HEIGHT
_GROUP = 1000  # a tile's number is written in groups of three digits
EMPTY_ROOT = hashlib.sha256(b"").digest()

# (level, number) → the root over the perfect subtree there: leaf number * 2**level and the 2**level - 1 after it.
Subtree = Callable[[int, int], bytes]


def leaf_hash(header: bytes, salt: bytes, payload: bytes) -> bytes:
    """The leaf of an entry: RFC 6962's hash over its header and the hash of its salted payload."""
    return hashlib.sha256(b"\0" + header + hashlib.sha256(salt + payload).digest()).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 1, 2, 4, … hashes."""
    sha256 = hashlib.sha256
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\1" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def _peaks(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the largest perfect subtrees that make up these hashes, from left to right."""
    start = 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            yield perfect_root(hashes[start : start + (1 << bit)])
            start += 1 << bit


def fold(peaks: Iterable[bytes]) -> bytes:
    """The root over perfect subtrees from left to right, each smaller than the one before it."""
    root: bytes | None = None
    for peak in reversed(list(peaks)):
        root = peak if root is None else node_hash(peak, root)
    return EMPTY_ROOT if root is None else root


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: its place, its hashes end to end, and the hash that stands for it one level up."""

    level: int
    number: int
    hashes: bytes
    root: bytes


@dataclass(slots=True)
class Edge:
    """The right edge of a growing tree: for each level the hashes that fill no tile yet. O(log n) in size."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)

    def add(self, leaf: bytes) -> list[Tile]:
        """Append a leaf. Returns the tiles that it filled, lowest first; almost always none."""
        filled: list[Tile] = []
        self.size += 1
        level, one = 0, leaf
        while True:
            if level == len(self.levels):
                self.levels.append([])
            row = self.levels[level]
            row.append(one)
            if len(row) < WIDTH:
                return filled
            one = perfect_root(row)
            number = (self.size >> HEIGHT * (level + 1)) - 1
            filled.append(Tile(level, number, b"".join(row), one))
            row.clear()
            level += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return fold(peak for row in reversed(self.levels) for peak in _peaks(row))


def edge_of_tiles(full: int, roots: Callable[[int, int, int], list[bytes]]) -> Edge:
    """The right edge of a tree that ends with `full` full tiles of level 0.

    `roots(level, start, end)` gives the roots of these tiles.
    """
    edge = Edge(size=full * WIDTH)
    if full:
        edge.levels.append([])
    level = 0
    while full:
        above = full // WIDTH
        edge.levels.append(roots(level, above * WIDTH, full))
        full, level = above, level + 1
    return edge


def _split(size: int) -> int:
    """The largest power of two below `size`: how many leaves stand in the left subtree."""
    return 1 << (size - 1).bit_length() - 1


def _root(start: int, end: int, subtree: Subtree) -> bytes:
    """The root over leaves start to end (start a multiple of the subtrees that it is made of)."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        peaks.append(subtree(level, start >> level))
        start += 1 << level
    return fold(peaks)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root at `size` (RFC 6962, 2.1.1). Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")

    def path(index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*path(index, start, middle), _root(middle, end, subtree)]
        return [*path(index, middle, end), _root(start, middle, subtree)]

    return path(index, 0, size)


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show the tree at `old` to be the beginning of that at `new` (RFC 6962, 2.1.2)."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {new} leaves does not begin with one of {old}.")

    def proof(old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [_root(start, end, subtree)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*proof(old, start, middle, whole=whole), _root(middle, end, subtree)]
        return [*proof(old, middle, end, whole=False), _root(start, middle, subtree)]

    return proof(old, 0, new, whole=True)


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that a proof leads to (RFC 9162, 2.1.3.2). Raises ValueError for a proof of the wrong length."""
    if not 0 <= index < size:
        raise ValueError("The index lies outside the tree.")
    fn, sn, root = index, size - 1, leaf
    for one in proof:
        if sn == 0:
            raise ValueError("The proof is too long.")
        if fn & 1 or fn == sn:
            root = node_hash(one, root)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, one)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ValueError("The proof is too short.")
    return root


def root_by_consistency(old: int, new: int, known: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots at `old` and `new` that a proof leads to, starting from the root that is known for `old`.

    RFC 9162, 2.1.4.2. Raises ValueError for a proof of the wrong length.
    """
    if not 0 < old <= new:
        raise ValueError(f"A tree of {new} leaves does not begin with one of {old}.")
    if old == new:
        if proof:
            raise ValueError("The proof is too long.")
        return known, known
    path = [known, *proof] if old & (old - 1) == 0 else list(proof)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        raise ValueError("The proof is too short.")
    first = second = path[0]
    for one in path[1:]:
        if sn == 0:
            raise ValueError("The proof is too long.")
        if fn & 1 or fn == sn:
            first, second = node_hash(one, first), node_hash(one, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, one)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ValueError("The proof is too short.")
    return first, second


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """A tile's address in tlog-tiles: `tile/0/x001/067` or, not full yet, `tile/0/x001/067.p/17`."""
    digits = f"{number % _GROUP:03d}"
    while number >= _GROUP:
        number //= _GROUP
        digits = f"x{number % _GROUP:03d}/{digits}"
    return f"tile/{level}/{digits}" + ("" if width == WIDTH else f".p/{width}")
