"""Organization units."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import OrganizationUnit
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(OrganizationUnit)
class OrganizationUnitRegister(InventoryRegister):
    slug = "organization-units"
    icon = "hierarchy-2"
    about = _(
        "Units are the parts of your organization: companies, hospitals, departments. Every AI system belongs to one,"
        " so that it is always clear who answers for it."
    )
    list_display = ("name", "code", "parent", "head", "is_legal_entity", "country", "hipaa_role")
    list_filter = ("parent", "is_legal_entity", "country", "hipaa_role")
    list_select_related = ("parent",)
    views = (
        View("legal-entities", _("Legal entities"), "is_legal_entity=yes"),
        View("top", _("Top level"), "parent__isnull=true"),
        View("covered-entities", _("Covered entities"), "hipaa_role=covered_entity"),
    )
    material = ("parent", "is_legal_entity", "hipaa_role")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "code", "parent", "head")}),
        (
            _("Legal identity"),
            {"fields": ("is_legal_entity", "legal_name", "country", "hipaa_role", "facts_source")},
        ),
    )
    rail = ("code", "parent", "head", "is_legal_entity", "country", "hipaa_role")
    related = (
        Related("organization-units", "parent", _("Units below")),
        Related("ai-systems", "unit", _("AI systems")),
        Related("system-uses", "unit", _("Systems used here")),
        Related("role-assignments", "unit", _("People")),
        Related("data-sources", "unit", _("Data sources")),
        Related("agreements", "contracting_unit", _("Agreements")),
    )
    facts = ("code", "head", "is_legal_entity", "country", "hipaa_role")
