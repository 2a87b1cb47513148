"""What changed, by whom, from where and why: history rows as people read them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.history.tracking import MOVING_COLUMNS
from portal.records.models import CustomField
from portal.records.register import Register
from portal.records.rows import RowInput
from portal.ui.access import record_or_404
from portal.ui.display import history_value, own_words

PAGE = 50
UNSHOWN = MOVING_COLUMNS | {"id", "created_at", "search"}


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
    """One history row: who, when, from where, why, and which fields."""

    row: Any
    fields: list[FieldChange] = field(default_factory=list)

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


def changes_of(register: Register, record: Any, *, limit: int, before: int | None = None) -> tuple[list[Change], bool]:
    """The latest changes of a record, newest first, and whether there are older ones: two queries, one a relation."""
    rows = register.model.history.filter(id=record.pk)
    if before is not None:
        rows = rows.filter(history_id__lt=before)
    found = list(rows.order_by("-history_id")[: limit + 1])
    names, own = _names(register, found), _own(register, found)
    changes = []
    for position, row in enumerate(found[:limit]):
        older = found[position + 1] if position + 1 < len(found) else None
        changes.append(Change(row, _differences(register, older, row, names, own)))
    return changes, len(found) > limit


def _fields(register: Register) -> list[Any]:
    history: Any = register.model.history.model
    own = {f.name for f in register.model._meta.concrete_fields}
    return [f for f in history._meta.concrete_fields if f.name in own and f.name not in UNSHOWN]


def _names(register: Register, rows: list[Any]) -> dict[tuple[Any, Any], str]:
    """What the records that history points to are called: one query per relation."""
    wanted: dict[Any, set[Any]] = defaultdict(set)
    for one in _fields(register):
        if isinstance(one, models.ForeignKey):
            wanted[one.related_model] |= {value for row in rows if (value := getattr(row, one.attname)) is not None}
    return {
        (model, target.pk): str(target)
        for model, keys in wanted.items()
        if keys
        for target in model.objects.filter(pk__in=keys)
    }


def _own(register: Register, rows: list[Any]) -> dict[str, CustomField]:
    """The register's fields of its own, retired ones too, where these rows have any: one query or none."""
    if not any(row.custom for row in rows):
        return {}
    return {one.key: one for one in CustomField.objects.filter(register=register.slug)}


def _own_differences(old: dict[str, Any], new: dict[str, Any], own: dict[str, CustomField]) -> list[FieldChange]:
    """One line for each field of one's own that differs, under its label."""
    keys = [*own, *sorted({*old, *new} - {*own})]
    return [
        FieldChange(
            f"custom.{key}",
            own[key].label if key in own else key,
            own_words(own.get(key), old.get(key)),
            own_words(own.get(key), new.get(key)),
        )
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _differences(
    register: Register, older: Any, newer: Any, names: dict[tuple[Any, Any], str], own: dict[str, CustomField]
) -> list[FieldChange]:
    made = []
    for one in _fields(register):
        old = getattr(older, one.attname) if older is not None else None
        new = getattr(newer, one.attname)
        if older is not None and old == new:
            continue
        if one.name == "custom":
            made += _own_differences(old or {}, new or {}, own)
            continue
        before, after = history_value(register, one, old, names), history_value(register, one, new, names)
        if older is None and not after:
            continue
        is_long = isinstance(one, models.TextField) and bool(before and after)
        diff = word_diff(before, after) if is_long else None
        made.append(FieldChange(one.name, register.field_label(one.name), before, after, diff, new == "unknown"))
    return made


def word_diff(before: str, after: str) -> SafeString:
    """Long text with the words that went struck out and the words that came marked."""
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


def conflict_of(register: Register, theirs: Any, row: RowInput) -> Change | None:
    """What the other person changed after the version that this row's editor saw."""
    history: Any = register.model.history
    newest = history.filter(id=theirs.pk).order_by("-history_id").first()
    seen = history.filter(id=theirs.pk, version=row.version).order_by("-history_id").first()
    if newest is None or seen is None:
        return None
    both = [seen, newest]
    return Change(newest, _differences(register, seen, newest, _names(register, both), _own(register, both)))


def record_history(request: HttpRequest, register: Register, reference: str) -> HttpResponse:
    """Every version of a record, newest first, each with what it changed."""
    record = record_or_404(request, register, reference)
    asked = request.GET.get("before", "")
    changes, more = changes_of(register, record, limit=PAGE, before=int(asked) if asked.isdigit() else None)
    context = {"register": register, "record": record, "changes": changes, "more": more}
    return render(request, "portal/history.html", context)
