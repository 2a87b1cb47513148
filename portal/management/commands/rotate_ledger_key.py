"""`rotate_ledger_key [--lost]`: sign with a new key from now on; the old key signs for it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.ledger.keys import KeyUnavailableError
from portal.ledger.sequencer import rotate_key


class Command(BaseCommand):
    help = "Make a new signing key for the ledger. The old key signs that it follows, and a checkpoint is signed anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--lost",
            action="store_true",
            help="the old private key is gone: the break stays visible in every verification",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = rotate_key(lost=options["lost"])
        except KeyUnavailableError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The ledger is signed with {key.verifier} from now on.")
        self.stdout.write(f"Back up {settings.LEDGER_KEY_FILE}, and give the line above to whoever checks checkpoints.")
