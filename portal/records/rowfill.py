"""One row of a batch: its values set on its record, and checked. No query per row: references were found before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.records import customfields
from portal.records.models import ImportBatch, Record
from portal.records.references import References
from portal.records.register import Register
from portal.records.rows import Problem, RowInput


@dataclass(slots=True)
class Work:
    """A row on its way through the engine.

    `given` are the fields that were set, `before` their values before that, `unresolved` the relations to records
    that an earlier batch of the same dry run would create, `changed` what differs in the end.
    """

    row: RowInput
    record: Record
    is_new: bool
    given: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)
    changed: tuple[str, ...] = ()
    failed: bool = False

    def fail(self, name: str | None, code: str, message: str) -> Problem:
        """The row counts as failed from here on; the problem says why. `name` is the field, if it is one's."""
        self.failed = True
        return Problem("error", self.row.number, None, name, code, message)


class RowFiller:
    """Fills the records of a batch of `register`; `shut` are the fields that only a gate may change now."""

    def __init__(
        self, register: Register, references: References, *, shut: frozenset[str], batch: ImportBatch | None
    ) -> None:
        self.register = register
        self.model: Any = register.model
        self.references = references
        self.custom = customfields.definitions(register.slug)
        self.shut = shut
        self.batch = batch

    def fill(self, work: Work) -> list[Problem]:
        """Set the row's values on its record and check them: field by field, then the row as a whole."""
        problems = [*self._set_all(work), *self._keep_shut(work)]
        if problems:
            return problems
        if work.is_new and self.batch is not None and self.batch.is_opening:
            for name, value in self.register.opening_values(work.record, self.batch).items():
                setattr(work.record, name, value)
        return list(self._clean(work))

    def _set_all(self, work: Work) -> Iterator[Problem]:
        for name, value in work.row.values.items():
            try:
                self._set(work, name, value)
            except ValidationError as error:
                yield work.fail(name, error.code or "invalid", " ".join(error.messages))

    def _set(self, work: Work, name: str, value: object) -> None:
        """Raises ValidationError for a value that its field cannot take, and for a field that is not there."""
        record: Any = work.record
        if name == "custom" or name.startswith("custom."):
            work.before.setdefault("custom", dict(record.custom))
            record.custom = customfields.merge(self.custom, record.custom, name, value)
            work.given.append("custom")
            return
        if name not in self.register.fields and name != "tags":
            raise ValidationError(_("This register has no field called %s.") % name, code="unknown_field")
        model_field = self.model._meta.get_field(name)
        attname = model_field.attname
        work.before[name] = getattr(record, attname)
        if isinstance(model_field, models.ForeignKey):
            resolved = self.references.resolve(name, value)
            if resolved is References.PENDING:
                work.unresolved.append(name)
                return
            setattr(record, attname, resolved)
        else:
            setattr(record, attname, read(model_field, value))
        work.given.append(name)

    def _keep_shut(self, work: Work) -> Iterator[Problem]:
        """A problem for each gated field that the row would change."""
        for name in self.shut.intersection(work.given):
            gated = self.model._meta.get_field(name)
            # Before its first values a new record stands where every record starts.
            if getattr(work.record, gated.attname) != work.before[name]:
                yield work.fail(name, "gated", _("This changes only through a gate, by a request."))

    def _clean(self, work: Work) -> Iterator[Problem]:
        """What the model itself says: its fields' rules, then the row's."""
        record, exclude = work.record, self._not_to_check(work)
        for step in (partial(record.clean_fields, exclude=exclude), record.clean):
            try:
                step()
            except ValidationError as error:
                for name, message in _messages(error):
                    yield work.fail(name, "invalid", message)

    def _not_to_check(self, work: Work) -> set[str]:
        columns = self.model._meta.concrete_fields
        checked = set(work.given)
        if work.is_new:  # a default that nobody gave needs no check; what has none must have been given
            checked |= {c.name for c in columns if not (c.has_default() or c.blank or c.null)}
        exclude = {column.name for column in columns if column.name not in checked or not column.editable}
        # References were found by a query of ours; Django's own check would ask again for each row.
        found = {
            name
            for name in self.register.relations
            if getattr(work.record, self.model._meta.get_field(name).attname) is not None
        }
        return exclude | found | set(work.unresolved)


def read(model_field: models.Field[Any, Any], value: object) -> Any:
    """A given value as the field's Python type; text is trimmed, and a choice may be given by its label.

    Raises ValidationError.
    """
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").strip()
    if value in ("", None, []):
        return None if model_field.null else model_field.get_default() if model_field.has_default() else ""
    if model_field.choices and isinstance(value, str):
        return _labels(model_field, get_language()).get(value.casefold(), value)
    if isinstance(value, str) and getattr(model_field, "base_field", None) is not None:
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, str) and "\x00" in value:
        raise ValidationError(_("Null characters are not allowed."), code="null_characters_not_allowed")
    return model_field.to_python(value)


@lru_cache(maxsize=1024)
def _labels(model_field: models.Field[Any, Any], _language: str | None) -> dict[str, Any]:
    """A choice's labels in the reader's language, folded, and the keys they stand for."""
    return {str(label).casefold(): key for key, label in model_field.flatchoices}


def _messages(error: ValidationError) -> Iterable[tuple[str | None, str]]:
    if hasattr(error, "error_dict"):
        for name, errors in error.message_dict.items():
            yield (None if name == NON_FIELD_ERRORS else name), " ".join(errors)
    else:
        yield None, " ".join(error.messages)
