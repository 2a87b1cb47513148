"""Tools, and the systems that run through them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import SystemTool, Tool
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(Tool)
class ToolRegister(InventoryRegister):
    slug = "tools"
    icon = "tool"
    about = _(
        "A tool is a product that you buy or license. What it is used for is an AI system: one tool can serve many"
        " systems. Here stands whether colleagues may use it, and with which data."
    )
    list_display = ("name", "vendor", "category", "status", "allowed_data", "health_data_allowed", "users")
    list_filter = (
        "vendor",
        "unit",
        "category",
        "status",
        "allowed_data",
        "health_data_allowed",
        "trains_on_inputs",
    )
    list_select_related = ("vendor", "unit")
    statuses = {"status": "tool"}
    views = (
        View("approved", _("Approved"), "status=approved"),
        View("review", _("Under review"), "status=under_review"),
        View("prohibited", _("Prohibited"), "status=prohibited"),
        View("trains", _("Trains on inputs"), "trains_on_inputs=yes"),
    )
    material = ("status", "allowed_data", "health_data_allowed", "trains_on_inputs")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "description", "category", "vendor", "unit", "website")}),
        (
            _("What is allowed"),
            {"fields": ("status", "restrictions", "allowed_data", "health_data_allowed", "trains_on_inputs")},
        ),
        (_("How many"), {"fields": ("licences", "users", "facts_source")}),
    )
    rail = (
        "vendor",
        "unit",
        "category",
        "allowed_data",
        "health_data_allowed",
        "trains_on_inputs",
        "licences",
        "users",
    )
    related = (
        Related("system-tools", "tool", _("Systems that run through it")),
        Related("agent-tools", "tool", _("Agents that may use it")),
        Related("role-assignments", "tool", _("People")),
    )
    facts = ("vendor", "category", "allowed_data", "health_data_allowed", "trains_on_inputs", "users")


@register(SystemTool)
class SystemToolRegister(InventoryRegister):
    slug = "system-tools"
    icon = "link"
    group = ""
    natural_key = "reference"
    about = _("Which AI system runs through which tool.")
    list_display = ("reference", "tool", "system", "purpose", "valid_from", "valid_to")
    list_filter = ("system", "tool", "valid_from", "valid_to")
    list_select_related = ("tool", "system")
    ordering = ("reference",)
    material = ("system", "tool")
    fieldsets = (
        (_("The link"), {"fields": ("system", "tool", "purpose")}),
        (_("Dates"), {"fields": ("valid_from", "valid_to", "notes")}),
    )
