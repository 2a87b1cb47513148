"""Risk classes: what a system's risk obliges its organization to do."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models.rules import sortable
from portal.records.fields import ReferenceField, search_field
from portal.records.models import Record


class RiskClass(Record):
    """A class of risk and what it obliges: reviews, approvals, assessments, monitoring."""

    reference = ReferenceField("RISK")
    name = models.CharField(_("name"), max_length=300, unique=True, help_text=_("The word that lists and badges show."))
    key = models.SlugField(
        _("key"), max_length=40, unique=True, help_text=_("Stands in files and rules. It does not change later.")
    )
    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("The most severe class has the lowest number and stands first.")
    )
    meaning = models.TextField(_("meaning"), help_text=_("Which systems belong here, and by which rule."))
    review_interval_days = models.PositiveSmallIntegerField(
        _("review interval (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("How many days may pass between two reviews. Blank where none is asked."),
    )
    approvals = models.TextField(
        _("approvals"), blank=True, help_text=_("Whose approval a system of this class needs.")
    )
    assessments = models.TextField(
        _("assessments"), blank=True, help_text=_("What has to be assessed before it goes live.")
    )
    monitoring = models.TextField(_("monitoring"), blank=True, help_text=_("What has to be watched while it runs."))
    citation = models.CharField(
        _("citation"), max_length=300, blank=True, help_text=_("The law or policy that this class comes from.")
    )
    search = search_field("name", "meaning", "approvals", "assessments", "monitoring")

    class Meta:
        verbose_name = _("risk class")
        verbose_name_plural = _("risk classes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(review_interval_days__gte=1),
                name="riskclass_review_interval_positive",
                violation_error_message=_("A review interval is at least one day."),
            )
        ]
        indexes = sortable("order", "review_interval_days", search=True)
