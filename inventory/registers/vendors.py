"""Vendors, sub-processors, agreements and attestations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.filters import VendorFilterSet
from inventory.models import Agreement, AgreementClause, SubProcessor, Vendor, VendorAttestation
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(Vendor)
class VendorRegister(InventoryRegister):
    slug = "vendors"
    filterset = VendorFilterSet
    icon = "building-store"
    about = _(
        "A vendor is an outside organization that supplies, hosts or operates AI for you, or receives data because of"
        " it. Agreements and attestations hang on it, and so does the question who else gets your data."
    )
    list_display = ("name", "kind", "country", "personal_data", "health_data", "trains_on_data", "criticality")
    list_filter = ("kind", "country", "personal_data", "health_data", "trains_on_data", "criticality")
    views = (
        View("health-data", _("Receives health data"), "health_data=yes"),
        View("trains", _("Trains on our data"), "trains_on_data=yes"),
        View("unknown", _("Health data not known"), "health_data=unknown"),
    )
    material = ("personal_data", "health_data", "trains_on_data", "criticality")
    fieldsets = (
        (_("Who it is"), {"fields": ("name", "legal_name", "kind", "country", "website")}),
        (_("Whom to reach"), {"fields": ("security_contact", "manager")}),
        (
            _("Data and dependence"),
            {"fields": ("personal_data", "health_data", "trains_on_data", "criticality", "facts_source")},
        ),
        (_("Notes"), {"fields": ("notes",)}),
    )
    rail = ("kind", "country", "personal_data", "health_data", "trains_on_data", "criticality", "manager")
    related = (
        Related("agreements", "vendor", _("Agreements")),
        Related("vendor-attestations", "vendor", _("Attestations")),
        Related("sub-processors", "vendor", _("Its sub-processors")),
        Related("sub-processors", "processor", _("Stands behind")),
        Related("tools", "vendor", _("Tools")),
        Related("ai-models", "vendor", _("Models")),
        Related("data-flows", "vendor", _("Data flows")),
        Related("data-sources", "vendor", _("Data sources held")),
        Related("deployments", "vendor", _("Deployments hosted")),
        Related("role-assignments", "vendor", _("People")),
    )
    facts = (
        "legal_name",
        "country",
        "personal_data",
        "health_data",
        "trains_on_data",
        "criticality",
        "security_contact",
        "manager",
    )


@register(Agreement)
class AgreementRegister(InventoryRegister):
    slug = "agreements"
    icon = "file-certificate"
    about = _(
        "An agreement is a contract with a vendor: a business associate agreement, data processing terms, AI terms."
        " Its dates and clauses show whether data stands on firm ground."
    )
    list_display = (
        "name",
        "kind",
        "vendor",
        "contracting_unit",
        "effective_on",
        "expires_on",
        "training_allowed",
        "return_or_destruction",
    )
    list_filter = (
        "kind",
        "vendor",
        "contracting_unit",
        "expires_on",
        "training_allowed",
        "subcontractor_flow_down",
        "return_or_destruction",
    )
    list_select_related = ("vendor", "contracting_unit")
    views = (
        View("baa", _("BAAs"), "kind=baa"),
        View("dpa", _("DPAs"), "kind=dpa"),
        View("training", _("Training allowed"), "training_allowed=yes"),
        View("no-end", _("Without an end"), "expires_on__isnull=true"),
    )
    material = (
        "vendor",
        "effective_on",
        "expires_on",
        "training_allowed",
        "subcontractor_flow_down",
        "return_or_destruction",
    )
    fieldsets = (
        (_("What it is"), {"fields": ("name", "kind", "vendor", "contracting_unit", "services_covered")}),
        (_("Dates"), {"fields": ("signed_on", "effective_on", "expires_on", "document_url")}),
        (
            _("What it says about data"),
            {
                "fields": (
                    "training_allowed",
                    "subcontractor_flow_down",
                    "return_or_destruction",
                    "covers_embeddings_and_logs",
                    "notice_hours",
                    "facts_source",
                )
            },
        ),
    )
    rail = ("kind", "vendor", "contracting_unit", "effective_on", "expires_on", "notice_hours")
    related = (
        Related("agreement-clauses", "agreement", _("Clause checklist")),
        Related("data-flows", "agreement", _("Data flows it covers")),
    )
    facts = (
        "contracting_unit",
        "services_covered",
        "signed_on",
        "effective_on",
        "document_url",
        "training_allowed",
        "subcontractor_flow_down",
        "return_or_destruction",
        "covers_embeddings_and_logs",
        "notice_hours",
    )


@register(AgreementClause)
class AgreementClauseRegister(InventoryRegister):
    slug = "agreement-clauses"
    icon = "checklist"
    group = ""
    natural_key = "reference"
    about = _("One line for each clause that somebody looked for in an agreement: is it there, and where.")
    list_display = ("clause", "is_present", "place", "note", "agreement")
    list_filter = ("agreement", "clause", "is_present")
    list_select_related = ("agreement",)
    ordering = ("clause",)
    material = ("is_present",)
    fieldsets = ((_("The clause"), {"fields": ("agreement", "clause", "is_present", "place", "note")}),)


@register(SubProcessor)
class SubProcessorRegister(InventoryRegister):
    slug = "sub-processors"
    icon = "link"
    group = ""
    natural_key = "reference"
    about = _("A sub-processor is a vendor behind your vendor: it may see your data although you never signed with it.")
    list_display = ("reference", "vendor", "processor", "service", "region", "health_data", "valid_from", "valid_to")
    list_filter = ("vendor", "processor", "health_data", "valid_to")
    list_select_related = ("processor", "vendor")
    ordering = ("reference",)
    views = (View("health-data", _("Health data reaches it"), "health_data=yes"),)
    material = ("processor", "region", "health_data")
    fieldsets = (
        (_("Who works for whom"), {"fields": ("vendor", "processor", "service", "region")}),
        (_("Data and dates"), {"fields": ("health_data", "valid_from", "valid_to", "facts_source")}),
    )
    facts = ("service", "region", "health_data", "valid_from")


@register(VendorAttestation)
class VendorAttestationRegister(InventoryRegister):
    slug = "vendor-attestations"
    icon = "certificate"
    group = ""
    natural_key = "reference"
    about = _(
        "An attestation is what a vendor shows of its controls: a SOC 2 report, an ISO certificate. Scope and period"
        " decide whether it covers what you use."
    )
    list_display = ("kind", "vendor", "opinion", "period_from", "period_to", "bridge_letter_to", "reviewed_on")
    list_filter = ("vendor", "kind", "opinion", "period_to", "bridge_letter_to", "reviewed_on")
    list_select_related = ("vendor",)
    ordering = ("kind",)
    views = (
        View("soc2", _("SOC 2 Type II"), "kind=soc2_type2"),
        View("not-read", _("Not read yet"), "reviewed_on__isnull=true"),
    )
    material = ("kind", "period_from", "period_to", "opinion")
    fieldsets = (
        (_("What it is"), {"fields": ("vendor", "kind", "issuer", "scope")}),
        (_("Period"), {"fields": ("period_from", "period_to", "issued_on", "bridge_letter_to")}),
        (
            _("What it says"),
            {"fields": ("opinion", "exceptions", "carve_out", "carved_out", "user_controls")},
        ),
        (_("The file"), {"fields": ("document_url", "sha256", "reviewed_on", "reviewed_by")}),
    )
    statuses = {"opinion": "opinion"}
    rail = ("kind", "vendor", "opinion", "period_from", "period_to", "bridge_letter_to")
    facts = (
        "issuer",
        "scope",
        "period_from",
        "period_to",
        "opinion",
        "carve_out",
        "user_controls",
        "sha256",
        "reviewed_on",
    )
