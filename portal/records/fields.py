"""Fields that every register shares."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Func, Value
from django.utils.translation import gettext_lazy as _


class NextReference(Func):
    """The next number of a register, taken by the database: SYS-000123."""

    function = "muster.next_reference"
    output_field = models.CharField()


class ReferenceField(models.CharField[str, str]):
    """The human reference of a record. Its prefix names the sequence the database draws from."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs |= {
            "max_length": 20,
            "unique": True,
            "editable": False,
            "db_default": NextReference(Value(prefix)),
        }
        kwargs.setdefault("verbose_name", _("reference"))
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("max_length", "unique", "editable", "db_default"):
            kwargs.pop(implied, None)
        return name, path, [self.prefix, *args], kwargs

    def history_field(self) -> models.CharField[str, str]:
        """The column in history: neither unique nor drawn from the sequence."""
        return models.CharField(max_length=20, editable=False, verbose_name=self.verbose_name)

    def clone(self) -> ReferenceField:
        return ReferenceField(self.prefix, verbose_name=self.verbose_name)


class Tristate(models.TextChoices):
    """A fact that is known or not. Blank is unknown, and unknown is never printed as "no"."""

    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNKNOWN = "unknown", _("Unknown")


class FactField(models.CharField[str, str]):
    """Yes, no or unknown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 7, "choices": Tristate.choices, "default": Tristate.UNKNOWN}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("max_length", "choices", "default"):
            kwargs.pop(implied, None)
        return name, path, list(args), kwargs


def search_field(*names: str) -> models.GeneratedField:
    """A stored full-text vector over the named columns, kept by PostgreSQL and left out of history."""
    return models.GeneratedField(
        expression=SearchVector(*names, config="english"), output_field=SearchVectorField(), db_persist=True
    )
