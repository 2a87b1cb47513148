"""`EvidencePack`: which question was asked of the register, by whom, when, and which file answers it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.jobs.models import Job
from portal.records.fields import ReferenceField
from portal.records.models import Record
from portal.retention.personal import PersonalData


class Framework(models.TextChoices):
    """The catalogs of `reports/catalogs`, by their slug."""

    EU_AI_ACT = "eu-ai-act", _("EU AI Act")
    HIPAA = "hipaa", _("HIPAA")
    SOC2 = "soc2", _("SOC 2")


class ScopeKind(models.TextChoices):
    ALL = "all", _("The whole register")
    UNIT = "unit", _("A unit and everything below it")
    SYSTEM = "system", _("One AI system")


class EvidencePack(Record):
    """A framework, a scope and an instant or period, pinned, so that the same row always gives the same file.

    `ledger_entry` is the last change that the pack may see: everything in it is read from history up to there, never
    from the tables of today. `as_of` is that moment, or the end of the period. Periods are half-open: `period_to` is
    the first day that no longer belongs to them.
    """

    # A pack pins its own moment; looking back does not move it.
    present_only = True
    personal_fields = (PersonalData(names=("requested_name",), person="requested_by", as_actor=True),)

    reference = ReferenceField("PACK")
    framework = models.CharField(_("framework"), max_length=20, choices=Framework.choices)
    scope_kind = models.CharField(_("scope"), max_length=10, choices=ScopeKind.choices, default=ScopeKind.ALL)
    scope_record = models.UUIDField(_("record in scope"), null=True, blank=True, editable=False)
    scope_reference = models.CharField(_("reference in scope"), max_length=20, blank=True, editable=False)
    scope_name = models.CharField(_("name in scope"), max_length=400, blank=True, editable=False)
    period_from = models.DateField(_("period from"), null=True, blank=True)
    period_to = models.DateField(_("period up to"), null=True, blank=True)
    purpose = models.CharField(_("what for"), max_length=200, blank=True)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("asked for by"),
    )
    requested_name = models.CharField(_("asked for by"), max_length=200, editable=False)
    requested_at = models.DateTimeField(_("asked for on"), editable=False)
    organization = models.CharField(_("organization"), max_length=300, blank=True, editable=False)
    as_of = models.DateTimeField(_("as of"), editable=False)
    ledger_entry = models.BigIntegerField(_("last ledger entry"), editable=False)
    # The signed checkpoint of the log that covers that entry, asked for when the pack was first made.
    checkpoint = models.TextField(_("checkpoint"), blank=True, editable=False)
    observation_start = models.DateTimeField(_("observation start"), null=True, editable=False)
    generator = models.CharField(_("generator"), max_length=60, blank=True, editable=False)
    catalog_as_of = models.DateField(_("catalog as of"), editable=False)
    catalog_sha256 = models.CharField(_("catalog SHA-256"), max_length=64, blank=True, editable=False)

    job = models.ForeignKey(
        Job, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("job")
    )
    pdf = models.CharField(_("file"), max_length=300, blank=True, editable=False)
    pdf_sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    pdf_size = models.BigIntegerField(_("bytes"), null=True, editable=False)
    pdf_pages = models.PositiveIntegerField(_("pages"), null=True, editable=False)
    attached_rows = models.PositiveIntegerField(_("rows attached"), null=True, editable=False)

    class Meta:
        verbose_name = _("evidence pack")
        verbose_name_plural = _("evidence packs")
        indexes = [models.Index(fields=["-requested_at", "id"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(period_from__isnull=True, period_to__isnull=True)
                | Q(period_from__isnull=False, period_to__isnull=False, period_to__gt=F("period_from")),
                name="pack_period_half_open",
                violation_error_message=_("A period has a first day and, after it, a day on which it is over."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_framework_display()}: {self.scope_title}"

    @property
    def scope_title(self) -> str:
        """What it is about: the name of the system or unit, or the organization's."""
        return self.scope_name or self.organization

    @property
    def is_period(self) -> bool:
        return self.period_from is not None

    @property
    def state(self) -> str:
        """A state of the vocabulary's kind "job": a pack that was made without a job is done when it has its file."""
        if self.pdf_sha256:
            return "succeeded"
        return str(self.job.state) if self.job else "running"

    @property
    def file_name(self) -> str:
        """The name it is downloaded under."""
        return f"{self.reference}-{self.framework}.pdf"
