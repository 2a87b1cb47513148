"""Check one proof of Muster's ledger without Muster: python3 check_proof.py PROOF.json KEY [--kept CHECKPOINT]

PROOF.json   the proof of one change, as Muster gives it out (ledger/proof/NUMBER.json)
KEY          the log's verifier key, NAME+HASH+BASE64, from a source other than the proof
CHECKPOINT   a checkpoint (signed note) that you or somebody else kept: a mail, a file, a time stamp's subject

Python's standard library only, and short enough to be read first. Ends with 0 if everything holds, else with 1.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

# Ed25519 by the formulae of RFC 8032, 5.1. A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


class DoesNotHoldError(Exception):
    """Something is not as it is said to be."""


def add(p: Point, q: Point) -> Point:
    """Section 5.1.4. Doubling needs no formula of its own: this one is complete."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n: int, p: Point) -> Point:
    """n times a point. Nothing here is secret, so the time it takes may depend on n."""
    total: Point = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, p)
        p, n = add(p, p), n >> 1
    return total


def is_same(p: Point, q: Point) -> bool:
    """Whether two points are one, whatever their Z."""
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 == (p[1] * q[2] - q[1] * p[2]) % P


def point(data: bytes) -> Point:
    """Section 5.1.3: the point that 32 bytes stand for."""
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise DoesNotHoldError("a key or a signature is no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


_Y = 4 * pow(5, -1, P) % P
BASE = point(_Y.to_bytes(32, "little"))


def is_signed(key: bytes, text: bytes, signature: bytes) -> bool:
    """Section 5.1.7: whether the signature over the text was made with the private half of the key."""
    if len(key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:  # noqa: PLR2004 - bytes
        return False
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % ORDER
    try:
        return is_same(times(s, BASE), add(point(signature[:32]), times(k, point(key))))
    except DoesNotHoldError:
        return False


def unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def open_checkpoint(note: str, verifier: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint (C2SP tlog-checkpoint) that this key has signed (C2SP signed-note)."""
    name, digest, encoded = verifier.strip().split("+", 2)
    key = unb64(encoded)
    identity = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if key[:1] != b"\x01" or identity.hex() != digest:
        raise DoesNotHoldError("the key is damaged, or no Ed25519 key of a signed note")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    found = [line.split(" ") for line in lines.splitlines()]
    signatures = [unb64(parts[2]) for parts in found if parts[:2] == ["—", name] and len(parts) == 3]  # noqa: PLR2004 - words
    if not any(one[:4] == identity and is_signed(key[1:], text.encode(), one[4:]) for one in signatures):
        raise DoesNotHoldError("the checkpoint is not signed with this key")
    origin, size, root = text.split("\n")[:3]
    if origin != name:
        raise DoesNotHoldError(f"the checkpoint is of another log, {origin}")
    return int(size), unb64(root)


def root_of(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that a leaf and its proof lead to: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        raise DoesNotHoldError("the place lies outside the log")
    fn, sn, root = index, size - 1, leaf
    for one in proof:
        if sn == 0:
            raise DoesNotHoldError("the proof is too long")
        if fn & 1 or fn == sn:
            root = hashlib.sha256(b"\1" + one + root).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = hashlib.sha256(b"\1" + root + one).digest()
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise DoesNotHoldError("the proof is too short")
    return root


def check(proof: dict[str, Any], key: str, kept: str = "") -> list[str]:
    """What the proof shows, in sentences. Raises DoesNotHoldError, or ValueError, KeyError for what is no proof."""
    if (proof["format"], proof["version"]) != ("muster-proof", 1):
        raise DoesNotHoldError("this is no proof of a kind that this program knows")
    said: list[str] = []
    size, root = open_checkpoint(proof["checkpoint"], key)
    said.append(f"The key signed a checkpoint of {size} entries.")
    header, leaf = unb64(proof["header"]), unb64(proof["leaf"])
    about = json.loads(header)
    if proof["payload"] == "erased":
        said.append("What was recorded is gone (erased, or lost). Only its hash is left, and the header is not proved.")
    else:
        inner = hashlib.sha256(unb64(proof["salt"]) + unb64(proof["payload"])).digest()
        if hashlib.sha256(b"\0" + header + inner).digest() != leaf:
            raise DoesNotHoldError("header and content are not what was put into the log")
        said.append("Header and content below are what was put into the log, to the byte.")
    if (size, root) != (proof["size"], root_of(leaf, proof["index"], size, [unb64(one) for one in proof["proof"]])):
        raise DoesNotHoldError("the proof does not lead to the signed root")
    said.append(f"The hash of entry {about['entry']} stands at place {proof['index']} of that log.")
    if kept:
        said.append(_compare(kept, key, size, root))
    else:
        said.append("No checkpoint from elsewhere was given: whoever holds the key could have made all this today.")
    return said


def _compare(kept: str, key: str, size: int, root: bytes) -> str:
    kept_size, kept_root = open_checkpoint(kept, key)
    if kept_size != size:
        raise DoesNotHoldError(
            f"the kept checkpoint has {kept_size} entries, that of the proof {size}: ask for it with ?size={kept_size}"
        )
    if kept_root != root:
        raise DoesNotHoldError("THE LOG WAS REWRITTEN: the kept checkpoint has another root for the same size")
    return "It is the checkpoint that was kept elsewhere: the entry has not changed since that was written down."


LIMITS = """
What this does not show: that what was recorded is true, or that a person did it who is named in it; that nothing else
happened; what the register shows today. Without a key and a checkpoint from a source of their own it shows nothing."""


def main() -> int:
    """Check what the command line names, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", type=Path)
    parser.add_argument("key")
    parser.add_argument("--kept", type=Path)
    given = parser.parse_args()
    try:
        proof = json.loads(given.proof.read_text(encoding="utf-8"))
        kept = given.kept.read_bytes().decode().strip("\n") + "\n" if given.kept else ""
        said = check(proof, given.key, kept)
    except DoesNotHoldError as error:
        print(f"DOES NOT HOLD: {error}.")
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"DOES NOT HOLD: not what it should be ({type(error).__name__}: {error}).")
        return 1
    print(*said, sep="\n")
    print("Header:", unb64(proof["header"]).decode())
    if proof["payload"] != "erased":
        print("Content:", unb64(proof["payload"]).decode())
    print(LIMITS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
