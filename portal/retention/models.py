"""How long things are kept, what may not go, and what went: rules, legal holds, erasures. All governed."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.access.models import User
from portal.history.tracking import TrackedHistory
from portal.records.ids import uuid7
from portal.records.register import get_register
from portal.retention.personal import PersonalData

EVERYTHING: Final = "everything"


class AppliesTo(models.TextChoices):
    ALL = "all", _("Every register")
    REGISTERS = "registers", _("Some registers")
    OUTSIDE = "outside", _("Nothing kept here")


class CountsFrom(models.TextChoices):
    RECORDED = "recorded", _("When it was recorded")
    REPLACED = "replaced", _("When it was last in effect")
    FIELD = "field", _("A date of the record")


class Confidence(models.TextChoices):
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class RetentionRule(models.Model):
    """A minimum period for which the versions of records are kept, with its source. A version that several rules
    cover is kept by the longest.

    `date_field` is for `CountsFrom.FIELD`: a date of the record ("live_on") or of one that it points to
    ("system.live_on"). As long as that date is unknown, or the field is blank, the period has not begun.
    """

    # Judged by today's rules, and no others.
    present_only = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    applies_to = models.CharField(
        _("applies to"), max_length=10, choices=AppliesTo.choices, default=AppliesTo.REGISTERS
    )
    registers = ArrayField(models.CharField(max_length=60), verbose_name=_("registers"), default=list, blank=True)
    months = models.PositiveSmallIntegerField(_("months"), default=120)
    counts_from = models.CharField(
        _("counted from"), max_length=10, choices=CountsFrom.choices, default=CountsFrom.REPLACED
    )
    date_field = models.CharField(_("date"), max_length=100, blank=True)
    ground = models.TextField(_("ground"))
    citation = models.CharField(_("citation"), max_length=300)
    confidence = models.CharField(_("confidence"), max_length=6, choices=Confidence.choices, default=Confidence.MEDIUM)
    doubts = models.TextField(_("doubts"), blank=True)
    is_active = models.BooleanField(_("in force"), default=True)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        ordering = ["-months", "name"]

    def __str__(self) -> str:
        return self.name

    def covers(self, slug: str) -> bool:
        """Whether versions of that register's records are kept by it."""
        return self.applies_to == AppliesTo.ALL or (self.applies_to == AppliesTo.REGISTERS and slug in self.registers)

    def clean(self) -> None:
        if self.applies_to == AppliesTo.REGISTERS and not self.registers:
            raise ValidationError({"registers": _("Choose at least one register.")})
        if self.counts_from != CountsFrom.FIELD and self.date_field:
            raise ValidationError({"date_field": _("Only a rule that counts from a date of the record has one.")})


class HoldScope(models.TextChoices):
    EVERYTHING = EVERYTHING, _("Everything")
    REGISTER = "register", _("One register")
    RECORD = "record", _("One record and what points at it")
    PERSON = "person", _("One person")


class LegalHold(models.Model):
    """Nothing under it is erased or pruned until it is lifted. `muster.erase_entries` itself asks for it.

    It holds from the moment it is entered; `since` says from when the duty was known. `table_name` and `record` are how
    the ledger names what it covers.
    """

    present_only = True
    personal_fields = (PersonalData(names=("person_name",), person="person"),)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200)
    reason = models.TextField(_("reason"))
    scope = models.CharField(_("scope"), max_length=10, choices=HoldScope.choices, default=HoldScope.EVERYTHING)
    register = models.CharField(_("register"), max_length=60, blank=True)
    reference = models.CharField(_("reference"), max_length=20, blank=True)
    table_name = models.CharField(max_length=63, blank=True, editable=False)
    record = models.CharField(max_length=60, blank=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    person_name = models.CharField(_("name of the person"), max_length=200, blank=True)
    since = models.DateField(_("since"), default=timezone.localdate)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("placed by"),
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("lifted by"),
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(scope__in=["register", "record"]) | (~Q(register="") & ~Q(table_name="")),
                name="legalhold_names_its_register",
                violation_error_message=_("Choose the register."),
            ),
            models.CheckConstraint(
                condition=~Q(scope="record") | (~Q(record="") & ~Q(reference="")),
                name="legalhold_names_its_record",
                violation_error_message=_("Give the reference of the record."),
            ),
            models.CheckConstraint(
                condition=~Q(scope="person") | Q(person__isnull=False) | ~Q(person_name=""),
                name="legalhold_names_its_person",
                violation_error_message=_("Choose a person, or give a name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_lifted(self) -> bool:
        return self.lifted_at is not None

    @property
    def covers(self) -> str:
        """What it covers, in words."""
        match self.scope:
            case HoldScope.REGISTER:
                return get_register(self.register).label_plural
            case HoldScope.RECORD:
                return self.reference
            case HoldScope.PERSON:
                return str(self.person or self.person_name)
        return str(_("Everything"))

    def clean(self) -> None:
        """Fill in how the ledger names what it covers, and empty what its scope has no use for."""
        if self.scope not in {HoldScope.REGISTER, HoldScope.RECORD}:
            self.register = ""
        if self.scope != HoldScope.RECORD:
            self.reference = ""
        if self.scope != HoldScope.PERSON:
            self.person, self.person_name = None, ""
        self.table_name = self.record = ""
        if self.since and self.since > timezone.localdate():
            raise ValidationError({"since": _("A hold holds at once. Give the day on which its reason arose.")})
        # Said here and by the constraints: a form leaves those out that name columns it does not show.
        if self.scope in {HoldScope.REGISTER, HoldScope.RECORD} and not self.register:
            raise ValidationError({"register": _("Choose the register.")})
        if self.scope == HoldScope.RECORD and not self.reference:
            raise ValidationError({"reference": _("Give the reference of the record.")})
        if self.scope == HoldScope.PERSON and self.person is None and not self.person_name:
            raise ValidationError({"person": _("Choose a person, or give a name.")})
        if self.register:
            try:
                model = get_register(self.register).model
            except KeyError as error:
                raise ValidationError({"register": _("Choose the register.")}) from error
            self.table_name = model._meta.db_table
            if self.scope == HoldScope.RECORD:
                self.reference = self.reference.strip().upper()
                self.record = self._key(model)

    def _key(self, model: type[models.Model]) -> str:
        """The key of the record by its reference; one that was deleted is found in history."""
        history = model.history.filter(reference=self.reference)  # type: ignore[attr-defined]  # added by simple-history
        key = history.values_list("id", flat=True).first()
        if key is None:
            raise ValidationError({"reference": _("There is no record with this reference.")})
        return str(key)


class ErasureKind(models.TextChoices):
    PERSON = "person", _("Personal data")
    PRUNE = "prune", _("End of retention")


class Erasure(models.Model):
    """What was taken out of history, by whom, on what ground; never what it said. `muster.erase_entries` writes it.

    Being governed, it seals its own `entries` in the log. `fields` says which columns of which tables; `seals` holds
    for each of these rows a digest of what is left of it.
    """

    present_only = True
    # Who erased what stays known, also when the person who did is erased.
    never_erased = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=ErasureKind.choices, default=ErasureKind.PERSON)
    ground = models.CharField(_("ground"), max_length=300)
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    entries = ArrayField(models.BigIntegerField(), verbose_name=_("ledger entries"), default=list, editable=False)
    fields = models.JSONField(_("fields"), default=list, editable=False)
    seals = models.JSONField(_("seals"), default=dict, editable=False)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-at"]
        indexes = [GinIndex(fields=["entries"], name="erasure_entries")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.ground}"
