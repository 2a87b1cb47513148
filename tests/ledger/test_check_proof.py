"""docs/check_proof.py needs nothing of ours, knows RFC 8032, and takes no proof that was touched."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portal.ledger.models import Checkpoint, LedgerEntry, LedgerKey, LedgerLeaf
from portal.ledger.notes import CheckpointBody, Signer, sign
from portal.ledger.proofs import proof_of
from tests.conftest import ROOT
from tests.ledger.conftest import HonestLog
from tests.ledger.growing import checker

SCRIPT = ROOT / "docs" / "check_proof.py"
# RFC 8032, 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032(key: str, message: str, signature: str) -> None:
    module = checker()
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert module.is_signed(public, text, signed)
    assert not module.is_signed(public, text + b"x", signed)


def test_it_agrees_with_a_library_about_signatures() -> None:
    module = checker()
    for _ in range(8):
        private, text = Ed25519PrivateKey.generate(), secrets.token_bytes(40)
        public, signed = private.public_key().public_bytes_raw(), private.sign(text)
        assert module.is_signed(public, text, signed)
        for at in (0, 31, 32, 63):
            touched = bytearray(signed)
            touched[at] ^= 1
            assert not module.is_signed(public, text, bytes(touched))
        # The same signature written in another way: s + the order of the group.
        other = int.from_bytes(signed[32:], "little") + module.ORDER
        assert not module.is_signed(public, text, signed[:32] + other.to_bytes(32, "little"))
        assert not module.is_signed(secrets.token_bytes(32), text, signed)
        assert not module.is_signed(bytes([255] * 32), text, signed)


@pytest.fixture
def proof(log: HonestLog) -> dict[str, Any]:
    return proof_at(400)


def proof_at(index: int, size: int | None = None) -> dict[str, Any]:
    leaf = LedgerLeaf.objects.get(index=index)
    found = Checkpoint.objects.order_by("-size") if size is None else Checkpoint.objects.filter(size=size)
    checkpoint = found.first()
    assert checkpoint is not None
    return proof_of(LedgerEntry.objects.get(pk=leaf.entry_id), index, checkpoint)


def key() -> str:
    return LedgerKey.objects.get().verifier


def run(folder: Path, proof: Any, verifier: str, kept: str | None = None) -> tuple[int, str]:
    """The program as an auditor runs it: another interpreter, isolated, in another folder."""
    (folder / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(SCRIPT), "proof.json", verifier]
    if kept is not None:
        (folder / "kept.txt").write_text(kept, encoding="utf-8")
        command += ["--kept", "kept.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONUTF8": "1"})
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_an_honest_proof_holds(proof: dict[str, Any], log: HonestLog, tmp_path: Path) -> None:
    code, said = run(tmp_path, proof, key())
    assert code == 0
    assert "stands at place 400" in said
    assert '"table": "inventory_vendor"' in said
    assert '"reference": "VEN-' in said
    assert "No checkpoint from elsewhere was given" in said
    code, said = run(tmp_path, proof, key(), log.notes[-1])
    assert code == 0
    assert "has not changed since" in said
    code, said = run(tmp_path, proof_at(400, size=550), key(), log.notes[0])
    assert (code, "550 entries" in said) == (0, True)


def test_it_needs_nothing_of_the_project() -> None:
    imports = [line.split()[1] for line in SCRIPT.read_text().splitlines() if line.startswith(("import ", "from "))]
    assert {name.partition(".")[0] for name in imports} <= sys.stdlib_module_names


def test_a_proof_of_what_was_erased_says_so(proof: dict[str, Any], tmp_path: Path) -> None:
    code, said = run(tmp_path, proof | {"salt": "erased", "payload": "erased"}, key())
    assert (code, "the header is not proved" in said) == (0, True)


def _touched(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("part", ["header", "salt", "payload", "leaf"])
def test_a_changed_part_is_found(proof: dict[str, Any], tmp_path: Path, part: str) -> None:
    code, said = run(tmp_path, proof | {part: _touched(proof[part])}, key())
    assert (code, said.startswith("DOES NOT HOLD")) == (1, True)


def test_a_changed_proof_is_found(proof: dict[str, Any], log: HonestLog, tmp_path: Path) -> None:
    hashes = proof["proof"]
    another = Signer.generate(proof["origin"])
    said = CheckpointBody(proof["origin"], proof["size"], bytes(32))
    forged = sign(str(said), another)
    cases: dict[str, list[Any]] = {
        "signed root": [
            proof | {"proof": [_touched(hashes[0]), *hashes[1:]]},
            proof | {"index": 401},
            proof | {"size": 699},
        ],
        "too short": [proof | {"proof": hashes[:-1]}],
        "too long": [proof | {"proof": [*hashes, hashes[0]]}],
        "outside": [proof | {"index": 700}, proof | {"index": -1}],
        "not signed": [
            proof | {"checkpoint": forged},
            proof | {"checkpoint": proof["checkpoint"].replace("\n700\n", "\n701\n")},
            proof | {"checkpoint": proof["checkpoint"][:-8] + "AAAAAA=\n"},
            proof | {"checkpoint": "x"},
        ],
        "not what it should be": [{}, {"format": "muster-proof"}, proof | {"proof": 7}, []],
        "no proof of a kind": [proof | {"version": 2}],
    }
    for words, proofs in cases.items():
        for one in proofs:
            code, answer = run(tmp_path, one, key())
            assert (code, answer.startswith("DOES NOT HOLD"), words in answer) == (1, True, True), (words, answer)
    assert run(tmp_path, proof, str(another.verifier))[0] == 1
    assert run(tmp_path, proof, key().replace("+", "x+", 1))[0] == 1


def test_a_kept_checkpoint_tells_on_whoever_holds_the_key(
    proof: dict[str, Any], log: HonestLog, tmp_path: Path
) -> None:
    """The log and its checkpoint were made anew, with the right key; somebody has kept the old checkpoint."""
    signer = Signer.parse(log.key.read_text(encoding="ascii"))
    kept = sign(str(CheckpointBody(signer.name, proof["size"], bytes(32))), signer)
    code, said = run(tmp_path, proof, key(), kept)
    assert (code, "THE LOG WAS REWRITTEN" in said) == (1, True)
    code, said = run(tmp_path, proof, key(), log.notes[0])
    assert (code, "?size=550" in said) == (1, True)
    code, said = run(tmp_path, proof, key(), "nonsense")
    assert code == 1
