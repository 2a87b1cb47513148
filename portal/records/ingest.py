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

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Actor, acting
from portal.records import customfields, uniqueness
from portal.records.models import ExternalId, ImportBatch, Record
from portal.records.references import References
from portal.records.register import Register
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


@dataclass(slots=True)
class _Work:
    """A row on its way through the engine."""

    row: RowInput
    record: Record
    is_new: bool
    given: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    failed: bool = False


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

    `gate` lets a gate write the register's gated fields. `pending` are keys that earlier batches of a dry run would
    create. `batch` is the import that the rows come from; new records of an opening batch are marked as declared.
    Raises PermissionDenied, and ConflictError when a row's `version` is no longer the record's.
    """
    if not (user.can(Action.ADD) or user.can(Action.CHANGE)):
        raise PermissionDenied
    if dry_run:
        return _Engine(register, user, gate, frozenset(pending), batch).prepare(rows, lock=False)
    with acting(actor, reason=reason):
        engine = _Engine(register, user, gate, frozenset(), batch)
        result = engine.prepare(rows, lock=True)
        if result.ok or partial:
            engine.write(result)
    return result


class _Engine:
    def __init__(
        self, register: Register, user: User, gate: bool, pending: frozenset[SourceKey], batch: ImportBatch | None
    ) -> None:
        self.register = register
        self.model: Any = register.model
        self.user = user
        self.pending = pending
        self.batch = batch
        self.shut = frozenset(register.gated_fields) if not gate and register.gate_is_shut() else frozenset()
        self.work: list[_Work] = []
        self.known: dict[SourceKey, ExternalId] = {}

    # --- reading and checking ---

    def prepare(self, rows: Sequence[RowInput], *, lock: bool) -> IngestResult:
        """Every row turned into a record in memory, every problem named. Writes nothing."""
        result = IngestResult()
        existing = self._existing(rows, lock, result)
        references = References(self.register, self.user, self.pending)
        references.collect(rows)
        custom = customfields.definitions(self.register.slug)
        for row in rows:
            record = existing.get(row.number)
            if any(p.row == row.number and p.code == "unknown_record" for p in result.problems):
                self.work.append(_Work(row, self.model(), is_new=True, failed=True))
                continue
            work = _Work(row, record or self.model(), is_new=record is None)
            self._fill(work, references, custom, result)
            self.work.append(work)
        self._cycles(result)
        for problem, work in uniqueness.violations(self.model, [(w.row.number, w.record) for w in self._good()]):
            self._fail(result, work, problem.field, problem.code, problem.message)
        for work in self.work:
            self._settle(work, result)
        return result

    def _good(self) -> list[_Work]:
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

    def _fill(
        self, work: _Work, references: References, custom: customfields.Definitions, result: IngestResult
    ) -> None:
        """Set the row's values on its record and check them: field by field, then the row as a whole."""
        record: Any = work.record
        unresolved = []
        for name, value in work.row.values.items():
            try:
                if name == "custom" or name.startswith("custom."):
                    work.before.setdefault("custom", dict(record.custom))
                    record.custom = customfields.merge(custom, record.custom, name, value)
                    work.given.append("custom")
                    continue
                if name not in self.register.fields and name != "tags":
                    raise ValidationError(_("This register has no field called %s.") % name, code="unknown_field")
                model_field = self.model._meta.get_field(name)
                attname = model_field.attname
                work.before[name] = getattr(record, attname)
                if isinstance(model_field, models.ForeignKey):
                    resolved = references.resolve(name, value)
                    if resolved is References.PENDING:
                        unresolved.append(name)
                        continue
                    setattr(record, attname, resolved)
                else:
                    setattr(record, attname, read(model_field, value))
                work.given.append(name)
            except ValidationError as error:
                self._fail(result, work, name, error.code or "invalid", " ".join(error.messages))
        for name in self.shut.intersection(work.given):
            if record._state.adding and work.before[name] == self.model._meta.get_field(name).get_default():
                work.before.pop(name)  # a new record starts where every record starts
            if name in work.before and getattr(record, self.model._meta.get_field(name).attname) != work.before[name]:
                self._fail(result, work, name, "gated", _("This changes only through a gate, by a request."))
        if work.failed:
            return
        if work.is_new and self.batch is not None and self.batch.is_opening:
            for name, value in self.register.opening_values(record, self.batch).items():
                setattr(record, name, value)
        checked = set(work.given) if not work.is_new else {f.name for f in self.model._meta.concrete_fields}
        exclude = {f.name for f in self.model._meta.concrete_fields if f.name not in checked or not f.editable}
        # References were found by a query of ours; Django's own check would ask again for each row.
        exclude |= set(unresolved) | set(self.register.relations) - {
            name
            for name in self.register.relations
            if getattr(record, self.model._meta.get_field(name).attname) is None
        }
        for step in (lambda: record.clean_fields(exclude=exclude), record.clean):
            try:
                step()
            except ValidationError as error:
                for name, messages in _messages(error):
                    self._fail(result, work, name, "invalid", messages)

    def _cycles(self, result: IngestResult) -> None:
        """A tree stays a tree: nothing becomes its own ancestor, neither in the table nor within this batch."""
        for name, target in self.register.relations.items():
            if target is not self.model:
                continue
            attname = self.model._meta.get_field(name).attname
            moved = {w.record.pk: getattr(w.record, attname) for w in self._good() if name in w.given}
            if not any(moved.values()):
                continue
            parents = dict(self.model.objects.exclude(**{name: None}).values_list("pk", attname)) | moved
            for work in self._good():
                if work.record.pk in moved and _is_circular(work.record.pk, parents):
                    self._fail(result, work, name, "cycle", _("This would make the record its own ancestor."))

    def _settle(self, work: _Work, result: IngestResult) -> None:
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
            status: Status = "updated" if work.changed or self._imported_anew(work) else "unchanged"
            result.rows.append(RowResult(work.row.number, status, record, work.changed))

    def _imported_anew(self, work: _Work) -> bool:
        known = self.known.get(work.row.key) if work.row.key else None
        return known is not None and work.row.imported is not None and known.as_imported != work.row.imported

    def _fail(self, result: IngestResult, work: _Work | int, name: str | None, code: str, message: str) -> None:
        if isinstance(work, int):
            work = next(w for w in self.work if w.row.number == work)
        work.failed = True
        result.problems.append(Problem("error", work.row.number, None, name, code, message))

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
        self.model.objects.bulk_create(new, batch_size=CHUNK)
        if any(not isinstance(record.reference, str) for record in new):
            drawn = dict(self.model.objects.filter(pk__in=[r.pk for r in new]).values_list("pk", "reference"))
            for record in new:
                record.reference = drawn[record.pk]  # type: ignore[assignment]  # the descriptor takes the plain value
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


def read(model_field: models.Field[Any, Any], value: object) -> Any:
    """A given value as the field's Python type; text is trimmed, and a choice may be given by its label.

    Raises ValidationError.
    """
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    if value in ("", None, []):
        return None if model_field.null else model_field.get_default() if model_field.has_default() else ""
    if model_field.choices and isinstance(value, str):
        labels = {str(label).casefold(): key for key, label in model_field.flatchoices}
        return labels.get(value.casefold(), value)
    if isinstance(value, str) and getattr(model_field, "base_field", None) is not None:
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, str) and "\x00" in value:
        raise ValidationError(_("Null characters are not allowed."), code="null_characters_not_allowed")
    return model_field.to_python(value)


def as_uuid(text: object) -> UUID | None:
    """The text as a UUID, or None where it is not one."""
    try:
        return text if isinstance(text, UUID) else UUID(str(text))
    except ValueError:
        return None


def _messages(error: ValidationError) -> Iterable[tuple[str | None, str]]:
    if hasattr(error, "error_dict"):
        for name, errors in error.message_dict.items():
            yield (None if name == NON_FIELD_ERRORS else name), " ".join(errors)
    else:
        yield None, " ".join(error.messages)


def _is_circular(start: Any, parents: dict[Any, Any]) -> bool:
    seen = {start}
    here = parents.get(start)
    while here is not None:
        if here in seen:
            return here == start
        seen.add(here)
        here = parents.get(here)
    return False
