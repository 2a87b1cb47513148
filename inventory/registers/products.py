"""Regulated products."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import RegulatedProduct
from inventory.registers.base import InventoryRegister
from portal.records.register import View, register


@register(RegulatedProduct)
class RegulatedProductRegister(InventoryRegister):
    slug = "regulated-products"
    icon = "device-heart-monitor"
    group = ""
    about = _(
        "A regulated product is a medical device or the like that a system is, or belongs to: its class, certificate"
        " and expiry, whom it was made for, and what happens when it is down."
    )
    list_display = (
        "name",
        "system",
        "manufacturer",
        "status",
        "product_class",
        "certificate_expires_on",
        "is_locally_validated",
    )
    list_filter = (
        "system",
        "manufacturer",
        "status",
        "product_class",
        "certificate_expires_on",
        "patient_safety_severity",
        "is_locally_validated",
    )
    list_select_related = ("system", "manufacturer")
    statuses = {"status": "regulated"}
    views = (
        View("not-validated", _("Not validated locally"), "is_locally_validated=no&is_locally_validated=unknown"),
        View("assessment", _("Under assessment"), "status=assessment"),
    )
    material = ("status", "product_class", "certificate_expires_on")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "system", "manufacturer", "identifier")}),
        (
            _("What the law says"),
            {
                "fields": (
                    "status",
                    "regulation",
                    "product_class",
                    "certificate",
                    "certified_on",
                    "certificate_expires_on",
                )
            },
        ),
        (_("Patients"), {"fields": ("intended_population", "patient_safety_severity")}),
        (
            _("Use at your sites"),
            {"fields": ("is_locally_validated", "local_validation", "downtime_procedure", "facts_source")},
        ),
    )
    rail = ("system", "manufacturer", "product_class", "certificate", "certified_on", "certificate_expires_on")
    facts = (
        "regulation",
        "product_class",
        "certificate",
        "certificate_expires_on",
        "intended_population",
        "patient_safety_severity",
        "is_locally_validated",
        "downtime_procedure",
    )
