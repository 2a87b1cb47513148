"""System versions, deployments and uses: reached from their system."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import Deployment, SystemUse, SystemVersion
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(SystemVersion)
class SystemVersionRegister(InventoryRegister):
    slug = "system-versions"
    icon = "versions"
    group = ""
    about = _(
        "A version is one release of a system: which models, prompts, thresholds and guardrails went out together."
        " An approval is for one version."
    )
    list_display = ("name", "system", "release", "released_on", "retired_on")
    list_filter = ("system", "released_on", "retired_on")
    list_select_related = ("system",)
    views = (View("in-use", _("Not retired"), "retired_on__isnull=true"),)
    material = ("system", "prompts", "thresholds", "guardrails")
    fieldsets = (
        (_("What it is"), {"fields": ("system", "name", "release", "changes")}),
        (_("What it is made of"), {"fields": ("prompts", "thresholds", "index_version", "guardrails")}),
        (_("Dates"), {"fields": ("released_on", "retired_on", "notes")}),
    )
    rail = ("system", "release", "released_on", "retired_on")
    related = (
        Related("version-models", "system_version", _("Models it runs on")),
        Related("deployments", "system_version", _("Deployments")),
        Related("system-uses", "approved_version", _("Sites approved for it")),
        Related("data-flows", "system_version", _("Data flows of this version")),
    )
    facts = ("changes", "thresholds", "guardrails", "released_on")


@register(Deployment)
class DeploymentRegister(InventoryRegister):
    slug = "deployments"
    icon = "server"
    group = ""
    natural_key = "reference"
    about = _("A deployment is a version running in one environment, region and place, from one day to another.")
    list_display = ("environment", "system_version", "region", "endpoint", "vendor", "live_from", "live_to")
    list_filter = ("system_version", "environment", "region", "vendor", "live_from", "live_to")
    list_select_related = ("system_version", "vendor")
    ordering = ("environment",)
    views = (
        View("running", _("Running in production"), "environment=production&live_to__isnull=true"),
        View("elsewhere", _("On our own machines"), "vendor__isnull=true"),
    )
    material = ("system_version", "environment", "region")
    fieldsets = (
        (_("What runs where"), {"fields": ("system_version", "environment", "region", "endpoint", "vendor")}),
        (_("Dates"), {"fields": ("live_from", "live_to", "notes")}),
    )
    facts = ("region", "endpoint", "live_from")


@register(SystemUse)
class SystemUseRegister(InventoryRegister):
    slug = "system-uses"
    icon = "world"
    group = ""
    natural_key = "reference"
    about = _(
        "A use says that a legal entity or site works with a system: what for, in which legal role, with which approved"
        " version. One system may be used by fourteen hospitals."
    )
    list_display = ("reference", "unit", "system", "ai_act_role", "hipaa_role", "jurisdiction", "live_from", "live_to")
    list_filter = (
        "system",
        "unit",
        "ai_act_role",
        "hipaa_role",
        "jurisdiction",
        "approved_version",
        "live_from",
        "live_to",
    )
    list_select_related = ("unit", "system", "approved_version")
    ordering = ("reference",)
    views = (
        View("deployer", _("We are deployer"), "ai_act_role=deployer&live_to__isnull=true"),
        View("provider", _("We are provider"), "ai_act_role=provider&live_to__isnull=true"),
        View("no-version", _("No approved version"), "approved_version__isnull=true"),
        View("role-unknown", _("EU role unknown"), "ai_act_role=unknown"),
    )
    material = ("intended_use", "ai_act_role", "hipaa_role", "approved_version")
    fieldsets = (
        (_("Who uses what"), {"fields": ("system", "unit", "intended_use", "lead")}),
        (_("Legal roles"), {"fields": ("ai_act_role", "hipaa_role", "jurisdiction", "facts_source")}),
        (_("Version and dates"), {"fields": ("approved_version", "live_from", "live_to")}),
    )
    rail = ("unit", "system", "ai_act_role", "hipaa_role", "jurisdiction", "approved_version", "live_from", "live_to")
    facts = ("ai_act_role", "hipaa_role", "jurisdiction", "live_from", "approved_version", "lead")
