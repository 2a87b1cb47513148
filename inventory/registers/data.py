"""Data sources and data flows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import DataFlow, DataSource
from inventory.registers.base import InventoryRegister
from portal.records.register import Related, View, register


@register(DataSource)
class DataSourceRegister(InventoryRegister):
    slug = "data-sources"
    icon = "database"
    about = _(
        "A data source is a place where data is kept: a database, a stream, a document index. What may be done with it,"
        " where it lies and who owns it decides much about the systems that read it."
    )
    list_display = ("name", "kind", "unit", "vendor", "classification", "health_data", "last_refreshed_on")
    list_filter = (
        "kind",
        "unit",
        "vendor",
        "classification",
        "personal_data",
        "special_category_data",
        "health_data",
        "last_refreshed_on",
    )
    list_select_related = ("unit", "vendor")
    views = (
        View("health-data", _("Health data"), "health_data=yes"),
        View("index", _("Document indexes"), "kind=document_index"),
        View("health-unknown", _("Health data not known"), "health_data=unknown"),
    )
    material = ("classification", "personal_data", "special_category_data", "health_data", "legal_basis")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "kind", "description", "embedding_model")}),
        (_("Who keeps it"), {"fields": ("unit", "owner", "vendor", "residency")}),
        (
            _("What may be done with it"),
            {
                "fields": (
                    "classification",
                    "personal_data",
                    "special_category_data",
                    "health_data",
                    "legal_basis",
                    "retention",
                    "licence",
                    "facts_source",
                )
            },
        ),
        (_("How fresh it is"), {"fields": ("upstream", "refresh_promise", "last_refreshed_on")}),
    )
    rail = (
        "kind",
        "unit",
        "owner",
        "vendor",
        "residency",
        "classification",
        "personal_data",
        "special_category_data",
        "health_data",
        "last_refreshed_on",
    )
    related = (
        Related("data-flows", "data_source", _("Systems that use it")),
        Related("data-sources", "upstream", _("Filled from it")),
        Related("role-assignments", "data_source", _("People")),
    )
    facts = (
        "owner",
        "classification",
        "personal_data",
        "special_category_data",
        "health_data",
        "residency",
        "legal_basis",
        "retention",
        "last_refreshed_on",
    )


@register(DataFlow)
class DataFlowRegister(InventoryRegister):
    slug = "data-flows"
    icon = "arrows-exchange"
    group = ""
    natural_key = "reference"
    about = _(
        "A data flow says which data goes into a system or out of it, why, to whom, and which agreement covers it."
    )
    list_display = ("direction", "system", "data_source", "vendor", "health_data", "region", "agreement", "valid_to")
    list_filter = (
        "system",
        "system_version",
        "direction",
        "data_source",
        "unit",
        "vendor",
        "personal_data",
        "health_data",
        "region",
        "agreement",
        "valid_from",
        "valid_to",
    )
    list_select_related = ("system", "data_source", "vendor", "unit", "agreement")
    ordering = ("direction",)
    views = (
        View(
            "uncovered",
            _("Health data at a vendor without an agreement"),
            "health_data=yes&vendor__isnull=false&agreement__isnull=true",
        ),
        View("sends", _("Goes out"), "direction=sends"),
        View("training", _("Training"), "direction=training"),
    )
    material = ("data_source", "vendor", "personal_data", "health_data", "region", "agreement")
    fieldsets = (
        (
            _("From where to where"),
            {
                "fields": (
                    "system",
                    "system_version",
                    "direction",
                    "data_source",
                    "unit",
                    "vendor",
                    "other_end",
                    "region",
                )
            },
        ),
        (_("Which data"), {"fields": ("categories", "personal_data", "health_data", "minimum_necessary")}),
        (_("Why it may flow"), {"fields": ("purpose", "permission_basis", "agreement", "facts_source")}),
        (_("Dates"), {"fields": ("valid_from", "valid_to")}),
    )
    rail = (
        "system",
        "system_version",
        "data_source",
        "unit",
        "vendor",
        "region",
        "agreement",
        "valid_from",
        "valid_to",
    )
    facts = (
        "categories",
        "personal_data",
        "health_data",
        "purpose",
        "permission_basis",
        "minimum_necessary",
        "region",
    )
