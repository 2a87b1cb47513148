"""What of a system runs where: releases, deployments, and who uses it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import dates_in_order, facts_source, joined, notes, order_constraint, sortable
from inventory.models.systems import AISystem
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Vendor
from portal.records.fields import ReferenceField, search_field
from portal.records.models import Record
from portal.retention.personal import PersonalData


class SystemVersion(Record):
    """One release of a system: which prompts, thresholds, index and guardrails went out together.

    Its model versions are records of their own (`VersionModel`).
    """

    reference = ReferenceField("VER")
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        related_name="versions",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system this is a release of."),
    )
    name = models.CharField(
        _("name"),
        max_length=300,
        help_text=_("As colleagues will look for it, with the version: “Sepsis score 3.2”."),
    )
    release = models.CharField(_("release"), max_length=100, help_text=_("The version's own number or tag: 3.2."))
    changes = models.TextField(_("changes"), blank=True, help_text=_("What is different from the release before."))
    prompts = models.TextField(
        _("prompts"), blank=True, help_text=_("The prompts it uses, or where they are kept and at which revision.")
    )
    thresholds = models.TextField(
        _("thresholds"), blank=True, help_text=_("Above or below which values it acts or alerts.")
    )
    index_version = models.CharField(
        _("index"), max_length=300, blank=True, help_text=_("Which state of a document index it searches, if any.")
    )
    guardrails = models.TextField(_("guardrails"), blank=True, help_text=_("What keeps inputs and outputs in bounds."))
    released_on = models.DateField(_("released"), null=True, blank=True, help_text=_("The day it was released."))
    retired_on = models.DateField(
        _("retired"), null=True, blank=True, help_text=_("The first day on which nobody may use it any more.")
    )
    notes = notes()
    search = search_field("name", "release", "changes", "prompts", "thresholds", "guardrails")

    class Meta:
        verbose_name = _("system version")
        verbose_name_plural = _("system versions")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "release"],
                name="one_version_per_release",
                violation_error_message=_("This system has this release already."),
            ),
            order_constraint("released_on", "retired_on"),
        ]
        indexes = sortable("name", "system", "release", "released_on", "retired_on", search=True)

    def clean(self) -> None:
        dates_in_order(self, ("released_on", "retired_on"))


class Deployment(Record):
    """A system version runs in one environment, region and place, from one day to another."""

    reference = ReferenceField("DEP")
    system_version = models.ForeignKey(
        SystemVersion,
        models.PROTECT,
        related_name="deployments",
        verbose_name=_("system version"),
        db_index=False,
        help_text=_("What runs."),
    )
    environment = models.CharField(
        _("environment"),
        max_length=20,
        choices=choices.Environment.choices,
        default=choices.Environment.PRODUCTION,
        help_text=_("What it runs for: production, or a stage before it."),
    )
    region = models.CharField(
        _("region"), max_length=100, blank=True, help_text=_("Where it runs, for example us-east or the Dublin site.")
    )
    endpoint = models.CharField(
        _("endpoint"), max_length=500, blank=True, help_text=_("The address or installation where it answers.")
    )
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deployments",
        verbose_name=_("hosted by"),
        db_index=False,
        help_text=_("The vendor whose machines it runs on. Blank if they are your own."),
    )
    live_from = models.DateField(_("live from"), null=True, blank=True, help_text=_("The first day it ran there."))
    live_to = models.DateField(
        _("live to"),
        null=True,
        blank=True,
        help_text=_("The first day on which it no longer ran. Blank while it runs."),
    )
    notes = notes()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        constraints = [
            models.UniqueConstraint(
                fields=["system_version", "environment", "region", "endpoint", "live_from"],
                name="one_deployment_per_place",
                nulls_distinct=False,
                violation_error_message=_("This version is registered at this place from this day already."),
            ),
            order_constraint("live_from", "live_to", period=True),
        ]
        indexes = sortable("system_version", "environment", "region", "vendor", "live_from", "live_to")

    def __str__(self) -> str:
        return joined(self.system_version, self.get_environment_display(), self.region)

    def clean(self) -> None:
        dates_in_order(self, periods=(("live_from", "live_to"),))


class SystemUse(Record):
    """A legal entity or site uses a system: for what there, in which legal role, from when to when."""

    personal_fields = (PersonalData(names=("lead",)),)

    reference = ReferenceField("USE")
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        related_name="uses",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system that is used."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        related_name="system_uses",
        verbose_name=_("legal entity or site"),
        db_index=False,
        help_text=_("Who uses it."),
    )
    intended_use = models.TextField(
        _("intended use there"), blank=True, help_text=_("What it is used for at this site, where that differs.")
    )
    ai_act_role = models.CharField(
        _("EU AI Act role"),
        max_length=20,
        choices=choices.AIActRole.choices,
        default=choices.AIActRole.UNKNOWN,
        help_text=_("What the site is for this system under Article 3 of the EU AI Act."),
    )
    hipaa_role = models.CharField(
        _("HIPAA role"),
        max_length=20,
        choices=choices.HipaaRole.choices,
        default=choices.HipaaRole.UNKNOWN,
        help_text=_("What the site is for this system under 45 CFR 160.103."),
    )
    jurisdiction = models.CharField(
        _("jurisdiction"), max_length=100, blank=True, help_text=_("Whose law holds there: US-MA, IE.")
    )
    live_from = models.DateField(_("live from"), null=True, blank=True, help_text=_("The first day it was used there."))
    live_to = models.DateField(
        _("live to"), null=True, blank=True, help_text=_("The first day on which it no longer was. Blank while it is.")
    )
    approved_version = models.ForeignKey(
        SystemVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="approved_uses",
        verbose_name=_("approved version"),
        db_index=False,
        help_text=_("The release this site may use."),
    )
    lead = models.CharField(
        _("business or clinical lead"), max_length=200, blank=True, help_text=_("Who answers for its use there.")
    )
    facts_source = facts_source()

    class Meta:
        verbose_name = _("system use")
        verbose_name_plural = _("system uses")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "unit", "live_from"],
                name="one_use_per_site_and_day",
                nulls_distinct=False,
                violation_error_message=_("This site's use of this system from this day is registered already."),
            ),
            order_constraint("live_from", "live_to", period=True),
        ]
        indexes = sortable(
            "unit", "system", "ai_act_role", "hipaa_role", "jurisdiction", "live_from", "live_to", "approved_version"
        )

    def __str__(self) -> str:
        return joined(self.unit, self.system)

    def clean(self) -> None:
        dates_in_order(self, periods=(("live_from", "live_to"),))
