"""pymerkle, another library that builds RFC 6962's trees, comes to the same leaves, roots and proofs."""

from __future__ import annotations

import hashlib

from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from portal.ledger.models import LedgerLeaf
from portal.ledger.tiles import Tiles
from portal.ledger.tree import WIDTH
from tests.ledger.growing import grow_to

SIZES = (1, 2, 3, 255, 256, 257, 600)


def test_it_comes_to_the_same_roots_and_proofs(committed: str) -> None:
    roots = {size: bytes(grow_to(size).root) for size in SIZES}
    tree = InmemoryTree(algorithm="sha256")
    columns = ("entry__header", "entry__leaf", "entry__ledgerpayload__salt", "entry__ledgerpayload__payload")
    for header, leaf, salt, payload in LedgerLeaf.objects.order_by("index").values_list(*columns):
        index = tree.append_entry(bytes(header) + hashlib.sha256(bytes(salt) + bytes(payload)).digest())
        assert tree.get_leaf(index) == bytes(leaf)
    for size, root in roots.items():
        assert tree.get_root(size) == root
        for index in {0, size // 2, size - 1}:
            theirs = tree.prove_inclusion(index + 1, size)
            verify_inclusion(tree.get_leaf(index + 1), root, theirs)
            assert Tiles(size).inclusion(index) == list(theirs.path[1:])
        for old in (n for n in SIZES if n <= size):
            verify_consistency(roots[old], root, tree.prove_consistency(old, size))
    assert tree.get_size() == 2 * WIDTH + 88
