"""AI systems."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.choices import Declaration, Stage
from inventory.defaults import RISK_CLASS_IDS
from inventory.filters import AISystemFilterSet
from inventory.graph import connections
from inventory.models import AISystem, OpeningBalance
from inventory.opening import regularize_by
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register

_LIVE = "stage=deployment&stage=monitoring&stage=optimization"


@register(AISystem)
class AISystemRegister(InventoryRegister):
    slug = "ai-systems"
    icon = "stack-2"
    about = _(
        "An AI system is something that is used for a purpose: not the product you bought, but what you do with it."
        " Everything else hangs on it: owners, versions, data, vendors, approvals and evidence."
    )
    list_display = ("name", "unit", "stage", "risk_class", "health_data", "live_on", "next_review_on")
    list_filter = (
        "unit",
        "stage",
        "risk_class",
        "kind",
        "build",
        "operated_by",
        "autonomy",
        "public_facing",
        "personal_data",
        "health_data",
        "criticality",
        "tier",
        "live_on",
        "next_review_on",
        "declaration",
        "regularize_by",
    )
    list_columns = ("declaration", "regularize_by")
    list_select_related = ("unit", "risk_class")
    statuses = {"stage": "stage", "risk_class": "risk"}
    gated_fields = ("stage", "risk_class")
    filterset = AISystemFilterSet
    views = (
        View("live-health", _("Live with health data"), f"{_LIVE}&health_data=yes"),
        View("high-risk", _("High risk"), f"risk_class={RISK_CLASS_IDS['high']}"),
        View("not-classified", _("Not classified"), "risk_class__isnull=true"),
        View("opening", _("Opening backlog"), "declaration=opening&regularize_by__isnull=false&sort=regularize_by"),
        View("live", _("Live"), _LIVE),
    )
    material = ("purpose", "unit", "stage", "risk_class", "autonomy", "personal_data", "health_data")
    fieldsets = (
        (
            _("What it is for"),
            {"fields": ("name", "purpose", "problem", "expected_benefit", "outputs", "kind", "topic", "unit")},
        ),
        (
            _("Life cycle"),
            {
                "fields": ("stage", "initiated_on", "development_started_on", "live_on", "retired_on"),
                "description": _("Once the opening balance is closed, stages change by request only."),
            },
        ),
        (_("How it is built and run"), {"fields": ("build", "operated_by")}),
        (
            _("People and autonomy"),
            {"fields": ("affected_persons", "user_band", "autonomy", "public_facing", "criticality")},
        ),
        (_("Data"), {"fields": ("personal_data", "health_data", "facts_source")}),
        (_("Risk and review"), {"fields": ("risk_class", "tier", "next_review_on")}),
    )
    rail = (
        "unit",
        "kind",
        "topic",
        "build",
        "operated_by",
        "autonomy",
        "user_band",
        "public_facing",
        "personal_data",
        "health_data",
        "criticality",
        "tier",
        "live_on",
        "next_review_on",
        "declaration",
        "regularize_by",
        "opening_batch",
    )
    related = (
        Related("system-uses", "system", _("Where it is used")),
        Related("system-versions", "system", _("Versions")),
        Related("role-assignments", "system", _("People")),
        Related("data-flows", "system", _("Data flows")),
        Related("system-tools", "system", _("Tools it runs through")),
        Related("agents", "system", _("Agents")),
        Related("regulated-products", "system", _("Regulated products")),
    )
    facts = (
        "purpose",
        "outputs",
        "unit",
        "affected_persons",
        "autonomy",
        "personal_data",
        "health_data",
        "live_on",
        "risk_class",
    )

    def opening_values(self, record: Any, batch: Any) -> dict[str, Any]:
        """What a system of an opening import gets: its standing, the import, and a date by its risk."""
        due = None if record.stage == Stage.RETIREMENT else regularize_by(record.risk_class_id, batch.created_at.date())
        return {"declaration": Declaration.OPENING, "opening_batch": batch, "regularize_by": due}

    def gate_is_shut(self) -> bool:
        """Once the opening is closed, only gates and classification write stage and risk class."""
        return OpeningBalance.is_closed()

    def panels(self, record: Any, user: Any) -> list[tuple[str, dict[str, Any]]]:
        """What it is connected to; and, for a system of the opening balance, what that means."""
        panels: list[tuple[str, dict[str, Any]]] = []
        drawing = connections(record, user)
        if drawing:
            panels.append(("inventory/partials/_graph.html", {"place": "main", "connections": drawing}))
        if record.declaration == Declaration.OPENING:
            panels.insert(0, ("inventory/partials/_opening.html", {"place": "note", "system": record}))
        return [*panels, *super().panels(record, user)]
