"""From entries to a signed log: places, tiles, checkpoints. Run every few seconds, and on demand."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from portal.ledger import keys
from portal.ledger.models import Checkpoint, LedgerKey, LedgerLeaf, LedgerTile
from portal.ledger.notes import CheckpointBody, Signer, sign
from portal.ledger.tree import Edge, Tile, edge_of_tiles

log = logging.getLogger(__name__)

BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Sequenced:
    """What a run did: how many entries got a place, and the checkpoint that stands now."""

    placed: int
    checkpoint: Checkpoint | None


def sequence(*, patience: timedelta = timedelta(0)) -> Sequenced:
    """Give every visible entry its place, fill tiles, and sign one checkpoint at the end.

    Each batch is a transaction of its own, tiles included: a process that dies loses no work but the last batch.
    With `patience` nothing is signed until the last checkpoint is that old, so that a busy day leaves hundreds of
    checkpoints and not thousands.
    """
    placed = 0
    while True:
        with transaction.atomic():
            count = _place(BATCH)
            placed += count
            edge = extend_tiles()
            if count < BATCH:
                return Sequenced(placed, _sign(edge, patience))


def rotate_key(*, lost: bool = False) -> LedgerKey:
    """Sign with a new key from now on, beginning with a checkpoint of the log as it stands.

    Raises KeyUnavailableError where the old key has to sign for the new one and is not here.
    """
    with transaction.atomic():
        _place(BATCH)
        edge = extend_tiles()
        key = keys.rotate(size=edge.size, root=_text(edge.root()), lost=lost)
        _sign(edge)
        return key


def _place(at_most: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT muster.sequence_entries(%s)", [at_most])
        return int(cursor.fetchone()[0])


def waiting() -> int:
    """How many visible entries have no place in the log yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM muster.pending")
        return int(cursor.fetchone()[0])


def extend_tiles() -> Edge:
    """Make the tiles that the leaves fill and that are not there yet. Returns the tree's right edge.

    Needs the sequencer's lock. Reads what is beyond the last full tile, so the cost does not grow with the log.
    """
    edge = read_edge()
    made: list[Tile] = []
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT e.leaf FROM portal_ledgerleaf l JOIN portal_ledgerentry e ON e.id = l.entry_id"
            " WHERE l.index >= %s ORDER BY l.index",
            [edge.size],
        )
        for (leaf,) in cursor:
            made += edge.add(bytes(leaf))
    LedgerTile.objects.bulk_create(
        (LedgerTile(level=t.level, number=t.number, hashes=t.hashes, root=t.root) for t in made), batch_size=200
    )
    return edge


def read_edge() -> Edge:
    """The right edge of the tree as far as full tiles of level 0 go."""
    last = LedgerTile.objects.filter(level=0).order_by("-number").values_list("number", flat=True).first()
    return edge_of_tiles(0 if last is None else last + 1, tile_roots)


def tile_roots(level: int, start: int, end: int) -> list[bytes]:
    """The roots of these full tiles."""
    found = LedgerTile.objects.filter(level=level, number__gte=start, number__lt=end).order_by("number")
    return [bytes(root) for root in found.values_list("root", flat=True)]


def _sign(edge: Edge, patience: timedelta = timedelta(0)) -> Checkpoint | None:
    """The checkpoint over all leaves: the standing one where nothing was added, else a new one."""
    latest = Checkpoint.objects.order_by("-id").first()
    if edge.size == 0 or (latest is not None and timezone.now() - latest.created_at < patience):
        return latest
    root = edge.root()
    signer, key = keys.ensure_signer(size=edge.size, root=_text(root))
    if latest is not None and latest.key_id == key.pk and latest.size == edge.size:
        return latest
    return sign_checkpoint(edge.size, root, signer, key)


def sign_checkpoint(size: int, root: bytes, signer: Signer, key: LedgerKey) -> Checkpoint:
    """Sign and keep a checkpoint. Its origin is the key's name."""
    note = sign(str(CheckpointBody(signer.name, size, root)), signer)
    return Checkpoint.objects.create(size=size, root=root, note=note, key=key)


def _text(root: bytes) -> str:
    return base64.b64encode(root).decode()


def leaf_hashes(start: int, end: int) -> list[bytes]:
    """The leaf hashes of these places."""
    found = LedgerLeaf.objects.filter(index__gte=start, index__lt=end).order_by("index")
    return [bytes(leaf) for leaf in found.values_list("entry__leaf", flat=True)]
