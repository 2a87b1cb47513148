"""AI models, their versions, and which system version runs on which."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import (
    dates_in_order,
    facts_source,
    joined,
    must_differ,
    not_itself,
    order_constraint,
    sortable,
)
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Vendor
from inventory.models.versions import SystemVersion
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record

_OWN_REPLACEMENT = _("A model version cannot replace itself.")
_OWN_BASE = _("A model version cannot be based on itself.")


class AIModel(Record):
    """A model as its maker names it, whatever the version."""

    reference = ReferenceField("MDL")
    name = models.CharField(_("name"), max_length=300, help_text=_("The model's name, without its version."))
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ai_models",
        verbose_name=_("made by"),
        db_index=False,
        help_text=_("The vendor it comes from. Blank if you made it yourself."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ai_models",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The unit of yours that made it or looks after it."),
    )
    summary = models.TextField(_("summary"), blank=True, help_text=_("What it does, in two sentences."))
    family = models.CharField(
        _("family"),
        max_length=200,
        blank=True,
        help_text=_("Its kind or architecture: gradient boosting, transformer."),
    )
    general_purpose = FactField(
        _("general-purpose model"),
        help_text=_("Whether it is a general-purpose AI model as Article 3(63) of the EU AI Act defines it."),
    )
    website = models.URLField(
        _("website"), max_length=500, blank=True, help_text=_("Where its maker describes it, or its model card.")
    )
    facts_source = facts_source()
    search = search_field("name", "summary", "family")

    class Meta:
        verbose_name = _("AI model")
        verbose_name_plural = _("AI models")
        indexes = sortable("name", "vendor", "unit", "family", "general_purpose", search=True)


class ModelVersion(Record):
    """One version of a model, with what is known of its training, licence and life."""

    reference = ReferenceField("MV")
    ai_model = models.ForeignKey(
        AIModel,
        models.PROTECT,
        related_name="versions",
        verbose_name=_("AI model"),
        db_index=False,
        help_text=_("The model this is a version of."),
    )
    name = models.CharField(
        _("name"), max_length=300, help_text=_("As colleagues will look for it: “Corvid Deterioration 3.2”.")
    )
    release = models.CharField(_("release"), max_length=100, help_text=_("The version as its maker numbers it: 3.2."))
    released_on = models.DateField(_("released"), null=True, blank=True, help_text=_("The day its maker released it."))
    deprecated_on = models.DateField(
        _("deprecated"), null=True, blank=True, help_text=_("From when its maker advises against using it.")
    )
    retired_on = models.DateField(
        _("retired"), null=True, blank=True, help_text=_("The first day on which it is no longer served.")
    )
    replacement = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name=_("replacement"),
        help_text=_("The version that takes its place."),
    )
    based_on = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="derived",
        verbose_name=_("based on"),
        help_text=_("The version it was tuned or derived from."),
    )
    licence = models.CharField(
        _("license"),
        max_length=200,
        blank=True,
        help_text=_("Under which terms you may use it: Apache-2.0, commercial."),
    )
    modality = models.CharField(
        _("modality"),
        max_length=200,
        blank=True,
        help_text=_("What goes in and comes out: text to text, image to score."),
    )
    hosting = models.CharField(
        _("hosting"),
        max_length=20,
        choices=choices.Hosting.choices,
        default=choices.Hosting.UNKNOWN,
        help_text=_("Where it runs."),
    )
    training_cutoff = models.DateField(
        _("training cut-off"), null=True, blank=True, help_text=_("The day after which it knows nothing.")
    )
    training_compute = models.FloatField(
        _("training compute (FLOP)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("The operations its training took, for example 3e24. The EU AI Act looks at 10^25 (Article 51)."),
    )
    baseline_metrics = models.TextField(
        _("baseline metrics"), blank=True, help_text=_("How well it did when it was accepted, and on which data.")
    )
    facts_source = facts_source()
    search = search_field("name", "release", "licence", "modality", "baseline_metrics")

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(
                fields=["ai_model", "release"],
                name="one_model_version_per_release",
                violation_error_message=_("This model has this release already."),
            ),
            order_constraint("released_on", "deprecated_on"),
            order_constraint("released_on", "retired_on"),
            order_constraint("deprecated_on", "retired_on"),
            not_itself("replacement", _OWN_REPLACEMENT),
            not_itself("based_on", _OWN_BASE),
            models.CheckConstraint(
                condition=models.Q(training_compute__gte=0),
                name="modelversion_training_compute_positive",
                violation_error_message=_("Training compute cannot be negative."),
            ),
        ]
        indexes = sortable(
            "name",
            "ai_model",
            "release",
            "released_on",
            "deprecated_on",
            "retired_on",
            "hosting",
            "licence",
            search=True,
        )

    def clean(self) -> None:
        dates_in_order(
            self, ("released_on", "deprecated_on"), ("released_on", "retired_on"), ("deprecated_on", "retired_on")
        )
        must_differ(self, "pk", "replacement", _OWN_REPLACEMENT)
        must_differ(self, "pk", "based_on", _OWN_BASE)


class VersionModel(Record):
    """A system version runs on a model version, in one role."""

    reference = ReferenceField("VM")
    system_version = models.ForeignKey(
        SystemVersion,
        models.PROTECT,
        related_name="models",
        verbose_name=_("system version"),
        db_index=False,
        help_text=_("The release that uses the model."),
    )
    model_version = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        related_name="used_by",
        verbose_name=_("model version"),
        db_index=False,
        help_text=_("The model version it uses."),
    )
    role = models.CharField(
        _("role"),
        max_length=20,
        choices=choices.ModelRole.choices,
        default=choices.ModelRole.MAIN,
        help_text=_("What the model does in this release."),
    )
    settings = models.TextField(
        _("settings"), blank=True, help_text=_("How it is called: temperature, context length, and so on.")
    )

    class Meta:
        verbose_name = _("model of a version")
        verbose_name_plural = _("models of versions")
        constraints = [
            models.UniqueConstraint(
                fields=["system_version", "model_version", "role"],
                name="one_model_per_version_and_role",
                violation_error_message=_("This release uses this model version in this role already."),
            )
        ]
        indexes = sortable("model_version", "system_version", "role")

    def __str__(self) -> str:
        return joined(self.model_version, self.get_role_display())
