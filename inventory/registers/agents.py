"""Agents, their tools and whom they may call."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import Agent, AgentCall, AgentTool
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(Agent)
class AgentRegister(InventoryRegister):
    slug = "agents"
    icon = "robot"
    about = _(
        "An agent acts through tools on somebody's behalf. Here stands who answers for it, how far it may go, what it"
        " may spend and how it is stopped."
    )
    list_display = ("name", "system", "unit", "autonomy_level", "can_be_stopped", "spend_limit", "live_on")
    list_filter = ("system", "unit", "autonomy_level", "can_be_stopped", "is_logged", "live_on", "retired_on")
    list_select_related = ("system", "unit", "sponsor")
    views = (
        View("autonomous", _("Acts on its own"), "autonomy_level=autonomous"),
        View("no-system", _("Without a system"), "system__isnull=true"),
        View("no-stop", _("Stop not tried"), "can_be_stopped=no&can_be_stopped=unknown"),
    )
    material = ("system", "autonomy_level", "can_be_stopped", "spend_limit")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "task", "system", "unit")}),
        (_("Who answers for it"), {"fields": ("sponsor", "sponsor_name", "escalation_contact")}),
        (_("How far it goes"), {"fields": ("autonomy_level", "identity", "can_be_stopped", "is_logged")}),
        (_("What it may spend"), {"fields": ("spend_limit", "spend_currency", "spend_period")}),
        (_("Dates"), {"fields": ("live_on", "retired_on", "facts_source")}),
    )
    rail = ("system", "unit", "autonomy_level", "can_be_stopped", "is_logged", "live_on", "retired_on")
    related = (
        Related("agent-tools", "agent", _("Tools it may use")),
        Related("agent-calls", "caller", _("Agents it may call")),
        Related("agent-calls", "callee", _("Agents that may call it")),
        Related("role-assignments", "agent", _("People")),
    )
    facts = ("system", "task", "autonomy_level", "identity", "can_be_stopped", "is_logged", "escalation_contact")


@register(AgentTool)
class AgentToolRegister(InventoryRegister):
    slug = "agent-tools"
    icon = "link"
    group = ""
    natural_key = "reference"
    about = _("Which tool an agent may use, and what it may do there.")
    list_display = ("reference", "agent", "tool", "scopes", "may_write", "needs_confirmation", "valid_to")
    list_filter = ("agent", "tool", "may_write", "needs_confirmation", "valid_from", "valid_to")
    list_select_related = ("agent", "tool")
    ordering = ("reference",)
    views = (View("writes", _("May change things"), "may_write=yes"),)
    material = ("scopes", "may_write", "needs_confirmation")
    fieldsets = (
        (_("The permission"), {"fields": ("agent", "tool", "scopes", "may_write", "needs_confirmation")}),
        (_("Dates"), {"fields": ("valid_from", "valid_to")}),
    )
    facts = ("scopes", "may_write", "needs_confirmation")


@register(AgentCall)
class AgentCallRegister(InventoryRegister):
    slug = "agent-calls"
    icon = "link"
    group = ""
    natural_key = "reference"
    about = _("Which agent may hand work on to which other.")
    list_display = ("reference", "caller", "callee", "purpose", "valid_from", "valid_to")
    list_filter = ("caller", "callee", "valid_from", "valid_to")
    list_select_related = ("caller", "callee")
    ordering = ("reference",)
    material = ("caller", "callee")
    fieldsets = ((_("The permission"), {"fields": ("caller", "callee", "purpose", "valid_from", "valid_to")}),)
