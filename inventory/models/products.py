"""Regulated products: medical devices and the like."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import dates_in_order, facts_source, order_constraint, sortable
from inventory.models.systems import AISystem
from inventory.models.vendors import Vendor
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record


class RegulatedProduct(Record):
    """What a system is, or belongs to, under product law: a medical device and its certificate, for one."""

    reference = ReferenceField("PROD")
    name = models.CharField(_("name"), max_length=300, help_text=_("The product's name on its label or certificate."))
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        related_name="regulated_products",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system it is, or is part of."),
    )
    manufacturer = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="regulated_products",
        verbose_name=_("manufacturer"),
        db_index=False,
        help_text=_("Who placed it on the market. Blank if that is you."),
    )
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=choices.RegulatedStatus.choices,
        default=choices.RegulatedStatus.UNKNOWN,
        help_text=_("Whether it may be used as a regulated product."),
    )
    regulation = models.CharField(
        _("regulation"), max_length=200, blank=True, help_text=_("Under which law: (EU) 2017/745, 21 CFR 892.2080.")
    )
    product_class = models.CharField(
        _("class"), max_length=50, blank=True, help_text=_("Its class there: IIa, Class II.")
    )
    identifier = models.CharField(
        _("device identifier"), max_length=200, blank=True, help_text=_("UDI-DI, 510(k) or De Novo number.")
    )
    certificate = models.CharField(
        _("certificate"), max_length=200, blank=True, help_text=_("The certificate's number, and who issued it.")
    )
    certified_on = models.DateField(
        _("certificate from"), null=True, blank=True, help_text=_("The first day it holds.")
    )
    certificate_expires_on = models.DateField(
        _("certificate expires"), null=True, blank=True, help_text=_("The first day on which it no longer holds.")
    )
    intended_population = models.TextField(
        _("intended population"), blank=True, help_text=_("For which patients it was made, and for which not.")
    )
    patient_safety_severity = models.CharField(
        _("patient-safety severity"),
        max_length=20,
        choices=choices.Severity.choices,
        default=choices.Severity.UNKNOWN,
        help_text=_("What harm a wrong output can do to a patient."),
    )
    is_locally_validated = FactField(
        _("validated locally"), help_text=_("Whether it was tried on your own patients and data before use.")
    )
    local_validation = models.TextField(
        _("local validation"), blank=True, help_text=_("Where, when, on how many, with which result.")
    )
    downtime_procedure = models.TextField(
        _("downtime procedure"), blank=True, help_text=_("How the work goes on when it is not there.")
    )
    facts_source = facts_source()
    search = search_field("name", "regulation", "identifier", "certificate", "intended_population")

    class Meta:
        verbose_name = _("regulated product")
        verbose_name_plural = _("regulated products")
        constraints = [order_constraint("certified_on", "certificate_expires_on", period=True)]
        indexes = sortable(
            "name", "system", "manufacturer", "status", "product_class", "certificate_expires_on", search=True
        )

    def clean(self) -> None:
        dates_in_order(self, periods=(("certified_on", "certificate_expires_on"),))
