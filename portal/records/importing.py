"""Imports: a file and a mapping become batches, checked together and written together.

Used by `import_records`, by the browser (as a job) and by tests; the rules are ingest's.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Actor, acting
from portal.records import customfields
from portal.records.files import Table, neutralize
from portal.records.ingest import IngestResult, ingest
from portal.records.mapping import Mapping, find_mappings, load_mapping
from portal.records.models import ImportBatch, SavedMapping
from portal.records.planning import ImportPlan, plan
from portal.records.register import Register, get_register
from portal.records.rows import Batch, Problem, SourceKey

# stage, done, total; may raise to stop the import.
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class ImportResult:
    """What an import did, or on a dry run would do: results by register in their order, and every problem."""

    register: Register
    results: list[tuple[Register, IngestResult]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    written: bool = False

    @property
    def errors(self) -> list[Problem]:
        return [p for p in self.problems if p.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [p for p in self.problems if p.severity != "error"]

    def counts(self) -> dict[str, Counter[str]]:
        """Register slug → how many rows were created, updated, unchanged, failed."""
        made: dict[str, Counter[str]] = {}
        for register, result in self.results:
            made.setdefault(register.slug, Counter()).update(result.counts)
        return made

    def changed(self) -> int:
        """How many records were created or updated."""
        return sum(counter["created"] + counter["updated"] for counter in self.counts().values())


def mapping_folders() -> list[Path]:
    """Every app may bring mappings of its own, in a folder `mappings`."""
    return [path for config in apps.get_app_configs() if (path := Path(config.path) / "mappings").is_dir()]


def known_mappings(slug: str) -> dict[str, Mapping]:
    """Mappings for a register: those that came with the program and those people saved."""
    found = {name: one for name, one in find_mappings(mapping_folders()).items() if one.register == slug}
    for saved in SavedMapping.objects.filter(register=slug):
        found[saved.name] = load_mapping(saved.yaml, name=saved.name)
    return found


def _nothing(_stage: str, _done: int, _total: int) -> None:
    pass


class _Refused(Exception):  # noqa: N818 - not an error: it rolls the transaction back
    """A row was refused, or no row changed anything: nothing may stay written."""


def run_import(
    register: Register,
    table: Table,
    mapping: Mapping,
    *,
    user: User,
    actor: Actor | None = None,
    dry_run: bool = False,
    partial: bool = False,
    reason: str = "",
    progress: Progress = _nothing,
) -> ImportResult:
    """Check everything, then write everything in one transaction; with `partial`, the good rows of each batch.

    `reason` stands with every change; without one, the file's name does.
    Raises PermissionDenied.
    """
    if not user.can(Action.IMPORT):
        raise PermissionDenied
    progress(_("Reading the file"), 0, len(table.rows))
    own = [f"custom.{key}" for key in customfields.definitions(register.slug)]
    planned = _with_keys(plan(mapping, table, register_fields=[*register.fields, "tags", *own]), mapping, table)
    result = ImportResult(register, problems=[*table.problems, *planned.problems])
    batch = ImportBatch(
        register=register.slug,
        mapping=mapping.name,
        file_name=table.name[:255],
        sha256=table.sha256,
        rows=len(table.rows),
        is_opening=planned.opening,
    )
    columns = _columns(mapping)
    reason = reason.strip() or _("Imported from %(file)s") % {"file": table.name}
    if dry_run or (result.errors and not partial):
        _dry(result, planned, batch, user, reason=reason, columns=columns, progress=progress)
        return result
    # Said before the transaction begins: inside it, the job's row would stay locked, and so its lease and its cancel.
    progress(_("Writing %d rows") % sum(len(one.rows) for one in planned.batches), 0, 0)
    try:
        with acting(actor, reason=reason):
            batch.save(force_insert=True)
            _write(result, planned, batch, user, partial=partial, columns=columns)
        result.written = True
    except _Refused:
        result.written = not result.errors or partial
    return result


def _with_keys(planned: ImportPlan, mapping: Mapping, table: Table) -> ImportPlan:
    """Rows that no column names are named by the file's digest and their place in it.

    So their cells are kept as imported, and the very same file, imported again, still changes nothing.
    """
    batches = [
        Batch(
            one.register,
            [
                row
                if row.key is not None or row.imported is None
                else replace(row, key=SourceKey(mapping.source, table.sha256[:16], f"row {row.number}"))
                for row in one.rows
            ],
        )
        for one in planned.batches
    ]
    return replace(planned, batches=batches)


def _write(
    result: ImportResult,
    planned: ImportPlan,
    batch: ImportBatch,
    user: User,
    *,
    partial: bool,
    columns: dict[str, str],
) -> None:
    """All batches in their order. Raises _Refused where nothing may stay written."""
    for one in planned.batches:
        register = get_register(one.register)
        outcome = ingest(register, one.rows, user=user, partial=partial, batch=batch)
        result.results.append((register, outcome))
        result.problems += _in_file_words(outcome.problems, columns)
        if outcome.errors and not partial:
            raise _Refused
    if not result.changed():
        raise _Refused  # nothing came of it, so nothing says that something did


def _dry(
    result: ImportResult,
    planned: ImportPlan,
    batch: ImportBatch,
    user: User,
    *,
    reason: str,
    columns: dict[str, str],
    progress: Progress,
) -> None:
    """Everything but writing. Records that earlier batches would create count as there."""
    pending: set[SourceKey] = set()
    done, total = 0, sum(len(one.rows) for one in planned.batches)
    for one in planned.batches:
        register = get_register(one.register)
        progress(_("Checking %(register)s") % {"register": register.label_plural}, done, total)
        outcome = ingest(register, one.rows, user=user, reason=reason, dry_run=True, pending=pending, batch=batch)
        result.results.append((register, outcome))
        result.problems += _in_file_words(outcome.problems, columns)
        pending |= {row.key for row in one.rows if row.key is not None}
        done += len(one.rows)


def _columns(mapping: Mapping) -> dict[str, str]:
    """Field → the column it came from, so that errors speak of the file."""
    found = {}
    for name, rules in mapping.fields.items():
        first = rules[0] if isinstance(rules, tuple) else rules
        if first.column:
            found[name] = first.column
    return found


def _in_file_words(problems: list[Problem], columns: dict[str, str]) -> Iterator[Problem]:
    for one in problems:
        column = one.column or columns.get(one.field or "")
        yield Problem(one.severity, one.row, column, one.field, one.code, one.message)


def report(result: ImportResult) -> str:
    """The report as CSV: every problem by row and column, then every row and what became of it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["kind", "register", "row", "column", "field", "code", "message", "reference"])
    for one in result.problems:
        row: list[Any] = [one.severity, "", one.row or "", one.column or "", one.field or "", one.code, one.message, ""]
        writer.writerow([neutralize(cell) if isinstance(cell, str) else cell for cell in row])
    for register, outcome in result.results:
        for each in outcome.rows:
            reference = str(each.record.reference) if each.record is not None and result.written else ""
            writer.writerow([each.status, register.slug, each.number, "", ", ".join(each.changed), "", "", reference])
    return out.getvalue()
