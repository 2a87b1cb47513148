"""AI systems: what something is used for. The unit that is governed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.risk import RiskClass
from inventory.models.rules import dates_in_order, facts_source, order_constraint, sortable
from inventory.models.units import OrganizationUnit
from inventory.querysets import AISystemQuerySet
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import ImportBatch, Record

_ORDERED = (("initiated_on", "retired_on"), ("development_started_on", "retired_on"), ("live_on", "retired_on"))


class AISystem(Record):
    """One use of AI: what something is used for, by which unit, at which stage and risk.

    Start dates come in no fixed order (real inventories have development begin before a project is formally
    initiated); only retirement comes after all of them.
    """

    reference = ReferenceField("SYS")
    name = models.CharField(_("name"), max_length=400, help_text=_("What colleagues would look for."))
    purpose = models.TextField(
        _("intended purpose"),
        blank=True,
        help_text=_("What it is used for, by whom, in which situation, and what it is not used for."),
    )
    problem = models.TextField(_("problem"), blank=True, help_text=_("What was not good enough before, and for whom."))
    expected_benefit = models.TextField(
        _("expected benefit"), blank=True, help_text=_("What should get better, measured how.")
    )
    outputs = models.TextField(
        _("outputs"),
        blank=True,
        help_text=_("What it puts out: a score, a text, a recommendation, a decision, an action."),
    )
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=choices.SystemKind.choices,
        default=choices.SystemKind.UNKNOWN,
        help_text=_("What kind of AI it mainly is."),
    )
    topic = models.CharField(
        _("topic"), max_length=200, blank=True, help_text=_("The field of work, in your organization's own words.")
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        related_name="systems",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The organization unit that answers for it."),
    )
    stage = models.CharField(
        _("stage"),
        max_length=20,
        choices=choices.Stage.choices,
        default=choices.Stage.PLANNING,
        help_text=_("Where it stands in its life cycle."),
    )
    initiated_on = models.DateField(_("initiated"), null=True, blank=True, help_text=_("When the idea was taken up."))
    development_started_on = models.DateField(
        _("development began"), null=True, blank=True, help_text=_("When building or buying began.")
    )
    live_on = models.DateField(
        _("went live"), null=True, blank=True, help_text=_("The first day it was used for real.")
    )
    retired_on = models.DateField(_("retired"), null=True, blank=True, help_text=_("The day it was taken out of use."))
    build = models.CharField(
        _("built"),
        max_length=20,
        choices=choices.Build.choices,
        default=choices.Build.UNKNOWN,
        help_text=_("Whether you built it, had it built, or bought it."),
    )
    operated_by = models.CharField(
        _("operated by"),
        max_length=20,
        choices=choices.OperatedBy.choices,
        default=choices.OperatedBy.UNKNOWN,
        help_text=_("Who keeps it running from day to day."),
    )
    affected_persons = models.TextField(
        _("people affected"),
        blank=True,
        help_text=_("Whom its outputs are about or act upon: patients, applicants, staff; roughly how many."),
    )
    user_band = models.CharField(
        _("users"),
        max_length=20,
        choices=choices.UserBand.choices,
        default=choices.UserBand.UNKNOWN,
        help_text=_("How many people work with it."),
    )
    autonomy = models.CharField(
        _("autonomy"),
        max_length=20,
        choices=choices.Autonomy.choices,
        default=choices.Autonomy.UNKNOWN,
        help_text=_(
            "In the loop: a person decides each case. On the loop: a person watches and can step in. "
            "Out of the loop: it acts without one."
        ),
    )
    public_facing = FactField(
        _("public-facing"), help_text=_("Whether people outside your organization deal with it directly.")
    )
    criticality = models.CharField(
        _("criticality"),
        max_length=20,
        choices=choices.Criticality.choices,
        default=choices.Criticality.UNKNOWN,
        help_text=_("How badly your work would suffer if it failed or were switched off today."),
    )
    personal_data = FactField(
        _("personal data"), help_text=_("Whether it works with data about people who can be identified.")
    )
    health_data = FactField(
        _("health data"), help_text=_("Whether it works with data about the health of people who can be identified.")
    )
    facts_source = facts_source()
    tier = models.CharField(
        _("intensity tier"),
        max_length=10,
        choices=choices.Tier.choices,
        blank=True,
        help_text=_("How much governance it gets. Blank as long as nobody has decided."),
    )
    risk_class = models.ForeignKey(
        RiskClass,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="systems",
        verbose_name=_("risk class"),
        db_index=False,
        help_text=_("Blank as long as it is not classified."),
    )
    next_review_on = models.DateField(
        _("next review"), null=True, blank=True, help_text=_("When somebody looks at it again at the latest.")
    )
    declaration = models.CharField(
        _("standing of stage and class"),
        max_length=10,
        choices=choices.Declaration.choices,
        blank=True,
        editable=False,
        help_text=_("Whether stage and risk class were declared when the register was opened, or went through gates."),
    )
    opening_batch = models.ForeignKey(
        ImportBatch,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="opened_systems",
        verbose_name=_("opening import"),
        help_text=_("The import that brought it in when the register was opened."),
    )
    regularize_by = models.DateField(
        _("regularize by"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Until when what was declared at opening has to go through its gates."),
    )
    search = search_field("name", "purpose", "problem", "expected_benefit", "outputs", "affected_persons", "topic")

    objects: ClassVar[Any] = AISystemQuerySet.as_manager()

    class Meta:
        verbose_name = _("AI system")
        verbose_name_plural = _("AI systems")
        constraints = [order_constraint(earlier, later) for earlier, later in _ORDERED]
        indexes = [
            *sortable(
                "name",
                "unit",
                "stage",
                "risk_class",
                "kind",
                "topic",
                "next_review_on",
                "live_on",
                "regularize_by",
                search=True,
            ),
            # Home counts the estate by these, from the index alone.
            models.Index(fields=["stage", "risk_class"]),
            models.Index(fields=["declaration", "id"]),
        ]

    def clean(self) -> None:
        dates_in_order(self, *_ORDERED)
