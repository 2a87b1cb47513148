"""Signed notes and checkpoints as C2SP (signed-note, tlog-checkpoint) describes them, with Ed25519.

A note is text, a blank line, and a line for each signature: `— NAME BASE64(key hash || signature)`. Go's
`golang.org/x/mod/sumdb/note` reads and checks the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_PRIVATE = "PRIVATE+KEY+"
_KEY_SIZE = 32
_DIGEST_SIZE = 4


class NoteError(ValueError):
    """A text is no signed note, or not by this key."""


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("Not base64.") from error


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name):
        raise NoteError(f"{name!r} is no key name: it has to be without blanks and plus signs.")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. Its text form, `NAME+HASH+KEY`, is what Go calls a verifier key."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read `NAME+HASH+KEY`. Raises NoteError."""
        name, _, rest = text.strip().partition("+")
        digest, _, encoded = rest.partition("+")
        key = _unb64(encoded)
        _check_name(name)
        if key[:1] != _ED25519 or len(key) != 1 + _KEY_SIZE:
            raise NoteError("Not an Ed25519 key.")
        made = cls(name, key[1:])
        if made.digest.hex() != digest:
            raise NoteError("The key's hash does not match the key.")
        return made

    @property
    def digest(self) -> bytes:
        """The four bytes that say in a signature which key made it."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_DIGEST_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.digest.hex()}+{_b64(_ED25519 + self.public)}"

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether the 64 bytes are this key's signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under a name. Its text form is that of Go's note package."""

    name: str
    seed: bytes

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key. Raises NoteError for a name that cannot stand in a note."""
        _check_name(name)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read `PRIVATE+KEY+NAME+HASH+KEY`. Raises NoteError."""
        if not text.startswith(_PRIVATE):
            raise NoteError("Not a private key of a signed note.")
        name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
        digest, _, encoded = rest.partition("+")
        key = _unb64(encoded)
        _check_name(name)
        if key[:1] != _ED25519 or len(key) != 1 + _KEY_SIZE:
            raise NoteError("Not an Ed25519 key.")
        made = cls(name, key[1:])
        if made.verifier.digest.hex() != digest:
            raise NoteError("The key's hash does not match the key.")
        return made

    @property
    def verifier(self) -> Verifier:
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Verifier(self.name, key.public_key().public_bytes_raw())

    def __str__(self) -> str:
        return f"{_PRIVATE}{self.name}+{self.verifier.digest.hex()}+{_b64(_ED25519 + self.seed)}"

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"  # never the seed

    def signature(self, text: str) -> str:
        """The signature line of a note."""
        made = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"— {self.name} {_b64(self.verifier.digest + made)}\n"


def sign(text: str, *signers: Signer) -> str:
    """The text as a note signed by each. The text has to end with a newline."""
    if not text.endswith("\n"):
        raise NoteError("A note ends with a newline.")
    return text + "\n" + "".join(signer.signature(text) for signer in signers)


def open_note(note: str, *verifiers: Verifier) -> str:
    """The text of a note that each of these keys has signed. Raises NoteError.

    Signatures of other keys are ignored, as the specification asks.
    """
    text, signatures = split(note)
    for verifier in verifiers:
        mine = [sig for name, digest, sig in signatures if (name, digest) == (verifier.name, verifier.digest)]
        if not mine:
            raise NoteError(f"The note is not signed by {verifier}.")
        if not any(verifier.verify(text, sig) for sig in mine):
            raise NoteError(f"The signature of {verifier.name} is not valid for this note.")
    return text


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text and its signatures as (name, key hash, signature), unchecked. Raises NoteError."""
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NoteError("Not a signed note.")
    found = []
    for line in tail[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        raw = _unb64(encoded)
        if dash != "—" or not name or len(raw) <= _DIGEST_SIZE:
            raise NoteError("Not a signature line.")
        found.append((name, raw[:_DIGEST_SIZE], raw[_DIGEST_SIZE:]))
    return head + "\n", found


@dataclass(frozen=True, slots=True)
class CheckpointBody:
    """What a checkpoint says: which log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> CheckpointBody:
        """Read the text of a checkpoint. Raises NoteError."""
        origin, _, rest = text.partition("\n")
        size, _, rest = rest.partition("\n")
        encoded, newline, _extensions = rest.partition("\n")
        if not (origin and newline and size.isascii() and size.isdigit() and size == str(int(size))):
            raise NoteError("Not a checkpoint.")
        root = _unb64(encoded)
        if len(root) != hashlib.sha256().digest_size:
            raise NoteError("Not a checkpoint.")
        return cls(origin, int(size), root)
