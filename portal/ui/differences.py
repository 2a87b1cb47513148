"""Changes in words: which fields, from what to what, of which record, through which door."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.history.context import Source
from portal.history.entries import Entry, Names, entries, names
from portal.history.timeline import EXTERNAL
from portal.history.tracking import MOVING_COLUMNS
from portal.records.models import CustomField, ExternalId
from portal.records.register import Register, get_register, registers
from portal.retention.erased import Note, erased
from portal.ui.display import history_value, own_words

UNSHOWN: Final = MOVING_COLUMNS | {"id", "created_at", "search"}
FEW: Final = 4  # fields that a sentence still names, and that a timeline shows without being asked
MANY: Final = 8  # fields whose names stand over the rest
LONG: Final = 60  # characters from which on a text is compared word by word
LONGEST: Final = 40_000  # characters, of both texts, beyond which comparing words would keep the reader waiting

SOURCES: dict[str, Any] = {
    Source.UI: gettext_lazy("in the browser"),
    Source.API: gettext_lazy("through the API"),
    Source.IMPORT: gettext_lazy("by a file import"),
    Source.JOB: gettext_lazy("by a background job"),
    Source.CONNECTOR: gettext_lazy("by a connector"),
    Source.SHELL: gettext_lazy("from the command line"),
}


@dataclass(slots=True)
class FieldChange:
    """One field of one change: before and after, in words."""

    name: str
    label: str
    before: str
    after: str
    diff: SafeString | None = None
    is_unknown: bool = False


@dataclass(slots=True)
class Change:
    """One history row: who, when, from where, why, and which fields of which record."""

    row: Any
    fields: list[FieldChange] = field(default_factory=list)
    register: Register | None = None
    title: str = ""
    is_external: bool = False
    at_home: bool = False  # a change of the very record whose timeline this stands in
    is_again: bool = False  # the change above it has the same reason, from the same person
    erased: Note | None = None  # that it lost values, when and on what ground

    @property
    def is_first(self) -> bool:
        return bool(self.row.history_type == "+")

    @property
    def stated(self) -> list[FieldChange]:
        """Of a new record: what somebody said, without what is merely unknown."""
        return [one for one in self.fields if not one.is_unknown]

    @property
    def verb(self) -> str:
        return {"+": _("registered this"), "~": _("changed"), "-": _("deleted this")}[self.row.history_type]

    @property
    def act(self) -> str:
        """The verb where the record is named after it."""
        return {"+": _("registered"), "~": _("changed"), "-": _("deleted")}[self.row.history_type]

    @property
    def what(self) -> str:
        """The fields that changed, as a sentence names them."""
        labels = [_within(one.label) for one in self.fields]
        if not labels or len(labels) > FEW:
            return _("%d facts") % len(labels) if labels else ""
        if len(labels) == 1:
            return labels[0]
        return _("%(some)s and %(last)s") % {"some": ", ".join(labels[:-1]), "last": labels[-1]}

    @property
    def labels(self) -> str:
        """The fields that changed, where there are more than a sentence names."""
        labels = ", ".join(one.label for one in self.fields[:MANY])
        more = len(self.fields) - MANY
        return _("%(some)s and %(n)d more") % {"some": labels, "n": more} if more > 0 else labels

    @property
    def reason(self) -> str:
        """Why, said once for changes that follow each other; always for a change of the record one looks at."""
        return "" if self.is_again and not self.at_home else str(self.row.history_change_reason)

    @property
    def version_before(self) -> int:
        return int(self.row.version) - 1

    @property
    def is_short(self) -> bool:
        return self.row.history_type == "~" and len(self.fields) <= FEW

    @property
    def source(self) -> str:
        return str(SOURCES.get(self.row.history_source, self.row.history_source))

    @property
    def url(self) -> str:
        """The page of the record, if it can have one; a record that was deleted has none."""
        if self.register is None or self.row.history_type == "-":
            return ""
        return reverse("record-detail", args=[self.register.slug, self.row.reference])

    @property
    def compare_url(self) -> str:
        """This version beside the one before it."""
        if self.register is None or self.row.history_type != "~" or self.row.version < 2:  # noqa: PLR2004 - the first has none
            return ""
        address = reverse("record-diff", args=[self.register.slug, self.row.reference])
        return f"{address}?from={self.version_before}&to={self.row.version}"

    @property
    def summary(self) -> str:
        """The fields and their values on one line, for a file."""
        shown = self.stated if self.is_first else self.fields if self.row.history_type == "~" else []
        if self.is_first:
            return "; ".join(f"{one.label}: {one.after}" for one in shown)
        return "; ".join(f"{one.label}: {one.before or '—'} → {one.after or '—'}" for one in shown)


def _within(label: str) -> str:
    """A label inside a sentence: "Health data" becomes "health data", "AI models" stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def kinds() -> dict[str, type[models.Model]]:
    """Kind of change → the model whose history it stands in."""
    return {one.slug: one.model for one in registers()} | {EXTERNAL: ExternalId}


def kind_label(kind: str) -> str:
    return _("External ids") if kind == EXTERNAL else get_register(kind).label_plural


def changes_from(keys: Sequence[tuple[int, str]], user: User) -> list[Change]:
    """The changes with these keys, in their order, with everything a page says of them.

    One query a kind, one for all names, one for the fields of one's own, and one for erasures: whatever their number.
    """
    made = described(entries(keys, kinds()), user)
    notes = erased(change.row.history_id for change in made)
    for change in made:
        change.erased = notes.get(change.row.history_id)
    return made


def described(found: list[Entry], user: User) -> list[Change]:
    """These history rows in words."""
    wordings: dict[str, Wording] = {}
    called, own = names(found, user), own_fields(found)
    made = []
    for entry in found:
        register = None if entry.kind == EXTERNAL else get_register(entry.kind)
        wording = wordings.setdefault(entry.kind, Wording(entry.model, register, called, own.get(entry.kind, {})))
        title = str(entry.row.key) if register is None else title_of(entry, called)
        fields = wording.differences(entry.older, entry.row)
        made.append(Change(entry.row, fields, register, title, is_external=register is None))
    for above, one in pairwise(made):
        one.is_again = _grounds(above) == _grounds(one)
    return made


def _grounds(change: Change) -> tuple[str, ...]:
    row = change.row
    return row.history_user_id, row.history_source, row.history_request, row.history_change_reason


def own_fields(found: Iterable[Entry]) -> dict[str, dict[str, CustomField]]:
    """Fields of one's own by kind and key, retired ones too, where these rows have any: one query or none."""
    slugs = {e.kind for e in found if any(getattr(row, "custom", None) for row in (e.row, e.older))}
    made: dict[str, dict[str, CustomField]] = {}
    if slugs:
        for one in CustomField.objects.filter(register__in=slugs):
            made.setdefault(one.register, {})[one.key] = one
    return made


class _Called(str):
    """Stands in for a record of which only the name is known."""

    __slots__ = ()


def title_of(entry: Entry, called: Names) -> str:
    """What the record was called after this change: as its model says, from what its history row knows."""
    row = entry.row
    if name := getattr(row, "name", ""):
        return str(name)
    columns = {f.attname: getattr(row, f.attname) for f in entry.model._meta.concrete_fields if hasattr(row, f.attname)}
    record: Any = entry.model(**columns)
    for one in entry.model._meta.concrete_fields:
        if isinstance(one, models.ForeignKey) and (value := getattr(row, one.attname, None)) is not None:
            record._state.fields_cache[one.name] = _Called(called.get((one.related_model, value, row.history_id), ""))
    try:
        return str(record) or str(row.reference)
    except AttributeError:  # it wants to know more of another record than its name
        return str(row.reference)


def shown_fields(model: type[models.Model]) -> list[Any]:
    """The columns of a history that a reader is shown, in the order of the model."""
    history: Any = model.history.model  # type: ignore[attr-defined]  # added by simple-history
    own = {f.name for f in model._meta.concrete_fields}
    return [f for f in history._meta.concrete_fields if f.name in own and f.name not in UNSHOWN]


@dataclass(frozen=True, slots=True)
class Wording:
    """How the rows of one history are said: with labels, with the names that a reader may know."""

    model: type[models.Model]
    register: Register | None
    called: Names
    own: dict[str, CustomField]

    @classmethod
    def of(cls, entry: Entry, user: User) -> Wording:
        """For one pair of rows."""
        own = own_fields([entry]).get(entry.kind, {})
        return cls(entry.model, get_register(entry.kind), names([entry], user), own)

    def differences(self, older: Any, newer: Any, at: int | None = None) -> list[FieldChange]:
        """What differs between two rows of a record; of its first row, everything it says. None of its last.

        `at` is the entry as of which other records are named, that of the newer row by default.
        """
        made: list[FieldChange] = []
        at = newer.history_id if at is None else at
        if newer.history_type == "-":
            return made
        for one in shown_fields(self.model):
            old = getattr(older, one.attname) if older is not None else None
            new = getattr(newer, one.attname)
            if older is not None and old == new:
                continue
            if one.name == "custom":
                made += self._own_differences(old or {}, new or {})
                continue
            before, after = (self._value(one, value, at) for value in (old, new))
            if older is None and not after:
                continue
            diff = diff_of(before, after)
            made.append(FieldChange(one.name, self._label(one.name), before, after, diff, new == "unknown"))
        return made

    def same(self, older: Any, newer: Any) -> list[tuple[str, str]]:
        """(label, value) of what both rows say alike, without what neither says."""
        made = []
        for one in shown_fields(self.model):
            value = getattr(newer, one.attname)
            if one.name == "custom":
                for key, mine in (value or {}).items():
                    if (older.custom or {}).get(key) == mine:
                        made.append((self._own_label(key), own_words(self.own.get(key), mine)))
            elif getattr(older, one.attname) == value and (shown := self._value(one, value, newer.history_id)):
                made.append((self._label(one.name), shown))
        return made

    def _label(self, name: str) -> str:
        if self.register is not None:
            return self.register.field_label(name)
        label = str(self.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # a column
        return label[:1].upper() + label[1:]

    def _own_label(self, key: str) -> str:
        return self.own[key].label if key in self.own else key

    def _value(self, one: Any, value: Any, at: int) -> str:
        """A value in words. A record that the reader may not see, or that never was, has no name."""
        if isinstance(one, models.ForeignKey):
            if value is None:
                return ""
            return self.called.get((one.related_model, value, at)) or _("a record not shown to you")
        return history_value(None, one, value, {})

    def _own_differences(self, old: dict[str, Any], new: dict[str, Any]) -> list[FieldChange]:
        """One line for each field of one's own that differs, under its label."""
        made = []
        for key in [*self.own, *sorted({*old, *new} - {*self.own})]:
            if old.get(key) != new.get(key):
                before, after = (own_words(self.own.get(key), value.get(key)) for value in (old, new))
                made.append(FieldChange(f"custom.{key}", self._own_label(key), before, after, diff_of(before, after)))
        return made


def diff_of(before: str, after: str) -> SafeString | None:
    """Word by word, where there is text enough that looking for the difference would be work."""
    if not before or not after or max(len(before), len(after)) < LONG:
        return None
    return word_diff(before, after) if len(before) + len(after) < LONGEST else None


def word_diff(before: str, after: str) -> SafeString:
    """Text with the words that went struck out and the words that came marked; line breaks stay."""
    old, new = before.split(" "), after.split(" ")
    pieces = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(format_html("{}", " ".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(format_html("<del>{}</del>", " ".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(format_html("<ins>{}</ins>", " ".join(new[j1:j2])))
    return format_html_join(" ", "{}", ((piece,) for piece in pieces))
