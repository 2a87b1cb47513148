"""`verify_ledger [--checkpoint FILE] [--since INDEX] [--json]`: is everything as it was recorded?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.ledger.checking import check, kept_notes
from portal.ledger.findings import Report
from portal.ledger.notes import NoteError


class Command(BaseCommand):
    help = "Check history, records and the log against each other and against what was kept outside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="checkpoints that somebody kept elsewhere; may be given more than once",
        )
        parser.add_argument("--since", type=int, default=0, metavar="INDEX", help="take what is before it for granted")
        parser.add_argument("--json", action="store_true", help="print the whole report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["since"] < 0:
            raise CommandError("--since counts from 0.")
        try:
            notes = kept_notes(*options["checkpoint"])
        except (OSError, UnicodeDecodeError, NoteError) as error:
            raise CommandError(f"The checkpoint file cannot be read: {error}") from error
        report = check(since=options["since"], notes=notes)
        self.stdout.write(report.as_json() if options["json"] else self._words(report))
        if not report.ok:
            sys.exit(1)

    def _words(self, report: Report) -> str:
        """The report for people."""
        lines = [
            (
                f"{report.entries:,} entries, {report.checkpoints:,} checkpoints and {report.anchors:,} kept outside"
                f" checked in {report.seconds:.1f} s."
            ),
            f"The log holds {report.size:,} entries; its root is {report.root.hex()}.",
        ]
        if report.since:
            lines.append(f"Everything before leaf {report.since:,} was taken for granted.")
        if report.erased:
            lines.append(f"{report.erased:,} entries are erased: their leaves stand, their contents are gone.")
        if report.waiting:
            lines.append(f"{report.waiting:,} entries wait for their place in the log.")
        if not report.anchors:
            lines.append("No checkpoint from outside was compared: a log rewritten as a whole would not be noticed.")
        if report.ok:
            return "\n".join([*lines, self.style.SUCCESS("Nothing was found.")])
        count = sum(report.counts.values())
        shown = [f"  {finding}" for finding in report.findings]
        more = [f"  … and {count - len(shown):,} more"] if count > len(shown) else []
        return "\n".join([*lines, self.style.ERROR(f"{count:,} findings:"), *shown, *more])
