"""Risk classes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import RiskClass
from portal.records.register import Register, Related, register


@register(RiskClass)
class RiskClassRegister(Register):
    slug = "risk-classes"
    icon = "alert-triangle"
    group = "governance"
    about = _(
        "A risk class says what systems of that risk oblige you to do: how often they are reviewed, who approves"
        " them, what is assessed and watched."
    )
    list_display = ("name", "order", "review_interval_days", "approvals", "citation")
    ordering = ("order",)
    material = ("meaning", "review_interval_days", "approvals", "assessments")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "key", "order", "meaning", "citation")}),
        (_("What it obliges"), {"fields": ("review_interval_days", "approvals", "assessments", "monitoring")}),
    )
    related = (Related("ai-systems", "risk_class", _("Systems of this class")),)
    facts = ("meaning", "citation", "review_interval_days", "approvals", "assessments", "monitoring")
