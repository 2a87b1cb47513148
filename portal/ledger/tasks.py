"""What the clock does for the log: give entries their place every few seconds, and send checkpoints out."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task

from portal.ledger import anchors, checking, sequencer
from portal.ledger.keys import KeyUnavailableError

log = logging.getLogger(__name__)

# A busy register would leave a checkpoint every few seconds; a minute is soon enough to leave the database.
SIGN_EVERY = timedelta(minutes=1)

nightly = checking.nightly
verify_ledger = checking.verify_ledger


@shared_task(name="portal.ledger.tasks.sequence")
def sequence() -> None:
    """Place, tile, sign. A second worker leaves it to the first, instead of waiting for its lock."""
    with anchors.only_one("sequence") as mine:
        if not mine:
            return
        try:
            sequencer.sequence(patience=SIGN_EVERY)
        except KeyUnavailableError as error:  # every few seconds: a line, not a traceback
            log.error("The log stands still: %s", error)  # noqa: TRY400 - see above


@shared_task(name="portal.ledger.tasks.anchor")
def anchor() -> None:
    """Send the newest checkpoint to wherever it is due."""
    anchors.anchor()
