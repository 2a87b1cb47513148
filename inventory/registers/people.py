"""Role assignments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import RoleAssignment
from inventory.models.people import SUBJECTS
from inventory.registers.base import InventoryRegister
from portal.records.register import View, register


@register(RoleAssignment)
class RoleAssignmentRegister(InventoryRegister):
    slug = "role-assignments"
    icon = "users"
    group = ""
    natural_key = "reference"
    about = _(
        "A role assignment says who answers for what, from when to when, and that this person has accepted it. A live"
        " system without a business owner is a finding."
    )
    list_display = ("role", "system", "unit", "vendor", "valid_from", "valid_to", "accepted_on")
    list_filter = ("role", "person_name", *SUBJECTS, "valid_from", "valid_to", "accepted_on")
    list_select_related = ("person", "deputy", *SUBJECTS)
    ordering = ("role",)
    views = (
        View("owners", _("Business owners"), "role=business_owner&valid_to__isnull=true"),
        View("not-accepted", _("Not accepted yet"), "accepted_on__isnull=true"),
        View("oversight", _("Human oversight"), "role=human_oversight&valid_to__isnull=true"),
    )
    material = ("role", "person")
    fieldsets = (
        (_("Who"), {"fields": ("role", "person", "person_name", "competence")}),
        (
            _("For what"),
            {
                "fields": (*SUBJECTS, "scope"),
                "description": _("Fill in exactly one: a system, unit, vendor, agent, data source or tool."),
            },
        ),
        (_("From when to when"), {"fields": ("valid_from", "valid_to", "accepted_on")}),
        (_("Who stands in"), {"fields": ("deputy", "deputy_name")}),
    )
    rail = ("role", "person", "person_name", "valid_from", "valid_to", "accepted_on", "deputy", "deputy_name")
    facts = ("competence", "scope", "valid_from", "accepted_on")
