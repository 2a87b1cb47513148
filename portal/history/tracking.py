"""`TrackedHistory`: django-simple-history's models as the reading side of what the triggers write."""

from __future__ import annotations

from typing import Any

from django.db import models
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
        options["indexes"] = [models.Index(fields=[pk.name, "-history_id"])]
        return options
