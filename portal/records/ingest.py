"""The one way in: browser, REST, files and connectors all write records here. A single row is a batch of one.

resolve rows → resolve references (one query per relation, restricted) → clean fields and rows → uniqueness by set →
diff → write. Nothing is written while a row has an error, unless `partial`; a dry run writes nothing at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Actor, acting, current_actor
from portal.records import uniqueness
from portal.records.models import ExternalId, ImportBatch, Record
from portal.records.references import References
from portal.records.register import Register
from portal.records.rowfill import RowFiller, Work
from portal.records.rows import Problem, RowInput, SourceKey

CHUNK = 1000  # rows a statement: large enough for speed, small enough for the 65,535 parameters of the protocol

Status = Literal["created", "updated", "unchanged", "failed"]


@dataclass(slots=True)
class RowResult:
    """What became of one row. `record` is the written (or, on a dry run, the would-be) record."""

    number: int
    status: Status
    record: Record | None = None
    changed: tuple[str, ...] = ()


@dataclass(slots=True)
class IngestResult:
    """All rows of a batch in their order, and every problem found."""

    rows: list[RowResult] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    written: bool = False

    @property
    def counts(self) -> Counter[str]:
        return Counter(row.status for row in self.rows)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def ok(self) -> bool:
        return not self.errors


class ConflictError(Exception):
    """Somebody changed the record since its editor read it. `theirs` is the record as it stands."""

    def __init__(self, theirs: Record) -> None:
        super().__init__(_("Somebody else changed this record in the meantime."))
        self.theirs = theirs


def ingest(
    register: Register,
    rows: Sequence[RowInput],
    *,
    user: User,
    actor: Actor | None = None,
    reason: str | None = None,
    dry_run: bool = False,
    partial: bool = False,
    gate: bool = False,
    batch: ImportBatch | None = None,
    pending: Iterable[SourceKey] = (),
) -> IngestResult:
    """Create, update or leave alone the records that `rows` describe, in one transaction.

    A change of a material field needs a reason: `reason`, or the actor's own. A new record needs none.
    `gate` lets a gate write the register's gated fields. `pending` are keys that earlier batches of a dry run would
    create. `batch` is the import that the rows come from; new records of an opening batch are marked as declared.
    Raises PermissionDenied, and ConflictError when a row's `version` is no longer the record's.
    """
    if not (user.can(Action.ADD) or user.can(Action.CHANGE)):
        raise PermissionDenied
    if dry_run:
        who = actor or current_actor()
        said = reason if reason is not None else who.reason if who else ""
        engine = _Engine(register, user, gate=gate, batch=batch, reason=said, pending=pending)
        return engine.prepare(rows, lock=False)
    with acting(actor, reason=reason) as who:
        engine = _Engine(register, user, gate=gate, batch=batch, reason=who.reason)
        result = engine.prepare(rows, lock=True)
        if result.ok or partial:
            engine.write(result)
    return result


class _Engine:
    def __init__(
        self,
        register: Register,
        user: User,
        *,
        gate: bool,
        batch: ImportBatch | None,
        reason: str,
        pending: Iterable[SourceKey] = (),
    ) -> None:
        self.register = register
        self.model: Any = register.model
        self.user = user
        self.pending = frozenset(pending)
        self.batch = batch
        self.reason = reason.strip()
        self.shut = frozenset(register.gated_fields) if not gate and register.gate_is_shut() else frozenset()
        self.work: list[Work] = []
        self.known: dict[SourceKey, ExternalId] = {}

    # --- reading and checking ---

    def prepare(self, rows: Sequence[RowInput], *, lock: bool) -> IngestResult:
        """Every row turned into a record in memory, every problem named. Writes nothing."""
        result = IngestResult()
        existing = self._existing(rows, lock, result)
        references = References(self.register, self.user, self.pending)
        references.collect(rows)
        filler = RowFiller(self.register, references, shut=self.shut, batch=self.batch)
        missing = {problem.row for problem in result.problems}
        for row in rows:
            record = existing.get(row.number)
            if row.number in missing:
                self.work.append(Work(row, self.model(), is_new=True, failed=True))
                continue
            work = Work(row, record or self.model(), is_new=record is None)
            result.problems += filler.fill(work)
            self.work.append(work)
        self._cycles(result)
        rows_of = {work.row.number: work for work in reversed(self.work)}
        for problem, number in uniqueness.violations(self.model, [(w.row.number, w.record) for w in self._good()]):
            result.problems.append(rows_of[number].fail(problem.field, problem.code, problem.message))
        for work in self.work:
            self._settle(work, result)
        return result

    def _good(self) -> list[Work]:
        return [work for work in self.work if not work.failed]

    def _existing(self, rows: Sequence[RowInput], lock: bool, result: IngestResult) -> dict[int, Record]:
        """Row number → the record it is about, locked; rows naming a record that is not there get a problem."""
        keys = {row.key: row for row in rows if row.key is not None}
        for found in external_ids(self.register.slug, keys):
            self.known[SourceKey(found.source, found.feed, found.key)] = found
        by_id = {found.record_id for found in self.known.values()}
        named = {row.record for row in rows if row.record is not None}
        uuids = {value for name in named if (value := as_uuid(name)) is not None}
        query = self.model.objects.restrict(self.user, Action.CHANGE).filter(
            models.Q(pk__in=by_id | uuids) | models.Q(reference__in=named)
        )
        if lock:
            query = query.select_for_update(of=("self",)).order_by("pk")
        records = {record.pk: record for record in query} if by_id or named else {}
        references = {record.reference: record for record in records.values()}
        existing: dict[int, Record] = {}
        for row in rows:
            if row.record is not None:
                found_record = references.get(row.record) or records.get(as_uuid(row.record))
                if found_record is None:
                    message = _("There is no record %s.") % row.record
                    result.problems.append(Problem("error", row.number, None, None, "unknown_record", message))
                    continue
                if row.version is not None and row.version != found_record.version:
                    raise ConflictError(found_record)
                existing[row.number] = found_record
            elif row.key in self.known:
                known_record = records.get(self.known[row.key].record_id)
                if known_record is None:  # deleted, or not to be changed by this person
                    message = _("The record that this row stands for is not there any more.")
                    result.problems.append(Problem("error", row.number, None, None, "unknown_record", message))
                    continue
                existing[row.number] = known_record
        return existing

    def _cycles(self, result: IngestResult) -> None:
        """A tree stays a tree: nothing becomes its own ancestor, neither in the table nor within this batch."""
        for name, target in self.register.relations.items():
            if target is not self.register.model:
                continue
            attname = self.model._meta.get_field(name).attname
            moved = {w.record.pk: getattr(w.record, attname) for w in self._good() if name in w.given}
            if not any(moved.values()):
                continue
            parents = dict(self.model.objects.exclude(**{name: None}).values_list("pk", attname)) | moved
            for work in self._good():
                if work.record.pk in moved and _is_circular(work.record.pk, parents):
                    message = _("This would make the record its own ancestor.")
                    result.problems.append(work.fail(name, "cycle", message))

    def _settle(self, work: Work, result: IngestResult) -> None:
        """Compare with what stood before, and note the row's outcome."""
        record: Any = work.record
        if work.failed:
            result.rows.append(RowResult(work.row.number, "failed"))
        elif work.is_new:
            result.rows.append(RowResult(work.row.number, "created", record))
        else:
            names = dict.fromkeys(work.given)
            work.changed = tuple(
                name
                for name in names
                if getattr(record, self.model._meta.get_field(name).attname) != work.before.get(name)
            )
            unexplained = self._unexplained(work)
            if unexplained is not None:
                result.problems.append(unexplained)
                result.rows.append(RowResult(work.row.number, "failed"))
                return
            status: Status = "updated" if work.changed or self._imported_anew(work) else "unchanged"
            result.rows.append(RowResult(work.row.number, status, record, work.changed))

    def _unexplained(self, work: Work) -> Problem | None:
        """A problem at the reason where a material field changes and nobody says why."""
        names = [] if self.reason else [name for name in self.register.material if name in work.changed]
        if not names:
            return None
        labels = ", ".join(self.register.field_label(name) for name in names)
        message = _("Say why. A change of this needs a reason: %s.") % labels
        return work.fail("reason", "reason_missing", message)

    def _imported_anew(self, work: Work) -> bool:
        known = self.known.get(work.row.key) if work.row.key else None
        return known is not None and work.row.imported is not None and known.as_imported != work.row.imported

    # --- writing ---

    def write(self, result: IngestResult) -> None:
        """Write what is new and what differs; constraint errors of the database become problems."""
        for work in self._good():
            if work.is_new and not self.user.can(Action.ADD):
                raise PermissionDenied
            if work.changed and not self.user.can(Action.CHANGE):
                raise PermissionDenied
        try:
            with transaction.atomic():
                self._write_records()
                self._write_keys()
        except IntegrityError as error:
            name, message = uniqueness.explain(self.model, error)
            result.problems.append(Problem("error", None, None, name, "constraint", message))
            for row in result.rows:
                row.status = "failed"
            return
        result.written = True

    def _write_records(self) -> None:
        good = self._good()
        new = [work.record for work in good if work.is_new]
        if new:
            self._number(new)
            self.model.objects.bulk_create(new, batch_size=CHUNK)
        groups: dict[tuple[str, ...], list[Record]] = {}
        for work in good:
            if work.changed:
                groups.setdefault(work.changed, []).append(work.record)
        for names, records in groups.items():
            self.model.objects.bulk_update(records, names, batch_size=CHUNK // 2)
        if len(groups) == 1 and sum(map(len, groups.values())) == 1:
            record = next(iter(groups.values()))[0]
            record.version, record.updated_at = self.model.objects.values_list("version", "updated_at").get(
                pk=record.pk
            )

    def _number(self, new: list[Any]) -> None:
        """Draw all references at once: as a default of each row they would be compiled row by row."""
        sql = "SELECT muster.next_reference(%s) FROM generate_series(1, %s)"
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.register.prefix, len(new)])
            for record, (reference,) in zip(new, cursor.fetchall(), strict=True):
                record.reference = reference

    def _write_keys(self) -> None:
        fresh, again = [], []
        for work in self._good():
            key = work.row.key
            if key is None:
                continue
            known = self.known.get(key)
            if known is None:
                fresh.append(
                    ExternalId(
                        register=self.register.slug,
                        record_id=work.record.pk,
                        source=key.source,
                        feed=key.feed,
                        key=key.key,
                        as_imported=work.row.imported,
                        row_number=work.row.number if work.row.imported is not None else None,
                        batch=self.batch,
                    )
                )
            elif self._imported_anew(work):
                known.as_imported, known.batch, known.row_number = work.row.imported, self.batch, work.row.number
                again.append(known)
        ExternalId.objects.bulk_create(fresh, batch_size=CHUNK)
        if again:
            ExternalId.objects.bulk_update(again, ["as_imported", "batch", "row_number"], batch_size=CHUNK // 2)


def external_ids(slug: str, keys: Iterable[SourceKey]) -> Iterable[ExternalId]:
    """The known external ids among `keys`: one query per (source, feed), by array, whatever the number."""
    feeds: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        feeds.setdefault((key.source, key.feed), []).append(key.key)
    for (source, feed), names in feeds.items():
        yield from ExternalId.objects.filter(register=slug, source=source, feed=feed, key__in=names)


def as_uuid(text: object) -> UUID | None:
    """The text as a UUID, or None where it is not one."""
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError:
        return None


def _is_circular(start: UUID, parents: dict[UUID, UUID | None]) -> bool:
    seen = {start}
    here = parents.get(start)
    while here is not None:
        if here in seen:
            return here == start
        seen.add(here)
        here = parents.get(here)
    return False
