"""What several models share: dates in order, codes, sources of facts, indexes for sorting."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

COUNTRY = RegexValidator(r"^[A-Z]{2}\Z", gettext_lazy("Two capital letters, for example US or IE."))
CURRENCY = RegexValidator(r"^[A-Z]{3}\Z", gettext_lazy("Three capital letters, for example USD or EUR."))
SHA256 = RegexValidator(r"^[0-9a-f]{64}\Z", gettext_lazy("64 hexadecimal digits in lower case."))


def dates_in_order(record: models.Model, *pairs: tuple[str, str], periods: tuple[tuple[str, str], ...] = ()) -> None:
    """Each pair (earlier, later): the later day is not before the earlier; in `periods`, half-open, it is after.

    Raises ValidationError with all that is wrong.
    """
    wrong: dict[str, str] = {}
    for earlier, later in (*pairs, *periods):
        start, end = getattr(record, earlier), getattr(record, later)
        if start is None or end is None:
            continue
        if end < start or (end == start and (earlier, later) in periods):
            wrong[later] = _out_of_order(record, earlier, later, strict=(earlier, later) in periods)
    if wrong:
        raise ValidationError(wrong)


def _out_of_order(record: models.Model, earlier: str, later: str, *, strict: bool) -> str:
    labels = {
        "later": record._meta.get_field(later).verbose_name,  # type: ignore[union-attr]  # dates, not relations
        "earlier": record._meta.get_field(earlier).verbose_name,  # type: ignore[union-attr]  # the same
    }
    if strict:
        return _("“%(later)s” must be after “%(earlier)s”.") % labels
    return _("“%(later)s” cannot be before “%(earlier)s”.") % labels


def order_constraint(earlier: str, later: str, *, period: bool = False) -> models.CheckConstraint:
    """The database's side of `dates_in_order`. An open end is in order."""
    test = "gt" if period else "gte"
    return models.CheckConstraint(
        condition=Q(**{f"{later}__{test}": F(earlier)}),
        name=f"%(class)s_{later}_after_{earlier}",
        violation_error_message=gettext_lazy("These dates are not in order."),
    )


def not_itself(name: str, message: Any) -> models.CheckConstraint:
    """A record does not point to itself by `name`."""
    return models.CheckConstraint(
        condition=~Q(**{name: F("id")}), name=f"%(class)s_{name}_is_another", violation_error_message=message
    )


def must_differ(record: models.Model, one: str, other: str, message: Any) -> None:
    """Two references of a record name different records (`one` may be "pk"). Raises ValidationError."""
    first, second = (getattr(record, n if n == "pk" else f"{n}_id") for n in (one, other))
    if second is not None and first == second:
        raise ValidationError({other: message})


def sortable(*names: str, search: bool = False) -> list[models.Index]:
    """An index for each column that lists sort by, the key as tie-breaker; and one for the search column."""
    indexes: list[models.Index] = [models.Index(fields=[name, "id"]) for name in (*names, "updated_at")]
    return [*indexes, GinIndex(fields=["search"])] if search else indexes


def facts_source() -> models.TextField[str, str]:
    """Where a record's facts come from."""
    return models.TextField(
        gettext_lazy("where these facts come from"),
        blank=True,
        help_text=gettext_lazy("Who or what told you: a person, a contract, the vendor's documentation, a test."),
    )


def notes() -> models.TextField[str, str]:
    """What has no field of its own."""
    return models.TextField(
        gettext_lazy("notes"), blank=True, help_text=gettext_lazy("Anything else a colleague should know.")
    )


def joined(*parts: object) -> str:
    """The parts that say something, with a dot between them."""
    return " · ".join(str(part) for part in parts if part)
