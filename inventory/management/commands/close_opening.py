"""`close_opening --note "Board decision of 1 December"`: declaring ends, gates take over."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from inventory.actions.close_opening import close_opening
from portal.access.commands import acting_user
from portal.history.context import Source, announced


class Command(BaseCommand):
    help = "Close the opening balance: stage and risk class then change through gates alone. It cannot be reopened."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--note", required=True, help="who decided it, and on what grounds")
        parser.add_argument("--user", help="who closes it; an administrator by default")

    def handle(self, *args: Any, **options: Any) -> None:
        user = acting_user(options["user"])
        try:
            with announced(user.actor(Source.SHELL)):
                opening = close_opening(user=user, note=options["note"])
        except PermissionDenied:
            raise CommandError(f"{user} is not an administrator.") from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"The opening of {opening.opened_on} is closed.")
