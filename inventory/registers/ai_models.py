"""Models and their versions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import AIModel, ModelVersion, VersionModel
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(AIModel)
class AIModelRegister(InventoryRegister):
    slug = "ai-models"
    icon = "cpu"
    about = _(
        "A model is what computes: bought, downloaded or trained by you. Its versions say what exactly runs, and until"
        " when its maker keeps it up."
    )
    list_display = ("name", "vendor", "unit", "family", "general_purpose")
    list_filter = ("vendor", "unit", "family", "general_purpose")
    list_select_related = ("vendor", "unit")
    views = (
        View("general-purpose", _("General-purpose"), "general_purpose=yes"),
        View("own", _("Made by us"), "vendor__isnull=true"),
    )
    material = ("vendor", "general_purpose")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "summary", "family", "general_purpose")}),
        (_("Where it comes from"), {"fields": ("vendor", "unit", "website", "facts_source")}),
    )
    rail = ("vendor", "unit", "family", "general_purpose", "website")
    related = (Related("model-versions", "ai_model", _("Versions")),)
    facts = ("summary", "family", "general_purpose")


@register(ModelVersion)
class ModelVersionRegister(InventoryRegister):
    slug = "model-versions"
    icon = "git-branch"
    group = ""
    about = _(
        "A model version is exactly one state of a model. Dates of deprecation and retirement come from its maker and"
        " arrive whether you planned for them or not."
    )
    list_display = ("name", "ai_model", "release", "hosting", "licence", "released_on", "deprecated_on", "retired_on")
    list_filter = ("ai_model", "hosting", "licence", "released_on", "deprecated_on", "retired_on")
    list_select_related = ("ai_model",)
    views = (
        View("current", _("Not retired"), "retired_on__isnull=true"),
        View("at-vendor", _("Runs at the vendor"), "hosting=vendor"),
    )
    material = ("ai_model", "licence", "hosting")
    fieldsets = (
        (_("What it is"), {"fields": ("ai_model", "name", "release", "modality", "licence", "hosting")}),
        (_("Life"), {"fields": ("released_on", "deprecated_on", "retired_on", "replacement", "based_on")}),
        (
            _("Training and quality"),
            {"fields": ("training_cutoff", "training_compute", "baseline_metrics", "facts_source")},
        ),
    )
    rail = ("ai_model", "release", "hosting", "licence", "released_on", "deprecated_on", "retired_on", "replacement")
    related = (
        Related("version-models", "model_version", _("Systems that run on it")),
        Related("model-versions", "based_on", _("Versions derived from it")),
    )
    facts = ("licence", "modality", "hosting", "released_on", "training_cutoff", "baseline_metrics")


@register(VersionModel)
class VersionModelRegister(InventoryRegister):
    slug = "version-models"
    icon = "link"
    group = ""
    natural_key = "reference"
    about = _("Which release of a system runs on which version of a model, and in which role.")
    list_display = ("role", "model_version", "system_version", "settings")
    list_filter = ("system_version", "model_version", "role")
    list_select_related = ("model_version", "system_version")
    ordering = ("role",)
    material = ("system_version", "model_version")
    fieldsets = ((_("The link"), {"fields": ("system_version", "model_version", "role", "settings")}),)
