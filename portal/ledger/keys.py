"""The key that signs checkpoints: where it is kept, how it comes to be, how it is changed.

The private key never enters the database. It is a file beside the data (`LEDGER_KEY_FILE`) or the text of
`LEDGER_KEY`, in the format of Go's note package. The public keys are rows, each introduced by a signed statement;
the statement of a later key is signed by the key before it as well.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.ledger.models import LedgerKey
from portal.ledger.notes import NoteError, Signer, Verifier, open_note, sign


class KeyUnavailableError(RuntimeError):
    """There is no private key here that may sign for this log."""


def statement(old: Verifier | None, new: Verifier, *, size: int, root: str) -> str:
    """The text that introduces a key: which one it follows, and how the log stood."""
    before = str(old) if old else "none"
    return (
        f"{new.name}/key\nreplaces {before}\nkey {new}\nsize {size}\nroot {root}\n"
        f"time {timezone.now().isoformat(timespec='seconds')}\n"
    )


def read_signer() -> Signer | None:
    """The private key as configured, or None where there is none. Raises KeyUnavailableError for an unusable one."""
    text = settings.LEDGER_KEY
    path = Path(settings.LEDGER_KEY_FILE)
    if not text:
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyUnavailableError(f"The ledger's key {path} cannot be read: {error}") from error
    try:
        return Signer.parse(text)
    except NoteError as error:
        raise KeyUnavailableError(f"The ledger's key is damaged: {error}") from error


def write_signer(signer: Signer, path: Path) -> None:
    """Store a private key so that only its owner may read it, and so that it is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _draft(signer, path).replace(path)


def _made_once(signer: Signer, path: Path) -> Signer:
    """Store a first key, unless another process was faster: then that one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(signer, path)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return read_signer() or signer
    finally:
        draft.unlink()
    return signer


def _draft(signer: Signer, path: Path) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{signer}\n")
        file.flush()
        os.fsync(file.fileno())
    return draft


def ensure_signer(*, size: int = 0, root: str = "") -> tuple[Signer, LedgerKey]:
    """The private key and its row; both are made for a log that never had any.

    To be called by whoever holds the sequencer's lock. Raises KeyUnavailableError where the log has a key and this
    process has not, or has another: then nothing is signed until somebody looks.
    """
    rows = list(LedgerKey.objects.order_by("id"))
    signer = read_signer()
    if not rows:
        if signer is None:
            name = settings.LEDGER_ORIGIN or f"muster-{secrets.token_hex(6)}"
            signer = _made_once(Signer.generate(name), Path(settings.LEDGER_KEY_FILE))
        introduced = sign(statement(None, signer.verifier, size=size, root=root), signer)
        return signer, LedgerKey.objects.create(verifier=str(signer.verifier), statement=introduced)
    if signer is None:
        raise KeyUnavailableError(
            f"The log is signed with {rows[-1].verifier}, and that private key is not here. Restore"
            f" {settings.LEDGER_KEY_FILE} from the backup, or run rotate_ledger_key --lost if it is gone for good."
        )
    if rows[-1].verifier != str(signer.verifier):
        # A change of keys that died between the file and its commit left the right one beside it.
        kept = _kept(Path(settings.LEDGER_KEY_FILE), Verifier.parse(rows[-1].verifier))
        if kept is not None:
            return kept, rows[-1]
        raise KeyUnavailableError(
            f"The private key here belongs to {signer.verifier}, but the log is signed with {rows[-1].verifier}."
            " Use rotate_ledger_key to change keys."
        )
    return signer, rows[-1]


@transaction.atomic
def rotate(*, size: int, root: str, lost: bool = False) -> LedgerKey:
    """Make a new key and put it to use. The old key signs for it, unless it is `lost`: then everybody can see that.

    Raises KeyUnavailableError where the old key is needed and not here.
    """
    last = LedgerKey.objects.order_by("id").last()
    if last is None:
        return ensure_signer(size=size, root=root)[1]
    if settings.LEDGER_KEY:
        raise KeyUnavailableError("The key stands in LEDGER_KEY: move it to LEDGER_KEY_FILE before changing it.")
    old = Verifier.parse(last.verifier)
    signers: list[Signer] = [] if lost else [ensure_signer(size=size, root=root)[0]]
    new = Signer.generate(old.name)
    introduced = sign(statement(old, new.verifier, size=size, root=root), *signers, new)
    row = LedgerKey.objects.create(verifier=str(new.verifier), statement=introduced)
    path = Path(settings.LEDGER_KEY_FILE)
    for signer in signers:
        write_signer(signer, _kept_path(path, old))
    write_signer(new, path)
    return row


def _kept_path(path: Path, verifier: Verifier) -> Path:
    return path.with_name(f"{path.name}.{verifier.digest.hex()}")


def _kept(path: Path, verifier: Verifier) -> Signer | None:
    try:
        found = Signer.parse(_kept_path(path, verifier).read_text(encoding="ascii"))
    except (OSError, NoteError, UnicodeDecodeError):
        return None
    return found if found.verifier == verifier else None


def chain_faults(rows: list[LedgerKey]) -> list[tuple[LedgerKey, str]]:
    """What is wrong with the chain of keys: who was not introduced by the key before."""
    faults = []
    before: Verifier | None = None
    for row in rows:
        try:
            key = Verifier.parse(row.verifier)
        except NoteError as error:
            faults.append((row, str(error)))
            continue
        fault = _introduction_fault(row.statement, before, key)
        if fault:
            faults.append((row, fault))
        before = key
    return faults


def _introduction_fault(signed: str, before: Verifier | None, key: Verifier) -> str:
    """What is wrong with the statement that introduces a key, or nothing."""
    try:
        text = open_note(signed, *([before] if before else []), key)
    except NoteError as error:
        return str(error)
    is_about_it = f"\nkey {key}\n" in text and f"\nreplaces {before or 'none'}\n" in text
    return "" if is_about_it else "Its statement is about another key."
