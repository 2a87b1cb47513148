"""Tiles and proofs from the database are those of the definition, at every size the log ever had."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.ledger.models import LedgerTile
from portal.ledger.tiles import TileMissingError, Tiles, read_tile
from portal.ledger.tree import WIDTH, root_by_consistency, root_by_inclusion
from tests.ledger.growing import grow_to, leaves
from tests.ledger.test_tree import naive

SIZES = (1, 2, 3, 255, 256, 257, 511, 700)


def test_every_size_has_its_root_and_its_proofs_for_ever(committed: str) -> None:
    checkpoints = {size: grow_to(size) for size in SIZES}
    hashes = leaves()
    assert LedgerTile.objects.filter(level=0).count() == 2
    for size, checkpoint in checkpoints.items():
        tiles, root = Tiles(size), naive(hashes[:size])
        assert tiles.root() == bytes(checkpoint.root) == root
        for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
            assert root_by_inclusion(hashes[index], index, size, tiles.inclusion(index)) == root
        for old in (n for n in SIZES if n <= size):
            known = naive(hashes[:old])
            assert root_by_consistency(old, size, known, tiles.consistency(old)) == (known, root)


def test_a_tile_is_as_wide_as_the_log_is_long(committed: str) -> None:
    grow_to(300)
    hashes = leaves()
    assert read_tile(0, 0) == b"".join(hashes[:WIDTH])
    assert read_tile(0, 0, 17) == b"".join(hashes[:17])
    assert read_tile(0, 1, 44) == b"".join(hashes[WIDTH:])
    assert read_tile(1, 0, 1) == naive(hashes[:WIDTH])
    for level, number, width in ((0, 1, 45), (0, 1, 256), (0, 2, 1), (1, 0, 2), (2, 0, 1)):
        with pytest.raises(TileMissingError):
            read_tile(level, number, width)
    with pytest.raises(TileMissingError):
        Tiles(300).tile(0, 2)
    with pytest.raises(TileMissingError):
        Tiles(300).subtree(8, 1)
    with pytest.raises(ValueError, match="no leaf"):
        Tiles(300).inclusion(300)


def test_a_proof_reads_two_tiles_a_level(committed: str) -> None:
    checkpoint = grow_to(WIDTH * WIDTH + 3 * WIDTH + 5)
    for index in (0, 70, WIDTH * WIDTH - 1, checkpoint.size - 300, checkpoint.size - 1):
        tiles = Tiles(checkpoint.size)
        with CaptureQueriesContext(connection) as queries:
            proof = tiles.inclusion(index)
        # Two for a partial tile: it is looked for, and then made of what is below it.
        assert len(queries) <= 8
        leaf = read_tile(0, index // WIDTH, index % WIDTH + 1)[-32:]
        assert root_by_inclusion(leaf, index, checkpoint.size, proof) == bytes(checkpoint.root)
