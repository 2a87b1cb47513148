"""`import_records ai-systems FILE --mapping us-federal-2024 [--dry-run] [--partial] [--report OUT.csv]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.access.commands import acting_user
from portal.history.context import Source, announced
from portal.records.files import FileProblem, read_table
from portal.records.importing import known_mappings, report, run_import
from portal.records.mapping import MappingProblem, load_mapping
from portal.records.register import get_register, registers

SHOWN = 20


class Command(BaseCommand):
    help = "Import a CSV or XLSX file into a register. Nothing is written while a row has an error, unless --partial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("register", help="for example ai-systems")
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", required=True, help="the name of a mapping, or a YAML file")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--partial", action="store_true", help="write the good rows, report the others")
        parser.add_argument("--report", type=Path, help="write what became of each row to this CSV file")
        parser.add_argument("--reason", default="", help="why; “Imported from FILE” by default")
        parser.add_argument("--user", help="who imports; an administrator by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            register = get_register(options["register"])
        except KeyError:
            known = ", ".join(one.slug for one in registers())
            raise CommandError(f"There is no register {options['register']}. Known: {known}") from None
        user = acting_user(options["user"])
        try:
            mapping = self._mapping(register.slug, options["mapping"])
            file: Path = options["file"]
            table = read_table(file, name=file.name, encoding=mapping.encoding, delimiter=mapping.delimiter)
        except (MappingProblem, FileProblem, OSError) as error:
            raise CommandError(str(error)) from error
        with announced(user.actor(Source.IMPORT)):
            result = run_import(
                register,
                table,
                mapping,
                user=user,
                dry_run=options["dry_run"],
                partial=options["partial"],
                reason=options["reason"],
            )
        for one in [*result.errors[:SHOWN], *result.warnings[:SHOWN]]:
            self.stdout.write(f"{one.severity}: {one}")
        self.stdout.write(f"{len(result.errors)} errors, {len(result.warnings)} warnings")
        for slug, counter in result.counts().items():
            self.stdout.write(f"{slug}: " + ", ".join(f"{n} {status}" for status, n in sorted(counter.items())))
        if options["report"]:
            options["report"].write_text(report(result), encoding="utf-8")
            self.stdout.write(f"Report: {options['report']}")
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written.")
        elif not result.written:
            raise CommandError("Nothing was written. Mend the rows above, or import the good ones with --partial.")

    def _mapping(self, slug: str, name: str) -> Any:
        path = Path(name)
        if path.suffix in {".yaml", ".yml"}:
            return load_mapping(path.read_text(encoding="utf-8"), name=path.stem)
        known = known_mappings(slug)
        if name not in known:
            raise CommandError(f"There is no mapping {name} for {slug}. Known: {', '.join(known) or 'none'}")
        return known[name]
