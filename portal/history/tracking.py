"""`TrackedHistory`: django-simple-history's models as the reading side of what the triggers write."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.backends.utils import names_digest
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

# Moves along with every change and says nothing by itself: recorded, but never the reason for a history row.
MOVING_COLUMNS = frozenset({"version", "updated_at"})


class HistoryRow(models.Model):
    """What every history row knows beside the record's own columns.

    `history_id` comes from the ledger's one sequence, so it is also the number of the row's ledger entry.
    """

    history_user_name = models.TextField(_("who"), editable=False)
    history_source = models.CharField(_("from where"), max_length=12, editable=False)
    history_request = models.TextField(_("request"), blank=True, editable=False)
    # The columns that an update changed, so that "who touched the risk class" needs no comparing of rows.
    history_changed = ArrayField(
        models.TextField(), verbose_name=_("changed"), default=list, db_default=[], editable=False
    )

    class Meta:
        abstract = True


def _nobody(_history: models.Model) -> None:
    """simple-history asks for a user object; ours is a key and a name, which outlive the account."""


class TrackedHistory(HistoricalRecords):  # type: ignore[misc]  # simple-history ships no types
    """The history of a governed model. The database writes it; see portal/history/sql.py."""

    def __init__(self, *, excluded_fields: tuple[str, ...] = (), inherit: bool = False) -> None:
        super().__init__(
            bases=(HistoryRow,),
            inherit=inherit,
            excluded_fields=list(excluded_fields),
            history_id_field=models.BigIntegerField(primary_key=True),
            history_change_reason_field=models.TextField(_("why"), blank=True),
            history_user_id_field=models.TextField(_("actor key")),
            history_user_getter=_nobody,
        )

    def fields_included(self, model: type[models.Model]) -> list[models.Field[Any, Any]]:
        """Every column but the excluded and the computed ones: a database computes those again."""
        return [f for f in super().fields_included(model) if not getattr(f, "generated", False)]

    def copy_fields(self, model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
        """Copies without indexes, constraints and database defaults: history is written often and read by key."""
        fields: dict[str, Any] = super().copy_fields(model)
        for name, field in fields.items():
            plain = getattr(field, "history_field", None)
            if plain is not None:  # a field that implies more than its column says so itself
                fields[name] = plain()
                fields[name].name = name
                continue
            field.db_index = False
            field.db_default = models.NOT_PROVIDED
        return fields

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options: dict[str, Any] = super().get_meta_options(model)
        options["ordering"] = ("-history_id",)
        options["get_latest_by"] = ("history_id",)
        pk = model._meta.pk
        assert pk is not None  # noqa: S101 - a concrete model always has one
        options["indexes"] = [
            models.Index(fields=[pk.name, "-history_id"]),  # one record's versions
            # Each record's first row: the list of all that ever were, for the register as it stood.
            models.Index(
                fields=[pk.name, "history_id"], condition=models.Q(history_type="+"), name=_name(model, "first")
            ),
            # The change log: what one person, one door, one request did; where one column changed.
            models.Index(fields=["history_user_id", "-history_id"]),
            models.Index(fields=["history_user_id", "history_source", "-history_id"]),
            models.Index(fields=["history_source", "-history_id"]),
            models.Index(fields=["history_request", "-history_id"]),
            GinIndex(fields=["history_changed"], condition=models.Q(history_type="~"), name=_name(model, "changed")),
            # What ever belonged to another record: the timeline over a record and its links.
            *(
                models.Index(
                    fields=[field.name, "-history_id"],
                    condition=models.Q(**{f"{field.name}__isnull": False}),
                    name=_name(model, field.name),
                )
                for field in model._meta.concrete_fields
                if isinstance(field, models.ForeignKey) or field.name in getattr(model, "history_links", ())
            ),
        ]
        return options


def _name(model: type[models.Model], what: str) -> str:
    """The name of an index on a history table: readable, unique, and no longer than Django allows."""
    full = f"hist_{model._meta.model_name}_{what}"
    if len(full) <= models.Index.max_name_length:
        return full
    return f"{full[:23]}_{names_digest(full, length=6)}"
