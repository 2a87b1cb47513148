"""`./muster manage make_pack --framework eu-ai-act --all --out pack.pdf`: the same pack as in the browser, at once."""

from __future__ import annotations

import getpass
import shutil
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.access.models import User
from portal.history.context import Actor, Source, announced
from reports.actions.request_pack import PackRequest, request_pack
from reports.asof import UnsettledError
from reports.build import build
from reports.models import Framework, ScopeKind
from reports.pdf import PdfError, PdfUnavailableError


class Command(BaseCommand):
    help = "Make an evidence pack and write its PDF to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--framework", required=True, choices=Framework.values, help="the catalog it answers")
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument("--system", metavar="REF", help="one AI system: SYS-000123")
        scope.add_argument("--unit", metavar="CODE", help="a unit and everything below it, by its code or reference")
        scope.add_argument("--all", action="store_true", help="the whole register")
        parser.add_argument("--from", dest="start", metavar="DATE", help="first day of the period: 2026-01-01")
        parser.add_argument("--to", dest="end", metavar="DATE", help="first day that no longer belongs to the period")
        parser.add_argument("--purpose", default="", help="what it is for, printed on the cover")
        parser.add_argument("--user", metavar="NAME", help="the person who asks; without, an operator at this machine")
        parser.add_argument("--out", required=True, metavar="FILE", help="where to write the PDF")

    def handle(self, **options: Any) -> None:
        target = Path(options["out"])
        if not target.parent.is_dir():
            raise CommandError(f"There is no folder {target.parent}.")
        user = _user(options["user"])
        actor = (
            user.actor(Source.SHELL) if user else Actor("shell", f"{getpass.getuser()} (command line)", Source.SHELL)
        )
        with announced(actor):
            try:
                pack = request_pack(_request(options), user=user, background=False)
                self.stdout.write(f"{pack.reference}: {pack}")
                made = build(pack, self)
            except PermissionDenied as error:
                raise CommandError(f"{options['user']} may not make evidence packs.") from error
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            except (PdfUnavailableError, PdfError, UnsettledError) as error:
                raise CommandError(str(error)) from error
        shutil.copyfile(Path(settings.MEDIA_ROOT) / made.pdf, target)
        self.stdout.write(f"Written to {target}.")

    def progress(self, stage: str, done: int = 0, total: int = 0) -> None:
        """A reporter's word (reports/collect.py): the stage, on the terminal."""
        self.stdout.write(f"{stage} ({done} of {total})" if total else stage)

    def say(self, message: str) -> None:
        """A reporter's word: a line of the log."""
        self.stdout.write(message)


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody here is called {name}.")
    return user


def _request(options: dict[str, Any]) -> PackRequest:
    scope, reference = ScopeKind.ALL, ""
    if options["system"]:
        scope, reference = ScopeKind.SYSTEM, options["system"]
    elif options["unit"]:
        scope, reference = ScopeKind.UNIT, options["unit"]
    start, end = _day(options["start"], "--from"), _day(options["end"], "--to")
    if (start is None) != (end is None):
        raise CommandError("A period needs both --from and --to.")
    period = (start, end) if start and end else None
    return PackRequest(options["framework"], scope, reference, period, options["purpose"])


def _day(value: str | None, option: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise CommandError(f"{option} must be a date such as 2026-01-01, not {value!r}.") from error
