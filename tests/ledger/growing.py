"""Logs that grow as a test wants: one governed row, one entry."""

from __future__ import annotations

import base64
import importlib.util
import sys
from types import ModuleType
from typing import Any

from django.db import connection
from django.test import Client

from portal.history.context import acting
from portal.ledger.models import Checkpoint, LedgerLeaf
from portal.ledger.sequencer import sequence
from portal.ledger.tree import WIDTH, tile_path
from tests.conftest import ROOT
from tests.ledger.conftest import WRITER

_ROWS = (
    "INSERT INTO portal_savedmapping (id, register, name, yaml)"
    " SELECT gen_random_uuid(), 'vendors', 'mapping-' || n, '' FROM generate_series(%s::bigint, %s::bigint) n"
)


def grow_to(size: int) -> Checkpoint:
    """Let the log have exactly so many entries, and sign it."""
    before = LedgerLeaf.objects.count()
    with acting(WRITER), connection.cursor() as cursor:
        cursor.execute(_ROWS, [before, size - 1])
    checkpoint = sequence().checkpoint
    assert checkpoint is not None
    assert checkpoint.size == size
    return checkpoint


def leaves() -> list[bytes]:
    """The leaf hashes of the log, from the first to the last."""
    rows = LedgerLeaf.objects.order_by("index").values_list("entry__leaf", flat=True)
    return [bytes(leaf) for leaf in rows]


def published_tiles(*sizes: int) -> dict[str, str]:
    """The tiles of the tree at these sizes as anybody can get them: path → base64."""
    client, found = Client(), {}
    for size in sizes:
        level = 0
        while count := size >> 8 * level:
            widths = [(number, WIDTH) for number in range(count // WIDTH)]
            widths += [(count // WIDTH, count % WIDTH)] if count % WIDTH else []
            for number, width in widths:
                path = tile_path(level, number, width)
                if path not in found:
                    answer = client.get(f"/ledger/{path}")
                    assert answer.status_code == 200, path
                    found[path] = b64(answer.content)
            level += 1
    return found


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def checker() -> Any:
    """docs/check_proof.py as a module. It is no part of the project, and nothing of the project is in it."""
    spec = importlib.util.spec_from_file_location("check_proof", ROOT / "docs" / "check_proof.py")
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
