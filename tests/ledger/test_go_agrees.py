"""Go's own code for its checksum database (x/mod/sumdb) agrees with our log, and refuses it when it was touched."""

from __future__ import annotations

import base64
import copy
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from portal.ledger.models import Checkpoint, LedgerEntry, LedgerLeaf
from portal.ledger.notes import CheckpointBody, Signer, sign
from portal.ledger.proofs import proof_of
from portal.ledger.tiles import Tiles
from portal.ledger.tree import WIDTH, Edge
from tests.ledger.growing import b64, grow_to, leaves, published_tiles

SOURCE = Path(__file__).parent / "go" / "verify.go"
GOPATH = Path("/usr/share/gocode")  # where Debian's golang-golang-x-mod-dev puts it
MISSING = not (shutil.which("go") and (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir())

pytestmark = pytest.mark.skipif(
    MISSING,
    reason="WITHOUT GO NOTHING BUT OUR OWN CODE CHECKS THE LOG. Install golang-go and golang-golang-x-mod-dev.",
)

Document = dict[str, Any]
Verify = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """The program, built without a network; called with what it reads, or with arguments."""
    folder = tmp_path_factory.mktemp("go")
    go = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    build = ["go", "build", "-o", str(folder / "verify"), str(SOURCE)]
    built = subprocess.run(build, env=os.environ | go, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    def run(document: Document | None = None, *arguments: str) -> tuple[int, str]:
        given = json.dumps(document) if document is not None else None
        command = [str(folder / "verify"), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


def record_at(index: int, checkpoint: Checkpoint) -> Document:
    leaf = LedgerLeaf.objects.get(index=index)
    return proof_of(LedgerEntry.objects.get(pk=leaf.entry_id), index, checkpoint)


def described(checkpoints: list[Checkpoint], *, places: list[int]) -> Document:
    """What the log says of itself, as the program reads it."""
    sizes, last = [one.size for one in checkpoints], checkpoints[-1]
    return {
        "key": last.key.verifier,
        "checkpoints": [one.note for one in checkpoints],
        "tiles": published_tiles(*sizes),
        "records": [record_at(index, last) for index in places],
        "trees": [
            {"old": old, "new": new, "proof": [b64(one) for one in Tiles(new).consistency(old)]}
            for old in sizes
            for new in sizes
            if old <= new
        ],
    }


def test_it_agrees_with_a_log_at_every_kind_of_size(committed: str, verify: Verify) -> None:
    checkpoints = [grow_to(size) for size in (1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 600)]
    code, said = verify(described(checkpoints, places=[0, 1, 254, 255, 256, 511, 512, 599]))
    assert (code, said.splitlines()[-1]) == (0, "OK")
    assert [line for line in said.splitlines() if line.startswith("inclusion")][-1] == "inclusion 599 600"
    assert "grown 512 600" in said
    assert "consistency 1 600" in said


def test_it_agrees_beyond_the_first_tile_of_the_second_level(committed: str, verify: Verify) -> None:
    checkpoints = [grow_to(size) for size in (300, WIDTH * WIDTH, WIDTH * WIDTH + 1, WIDTH * WIDTH + 700)]
    document = described(checkpoints, places=[0, 299, 300, WIDTH * WIDTH - 1, WIDTH * WIDTH, WIDTH * WIDTH + 699])
    assert {"tile/1/000", "tile/2/000.p/1", "tile/1/001.p/2", "tile/0/258.p/188"} <= set(document["tiles"])
    code, said = verify(document)
    assert (code, said.splitlines()[-1]) == (0, "OK")


@pytest.fixture
def honest(committed: str) -> Document:
    return described([grow_to(300), grow_to(600)], places=[10])


def flipped(text: str, at: int = 0) -> str:
    data = bytearray(base64.b64decode(text))
    data[at] ^= 1
    return base64.b64encode(data).decode()


def other_roots(document: Document, signer: Signer) -> list[str]:
    """The same checkpoints with other roots, signed."""
    bodies = [CheckpointBody.parse(note.partition("\n\n")[0] + "\n") for note in document["checkpoints"]]
    return [sign(str(CheckpointBody(one.origin, one.size, bytes(32))), signer) for one in bodies]


def test_it_refuses_what_was_touched(honest: Document, verify: Verify, ledger_key: Path) -> None:
    """One copy for each thing that somebody could change; the word says where it is noticed."""
    assert verify(honest)[0] == 0
    signer = Signer.parse(ledger_key.read_text(encoding="ascii"))
    stranger = Signer.generate(signer.name)

    def changed(change: Callable[[Document], None]) -> Document:
        document = copy.deepcopy(honest)
        change(document)
        return document

    def in_record(**fields: Any) -> Document:
        return changed(lambda document: document["records"][0].update(fields))

    record, tree = honest["records"][0], honest["trees"][1]
    assert (tree["old"], tree["new"]) == (300, 600)
    note, edge = honest["checkpoints"][1], "tile/1/000.p/2"
    cases = {
        "header": ("leaf", in_record(header=flipped(record["header"]))),
        "payload": ("leaf", in_record(payload=flipped(record["payload"]))),
        "salt": ("leaf", in_record(salt=flipped(record["salt"]))),
        "leaf": ("leaf", in_record(leaf=flipped(record["leaf"]))),
        "leaf of what was erased": ("inclusion", in_record(payload="erased", leaf=flipped(record["leaf"]))),
        "place": ("inclusion", in_record(index=11)),
        "proof": ("inclusion", in_record(proof=[flipped(record["proof"][0]), *record["proof"][1:]])),
        "short proof": ("inclusion", in_record(proof=record["proof"][:-1])),
        "long proof": ("inclusion", in_record(proof=[*record["proof"], record["leaf"]])),
        "size": ("signature", changed(lambda d: d["checkpoints"].__setitem__(1, note.replace("\n600\n", "\n601\n")))),
        "signature": ("signature", changed(lambda d: d["checkpoints"].__setitem__(1, note[:-9] + "AAAAAAA=\n"))),
        "another's signature": ("signature", changed(lambda d: d.update(checkpoints=other_roots(d, stranger)))),
        "another's key": ("signature", changed(lambda d: d.update(key=str(stranger.verifier)))),
        "damaged key": ("key", changed(lambda d: d.update(key=d["key"][:-4] + "AAA="))),
        "root": ("tiles", changed(lambda d: d.update(checkpoints=other_roots(d, signer)))),
        "tile": ("tiles", changed(lambda d: d["tiles"].update({"tile/0/001": flipped(d["tiles"]["tile/0/001"])}))),
        "edge": ("tiles", changed(lambda d: d["tiles"].update({edge: flipped(d["tiles"][edge])}))),
        "missing tile": ("tiles", changed(lambda d: d["tiles"].pop("tile/0/002.p/88"))),
        "consistency": ("consistency", changed(lambda d: d["trees"][1]["proof"].reverse())),
    }  # fmt: skip
    for what, (where, document) in cases.items():
        code, said = verify(document)
        assert (code, said.splitlines()[-1].startswith(f"FAILED {where}")) == (1, True), (what, said)


def test_it_refuses_a_fork(honest: Document, verify: Verify, ledger_key: Path) -> None:
    """A whole other log, complete and rightly signed, that does not begin with what somebody has kept."""
    signer = Signer.parse(ledger_key.read_text(encoding="ascii"))
    edge, tiles = Edge(), {}
    for index, leaf in enumerate(leaves()):
        for tile in edge.add(bytes(32) if index == 5 else leaf):
            tiles[f"tile/{tile.level}/{tile.number:03d}"] = b64(tile.hashes)
    for level, row in enumerate(edge.levels):
        tiles[f"tile/{level}/{edge.size >> 8 * (level + 1):03d}.p/{len(row)}"] = b64(b"".join(row))
    forged = sign(str(CheckpointBody(signer.name, edge.size, edge.root())), signer)
    alone = {"key": honest["key"], "tiles": tiles, "checkpoints": [forged]}
    assert verify(alone)[0] == 0, "by itself it is without fault: only what was kept elsewhere tells"
    both = alone | {"checkpoints": [honest["checkpoints"][0], forged], "tiles": honest["tiles"] | tiles}
    code, said = verify(both)
    assert (code, "FAILED fork" in said or "FAILED tiles" in said) == (1, True), said
    same_size = alone | {"checkpoints": [forged, honest["checkpoints"][1]]}
    code, said = verify(same_size)
    assert (code, "FAILED fork" in said) == (1, True), said


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def address(committed: str) -> Iterator[str]:
    """A server on the test's own database."""
    application = get_wsgi_application()

    def and_hang_up(environ: Any, start_response: Any) -> Any:
        try:
            yield from application(environ, start_response)
        finally:
            connections.close_all()

    server = make_server("127.0.0.1", 0, and_hang_up, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ledger"
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_reads_a_live_server(address: str, verify: Verify, tmp_path: Path) -> None:
    """As in docs/verify.md: an address, a key, and what an auditor has kept."""
    kept = grow_to(300)
    latest = grow_to(600)
    (tmp_path / "kept.txt").write_text(kept.note, encoding="utf-8")
    (tmp_path / "proof.json").write_text(json.dumps(record_at(299, latest)), encoding="utf-8")
    arguments = ["-url", address, "-key", kept.key.verifier, "-kept", str(tmp_path / "kept.txt")]
    code, said = verify(None, *arguments, "-proof", str(tmp_path / "proof.json"))
    assert (code, said.splitlines()[-1]) == (0, "OK"), said
    assert "grown 300 600" in said
    assert "inclusion 299 600" in said
    signer = Signer.generate(kept.key.verifier.partition("+")[0])
    code, said = verify(None, "-url", address, "-key", str(signer.verifier))
    assert (code, said.startswith("FAILED signature")) == (1, True)
