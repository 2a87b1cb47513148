"""Checkpoints that were kept in a file, one after the other.

A checkpoint's text has no blank line (C2SP tlog-checkpoint), so each is two paragraphs: the text, and the signatures,
whose lines begin with a dash. Another blank line ends it. Nothing else needs to be marked, and the file can be read and
copied from by hand.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from portal.ledger.notes import CheckpointBody, NoteError, split

log = logging.getLogger(__name__)

_SIGNATURE = "— "


def append_note(path: Path, note: str) -> None:
    """Add a checkpoint at the end, and return when it is on the disk. Raises OSError, NoteError.

    Only ever appends, so that the file may stand on storage which allows nothing else.
    """
    CheckpointBody.parse(split(note)[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        data = memoryview(f"{_separator(handle)}{note}\n".encode())
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        _sync_directory(path.parent)


def _separator(handle: int) -> str:
    """What has to come before the next note: nothing, unless somebody's last word was cut off (a full disk)."""
    size = os.fstat(handle).st_size
    tail = os.pread(handle, 2, max(0, size - 2))
    return "" if not size or tail == b"\n\n" else "\n\n"


def _sync_directory(path: Path) -> None:
    """So that a new file is still there after a power failure."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_notes(path: Path | str) -> list[str]:
    """The checkpoints of a file, oldest first. Raises OSError; NoteError where none is among what is there.

    Also takes a file with a single note, as a mail or `curl` left it. Bytes that are no text stay in their note, whose
    signature then does not hold. A piece that was cut off belongs to no note and is only mentioned in the log.
    """
    text = Path(path).read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    notes: list[str] = []
    before = ""
    for paragraph in (one.strip("\n") for one in text.split("\n\n")):
        if not paragraph:
            continue
        is_signed = all(line.startswith(_SIGNATURE) for line in paragraph.split("\n"))
        if is_signed and before:
            notes.append(f"{before}\n\n{paragraph}\n")
            before = ""
            continue
        if before or is_signed:
            log.warning("%s: %r is a part of no checkpoint", path, (before or paragraph)[:80])
        before = "" if is_signed else paragraph
    if before:
        log.warning("%s: %r is a part of no checkpoint", path, before[:80])
    if text.strip() and not notes:
        raise NoteError(f"There is no checkpoint in {path}.")
    return notes
