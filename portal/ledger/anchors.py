"""Anchors: checkpoints that leave the database, to where whoever can rewrite it can not.

Each kind says when it wants the newest checkpoint and delivers it; what came of it is a row. A delivery that failed is
tried again at the next run. One that was made and not noted, because the process died between the two, is made again:
nowhere does a second copy do harm.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ledger.kept import append_note, read_notes
from portal.ledger.models import Anchor, AnchorKind, Checkpoint
from portal.ledger.timestamps import ask_for_time_stamp

__all__ = ["Destination", "anchor", "destinations", "only_one", "read_notes"]

log = logging.getLogger(__name__)

_LOCKS = 5568  # the class of our advisory locks; the sequencer's is 5567
# The same failure is noted again after that time: each minute is tried, and not each minute is worth a row for ever.
_REPEAT = timedelta(hours=1)
_LONGEST = 1000  # of an error: a server may say anything


class AnchorError(Exception):
    """A checkpoint could not be delivered, and why."""


class Destination(ABC):
    """One place that checkpoints go to."""

    kind: ClassVar[AnchorKind]

    def __init__(self, target: str) -> None:
        self.target = target

    @property
    def _rows(self) -> dict[str, str]:
        return {"kind": self.kind, "target": self.target}

    def last(self) -> Anchor | None:
        """The last delivery that worked."""
        return Anchor.objects.filter(**self._rows, error="").order_by("-id").first()

    def due(self, latest: Checkpoint) -> bool:
        """Whether the newest checkpoint has to go there now: here, unless it has arrived."""
        last = self.last()
        return last is None or last.checkpoint_id != latest.pk

    @abstractmethod
    def deliver(self, checkpoint: Checkpoint) -> bytes:
        """Bring it there and return the receipt, if one is given. Raises AnchorError, OSError."""

    def run(self, latest: Checkpoint) -> Anchor | None:
        """Deliver what is due and note what came of it. None where there was nothing to do or to note."""
        with only_one(f"anchor {self.kind} {self.target}") as mine:
            if not mine or not self.due(latest):
                return None
            try:
                receipt = self.deliver(latest)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
                return self._failed(latest, f"{type(error).__name__}: {error}")
            return Anchor.objects.create(checkpoint=latest, receipt=receipt, **self._rows)

    def _failed(self, latest: Checkpoint, why: str) -> Anchor | None:
        why = why.replace("\0", "")[:_LONGEST]
        log.error("checkpoint %d did not get to %s: %s", latest.size, self.target, why)
        before = Anchor.objects.filter(**self._rows).order_by("-id").first()
        if before is not None and before.error == why and before.at > timezone.now() - _REPEAT:
            return None
        return Anchor.objects.create(checkpoint=latest, error=why, **self._rows)


class FileAnchor(Destination):
    """Every minute, if there is a new one: appended to a file. The newest again, if the file is gone."""

    kind = AnchorKind.FILE

    def due(self, latest: Checkpoint) -> bool:
        return not Path(self.target).exists() or super().due(latest)

    def deliver(self, checkpoint: Checkpoint) -> bytes:
        append_note(Path(self.target), checkpoint.note)
        return b""


class EmailAnchor(Destination):
    """Once a day, if there is a new one: a mail to somebody who keeps their mail elsewhere."""

    kind = AnchorKind.EMAIL

    def due(self, latest: Checkpoint) -> bool:
        last = self.last()
        return super().due(latest) and (last is None or last.at.date() < timezone.now().date())

    def deliver(self, checkpoint: Checkpoint) -> bytes:
        if not settings.EMAIL_HOST:
            raise AnchorError("There is no mail server: set EMAIL_HOST.")
        names = {"organization": settings.ORGANIZATION_NAME, "size": checkpoint.size}
        subject = _("Checkpoint of Muster at %(organization)s: %(size)d entries") % names
        text = _(
            "This is a signed statement of what the register's ledger holds. Keep it where nobody who runs the register"
            " can change it: whoever later rewrites what it covers can be shown to have done so.\n\n"
            "How to check it: docs/verify.md."
        )
        mail = EmailMessage(subject, f"{text}\n\n{checkpoint.note}", to=[self.target])
        # Mail programs wrap lines and strip blanks; an attachment they leave alone.
        mail.attach(f"checkpoint-{checkpoint.size}.txt", checkpoint.note.encode(), "application/octet-stream")
        mail.send()
        return b""


class TimeStampAnchor(Destination):
    """Once an hour, if there is a new one: an authority (RFC 3161) signs that it saw the note at that time."""

    kind = AnchorKind.TIMESTAMP
    every = timedelta(hours=1)

    def due(self, latest: Checkpoint) -> bool:
        last = self.last()
        return super().due(latest) and (last is None or last.at <= timezone.now() - self.every)

    def deliver(self, checkpoint: Checkpoint) -> bytes:
        return ask_for_time_stamp(self.target, checkpoint.note.encode())


def destinations() -> list[Destination]:
    """Where checkpoints go, as configured."""
    found: list[Destination] = []
    if settings.ANCHOR_FILE:
        found.append(FileAnchor(settings.ANCHOR_FILE))
    found += [EmailAnchor(address) for address in settings.ANCHOR_EMAILS]
    if settings.ANCHOR_TSA_URL:
        found.append(TimeStampAnchor(settings.ANCHOR_TSA_URL))
    return found


def anchor() -> list[Anchor]:
    """Deliver the newest checkpoint to wherever it is due. Returns what was noted."""
    latest = Checkpoint.objects.order_by("-id").first()
    if latest is None:
        return []
    return [row for one in destinations() if (row := one.run(latest)) is not None]


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Whether nobody else does what goes by that name. Held by the connection, so a process that dies lets go.

    Not by a transaction: what is done meanwhile waits for other machines.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCKS, name])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCKS, name])
