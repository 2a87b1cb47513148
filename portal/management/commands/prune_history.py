"""`prune_history --register SLUG --before DATE --reason "…" --user ADMIN [--dry-run]`: old versions are emptied."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.access.commands import acting_user
from portal.database import as_owner
from portal.records.register import get_register, registers
from portal.retention.erasing import HeldError, RefusedError, sweep
from portal.retention.pruning import prune


class Command(BaseCommand):
    help = "Take the values out of versions that no retention rule and no legal hold keeps any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--register", required=True, help="for example ai-systems")
        parser.add_argument("--before", required=True, type=date.fromisoformat, help="recorded before that day, UTC")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--user", required=True, help="the administrator who prunes")
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            register = get_register(options["register"])
        except KeyError:
            known = ", ".join(one.slug for one in registers())
            raise CommandError(f"There is no register {options['register']}. Known: {known}") from None
        before = datetime.combine(options["before"], time.min, UTC)
        try:
            with as_owner():
                user = acting_user(options["user"])
                made = prune(register, before, user=user, reason=options["reason"], dry_run=options["dry_run"])
                if made.erasures:
                    sweep([register.model])
        except (HeldError, RefusedError) as error:
            raise CommandError(str(error)) from error
        for rule in made.rules:
            self.stdout.write(f"Rule: {rule.name}, {rule.months} months ({rule.citation})")
        verb = "would be pruned" if options["dry_run"] else "pruned"
        self.stdout.write(
            f"{made.pruned} versions {verb}, {made.kept_by_rule} kept by a rule,"
            f" {made.kept_by_hold} kept by a legal hold"
        )
        for name in sorted(made.holds):
            self.stdout.write(f"Legal hold: {name}")
        for erasure in made.erasures:
            self.stdout.write(f"Erasure {erasure.pk}: {len(erasure.entries)} ledger entries. Their leaves stay.")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was changed.")
