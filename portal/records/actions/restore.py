"""Restore: what an earlier version said is written again, as a new version, through the one way in.

Nothing is taken back: history only grows. What may not be written any more, or points to what is gone, is named and
stays as it is. A record that was deleted is not brought back: its key, its links and its place among unique names may
be taken by then, so it is registered again, from what its history says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import Actor
from portal.records import customfields
from portal.records.ingest import ConflictError, IngestResult, ingest
from portal.records.register import Register
from portal.records.rows import RowInput
from portal.retention.erased import erased


class NoSuchVersionError(LookupError):
    """The record is not there for this person, never had that version, or what that version said was erased."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A field that stays as it is, and why. `name` is the field's, or "custom.key"."""

    name: str
    why: str


@dataclass(slots=True)
class Restoration:
    """What restoring a version would write (`values`, as ingest wants them) and what it would leave."""

    register: Register
    record: Any
    row: Any
    values: dict[str, object] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)


def plan(register: Register, reference: str, version: int, *, user: User) -> Restoration:
    """Compare the record with one of its versions. Writes nothing.

    Raises NoSuchVersionError; PermissionDenied for whoever may see the record and not change it.
    """
    model: Any = register.model
    record = model.objects.restrict(user, Action.VIEW).filter(reference=reference).first()
    if record is None:
        raise NoSuchVersionError(reference)
    if not model.objects.restrict(user, Action.CHANGE).filter(pk=record.pk).exists():
        raise PermissionDenied
    rows = model.history.filter(id=record.pk, version=version).exclude(history_type="-")
    row = rows.order_by("history_id").first()
    if row is None or erased([row.history_id]):
        raise NoSuchVersionError(f"{reference} {version}")
    made = Restoration(register, record, row)
    shut = set(register.gated_fields) if register.gated_fields and register.gate_is_shut() else set()
    tracked = {one.name for one in model.history.model._meta.concrete_fields}
    writable = {*register.fields, "tags"}
    for one in model._meta.concrete_fields:
        if one.name not in tracked or not _is_content(one):
            continue
        then, now = getattr(row, one.attname), getattr(record, one.attname)
        if then == now:
            continue
        if one.name == "custom":
            _own(made, then or {}, now or {})
        elif one.name in shut:
            made.kept.append(Kept(one.name, _("changes only through a gate, by a request")))
        elif one.name not in writable:
            made.kept.append(Kept(one.name, _("is not written by hand")))
        elif isinstance(one, models.ForeignKey) and then is not None and not _is_there(one, then, user):
            made.kept.append(Kept(one.name, _("what it pointed to is not in the register any more")))
        else:
            made.values[one.name] = then
    return made


def restore(
    register: Register,
    reference: str,
    version: int,
    *,
    user: User,
    reason: str,
    seen_version: int | None = None,
    actor: Actor | None = None,
) -> IngestResult:
    """Write what that version said as a new version. `seen_version` is the one that whoever asks has looked at.

    Raises what `plan` raises, ValidationError without a reason, and ConflictError if the record changed meanwhile.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why this version is restored.")}, code="reason_missing")
    made = plan(register, reference, version, user=user)
    seen = made.record.version if seen_version is None else seen_version
    if made.record.version != seen:
        raise ConflictError(made.record)
    row = RowInput(1, made.values, record=reference, version=seen)
    # Which version it was stands in front: whoever reads the history must not have to compare to find out.
    why = _("Restored version %(n)d: %(reason)s") % {"n": version, "reason": reason.strip()}
    return ingest(register, [row], user=user, actor=actor, reason=why)


def _is_content(one: models.Field[Any, Any]) -> bool:
    """Whether a column says something about the record, and not about the row that keeps it."""
    return one.name not in {"id", "reference", "version", "created_at", "updated_at", "search"}


def _is_there(relation: models.ForeignKey[Any, Any], key: Any, user: User) -> bool:
    manager: Any = relation.related_model._default_manager
    found = manager.restrict(user, Action.VIEW) if hasattr(manager, "restrict") else manager.all()
    return bool(found.filter(pk=key).exists())


def _own(made: Restoration, then: dict[str, Any], now: dict[str, Any]) -> None:
    """Fields of one's own: those in use are written again, those that were retired stay."""
    known = customfields.definitions(made.register.slug)
    for key in sorted({*then, *now}):
        if then.get(key) == now.get(key):
            continue
        if key not in known:
            made.kept.append(Kept(f"custom.{key}", _("this field is not in use any more")))
            continue
        try:
            customfields.merge(known, {}, f"custom.{key}", then.get(key))
        except ValidationError as error:
            made.kept.append(Kept(f"custom.{key}", " ".join(error.messages)))
        else:
            made.values[f"custom.{key}"] = then.get(key)
