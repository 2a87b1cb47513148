"""References given as text, key or id, resolved by set: one query per relation and way of naming."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from portal.access.models import User
from portal.access.roles import Action
from portal.records.register import Register, register_of
from portal.records.rows import RowInput, SourceKey

# "SYS-000123", alone or as a picker shows it: "SYS-000123 · Sepsis score".
_REFERENCE: Final = re.compile(r"^([A-Z]{2,6}-\d{6,})(?:\s+·\s.*)?$", re.DOTALL)


class _Pending:
    """A record that an earlier batch of the same dry run would create."""


class References:
    """Finds what rows refer to, among the records the user may see. What one may not see does not exist."""

    PENDING: Final = _Pending()

    def __init__(self, register: Register, user: User, pending: frozenset[SourceKey]) -> None:
        self.register = register
        self.user = user
        self.pending = pending
        self.found: dict[str, dict[object, list[Any]]] = {}

    def collect(self, rows: Sequence[RowInput]) -> None:
        """Look up every reference in the rows at once."""
        for name, model, natural in self._relations():
            values = {value for row in rows if (value := _plain(row.values.get(name))) is not None}
            if values:
                self.found[name] = self._look_up(model, natural, values)

    def _relations(self) -> list[tuple[str, Any, str]]:
        relations: list[tuple[str, Any, str]] = []
        for name in self.register.fields:
            field = self.register.model._meta.get_field(name)
            if isinstance(field, models.ForeignKey):
                target = register_of(field.related_model)
                relations.append((name, field.related_model, target.natural_key if target else "username"))
        return relations

    def _look_up(self, model: Any, natural: str, values: set[object]) -> dict[object, list[Any]]:
        found: dict[object, list[Any]] = {}
        target = register_of(model)
        visible = model.objects.restrict(self.user, Action.VIEW) if target else model.objects.all()
        keys = [value for value in values if isinstance(value, SourceKey)]
        if keys and target is not None:
            from portal.records.ingest import external_ids  # noqa: PLC0415 - the two need each other

            for known in external_ids(target.slug, keys):
                found[SourceKey(known.source, known.feed, known.key)] = [known.record_id]
        ids = {value for value in values if isinstance(value, UUID)}
        if ids:
            found |= {pk: [pk] for pk in visible.filter(pk__in=ids).values_list("pk", flat=True)}
        texts = {value for value in values if isinstance(value, str)}
        if texts:
            names = {"reference", natural} if target else {natural}
            query = models.Q(**{f"{natural}__in": texts})
            if target:
                query |= models.Q(reference__in=texts)
            for row in visible.filter(query).values("pk", *names):
                for name in names:
                    if row[name] in texts and row["pk"] not in found.setdefault(row[name], []):
                        found[row[name]].append(row["pk"])
        return found

    def resolve(self, name: str, value: object) -> Any:
        """The primary key that `value` stands for, None for nothing, PENDING for a record to come.

        Raises ValidationError for what is not there (or not to be seen) and for a name that several records share.
        """
        key = _plain(value)
        if key is None:
            return None
        found = self.found.get(name, {}).get(key, [])
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise ValidationError(
                _("%(count)d records are called “%(name)s”. Give the reference instead.")
                % {"count": len(found), "name": key},
                code="ambiguous",
            )
        if key in self.pending:
            return self.PENDING
        shown = key.key if isinstance(key, SourceKey) else key
        raise ValidationError(_("There is no record “%s”.") % shown, code="unknown_reference")


def _plain(value: object) -> object:
    """A reference as it is looked up: key, UUID, or the text without a picker's decoration."""
    if value is None or isinstance(value, SourceKey | UUID):
        return value
    if isinstance(value, models.Model):
        return value.pk
    text = str(value).strip()
    if not text:
        return None
    shown = _REFERENCE.match(text)
    if shown:
        return shown[1]
    try:
        return UUID(text)
    except ValueError:
        return text
