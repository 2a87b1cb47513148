"""The tree is RFC 6962's: checked against the definition, written out naively."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.ledger.tree import (
    EMPTY_ROOT,
    WIDTH,
    Edge,
    Tile,
    edge_of_tiles,
    inclusion_proof,
    leaf_hash,
    perfect_root,
    root_by_inclusion,
    tile_path,
)

SIZES = st.integers(1, 3 * WIDTH + 7)


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(b"\0%d" % n).digest() for n in range(count)]


def naive(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it is written there."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + naive(hashes[:k]) + naive(hashes[k:])).digest()


def grown(hashes: list[bytes]) -> tuple[Edge, list[Tile]]:
    edge, tiles = Edge(), []
    for one in hashes:
        tiles += edge.add(one)
    return edge, tiles


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Edge().root() == EMPTY_ROOT == naive([])


def test_a_leaf_is_the_hash_of_its_header_and_its_salted_payload() -> None:
    inner = hashlib.sha256(b"salt" + b"payload").digest()
    assert leaf_hash(b"header", b"salt", b"payload") == hashlib.sha256(b"\0header" + inner).digest()


@given(SIZES)
@settings(max_examples=60, deadline=None)
def test_the_edge_has_the_root_of_the_definition_at_every_size(size: int) -> None:
    assert grown(leaves(size))[0].root() == naive(leaves(size))


@given(SIZES, st.data())
@settings(max_examples=60, deadline=None)
def test_every_leaf_is_proved_in_every_tree_and_no_other_leaf_is(size: int, data: st.DataObject) -> None:
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, lambda level, n: perfect_root(hashes[n << level : (n + 1) << level]))
    assert root_by_inclusion(hashes[index], index, size, proof) == naive(hashes)
    assert len(proof) <= size.bit_length()
    if size > 1:
        assert root_by_inclusion(hashes[index - 1], index, size, proof) != naive(hashes)
        with pytest.raises(ValueError, match="long"):
            root_by_inclusion(hashes[index], index, size, [*proof, hashes[0]])
        with pytest.raises(ValueError, match="short"):
            root_by_inclusion(hashes[index], index, size, proof[:-1])


@given(SIZES, st.data())
@settings(max_examples=60, deadline=None)
def test_a_tree_goes_on_from_its_tiles_alone(size: int, data: st.DataObject) -> None:
    hashes = leaves(size)
    _edge, tiles = grown(hashes)
    full = data.draw(st.integers(0, size // WIDTH))
    roots = {(tile.level, tile.number): tile.root for tile in tiles}
    again = edge_of_tiles(full, lambda level, start, end: [roots[level, n] for n in range(start, end)])
    for one in hashes[full * WIDTH :]:
        again.add(one)
    assert (again.size, again.root()) == (size, naive(hashes))


def test_sixty_five_thousand_leaves_fill_a_tile_of_the_second_level() -> None:
    hashes = leaves(WIDTH * WIDTH)
    edge, tiles = grown(hashes)
    assert [(tile.level, tile.number) for tile in tiles[-2:]] == [(0, WIDTH - 1), (1, 0)]
    assert edge.root() == perfect_root(hashes) == tiles[-1].root
    assert tiles[-1].hashes == b"".join(tile.root for tile in tiles[:-1])


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (1, 67, 17, "tile/1/067.p/17"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (2, 1000, 1, "tile/2/x001/000.p/1"),
    ],
)
def test_tiles_have_the_addresses_of_tlog_tiles(level: int, number: int, width: int, path: str) -> None:
    assert tile_path(level, number, width) == path
