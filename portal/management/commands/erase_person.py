"""`erase_person --person NAME | --text TEXT --user ADMIN --ground "GDPR Art. 17(1)(b)" [--dry-run]`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import models

from portal.access.commands import acting_user
from portal.access.models import User
from portal.database import as_owner
from portal.retention.erasing import HeldError, RefusedError, erase_person, held, may_erase, sweep
from portal.retention.finding import Portion, Subject, SubjectError, check, mentions, portions


class Command(BaseCommand):
    help = "Erase the personal data of one person from records and from all history. Leaves of the log stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--person", help="the person's user name, or the id of the account")
        parser.add_argument(
            "--text", action="append", default=[], help="an exact name or address; may be given several times"
        )
        parser.add_argument("--user", required=True, help="the administrator who erases")
        parser.add_argument("--ground", required=True, help="the ground in law, for example “GDPR Art. 17(1)(b)”")
        parser.add_argument("--reason", default="", help="more about it; never the person's name")
        parser.add_argument(
            "--also-as-actor",
            action="store_true",
            help="also where it says who changed, approved or asked for something",
        )
        parser.add_argument("--in-text", action="store_true", help="also among other words, in every text and reason")
        parser.add_argument("--dry-run", action="store_true", help="list what would go, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with as_owner():
                self._run(options)
        except (SubjectError, HeldError, RefusedError) as error:
            raise CommandError(str(error)) from error

    def _run(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        may_erase(user, options["ground"])
        subject = Subject(
            _person(options["person"]),
            tuple(options["text"]),
            as_actor=options["also_as_actor"],
            in_text=options["in_text"],
        )
        if options["dry_run"]:
            check(subject)
            found = portions(subject)
            self._list(found)
            self._mentions(subject)
            kept = held(sorted({entry for one in found for entry in one.entries}))
            if kept:
                names = ", ".join(f"“{name}”" for name in sorted(set(kept.values())))
                self.stdout.write(f"It would be refused: legal hold {names} keeps {len(kept)} of these versions.")
            self.stdout.write("Dry run: nothing was changed.")
            return
        done = erase_person(subject, user=user, ground=options["ground"], reason=options["reason"])
        self._list(done.found)
        if done.erasure is None:
            return
        self.stdout.write(f"Erasure {done.erasure.pk}: {len(done.erasure.entries)} ledger entries. Their leaves stay.")
        sweep({one.model for one in done.found})
        if portions(subject):
            raise CommandError("Somebody wrote it again meanwhile. Run the command once more.")
        self._mentions(subject)

    def _list(self, found: list[Portion]) -> None:
        if not found:
            self.stdout.write("Nothing was found.")
        for one in found:
            self.stdout.write(
                f"{one.model._meta.db_table}.{one.column}: {_count(len(one.live), 'record')},"
                f" {_count(len(one.entries), 'version')} in history"
            )
            for name in _called(one.model, one.records or one.live):
                self.stdout.write(f"    {name}")

    def _mentions(self, subject: Subject) -> None:
        for one in mentions(subject):
            self.stdout.write(
                f"Also named in {one.model._meta.db_table}.{one.column}: {_count(len(one.live), 'record')},"
                f" {_count(len(one.entries), 'version')}. Erase that with --in-text."
            )


def _person(text: str | None) -> User | None:
    if not text:
        return None
    try:
        found = User.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = User.objects.filter(username=text).first()
    if found is None:
        raise SubjectError(f"There is no account {text}.")
    return found


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _called(model: type[models.Model], keys: Iterable[str]) -> list[str]:
    """Records as people name them: by reference where they have one, else by key. Never by what is to be erased."""
    wanted = list(keys)
    if not any(f.name == "reference" for f in model._meta.concrete_fields):
        return wanted
    history: Any = model.history  # type: ignore[attr-defined]  # what has a reference has history
    pairs = history.filter(id__in=wanted).order_by("reference").values_list("id", "reference").distinct()
    return [f"{reference} ({key})" for key, reference in pairs]
