"""Data sources, and the flows of data into and out of systems."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import (
    dates_in_order,
    facts_source,
    joined,
    must_differ,
    not_itself,
    order_constraint,
    sortable,
)
from inventory.models.systems import AISystem
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Agreement, Vendor
from inventory.models.versions import SystemVersion
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record
from portal.retention.personal import PersonalData

_OWN_UPSTREAM = _("A data source cannot be its own upstream.")
_NO_END = _("Say where the data comes from or goes to: a data source, a unit, a vendor, or in words.")


class DataSource(Record):
    """A place where data is kept: a database, a stream, a set of files, an index of documents."""

    personal_fields = (PersonalData(names=("owner",)),)

    reference = ReferenceField("DS")
    name = models.CharField(_("name"), max_length=300, help_text=_("What colleagues would look for."))
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=choices.DataSourceKind.choices,
        default=choices.DataSourceKind.UNKNOWN,
        help_text=_("What kind of place it is."),
    )
    description = models.TextField(_("description"), blank=True, help_text=_("What it holds, in two sentences."))
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_sources",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The unit that owns the data."),
    )
    owner = models.CharField(_("data owner"), max_length=200, blank=True, help_text=_("Who answers for the data."))
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_sources",
        verbose_name=_("held by vendor"),
        db_index=False,
        help_text=_("The vendor that keeps it. Blank if you keep it yourself."),
    )
    embedding_model = models.CharField(
        _("embedding model"),
        max_length=300,
        blank=True,
        help_text=_("For a document index: the model and version that made its vectors."),
    )
    classification = models.CharField(
        _("classification"),
        max_length=20,
        choices=choices.Classification.choices,
        default=choices.Classification.UNKNOWN,
        help_text=_("How confidential it is."),
    )
    personal_data = FactField(
        _("personal data"), help_text=_("Whether it holds data about people who can be identified.")
    )
    special_category_data = FactField(
        _("special-category data"),
        help_text=_("Whether it holds data of Article 9 GDPR: health, origin, beliefs, biometrics and the like."),
    )
    health_data = FactField(
        _("health data"), help_text=_("Whether it holds data about the health of people who can be identified.")
    )
    residency = models.CharField(
        _("residency"), max_length=200, blank=True, help_text=_("In which countries or regions it is kept.")
    )
    legal_basis = models.TextField(
        _("legal basis"), blank=True, help_text=_("What permits its use: the law, a consent, a contract.")
    )
    retention = models.CharField(
        _("retention"), max_length=200, blank=True, help_text=_("How long it is kept, and what happens then.")
    )
    upstream = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="downstream",
        verbose_name=_("upstream"),
        help_text=_("The data source it is filled from."),
    )
    refresh_promise = models.CharField(
        _("refresh promise"), max_length=200, blank=True, help_text=_("How often it is brought up to date.")
    )
    last_refreshed_on = models.DateField(
        _("last refreshed"), null=True, blank=True, help_text=_("When it last was brought up to date.")
    )
    licence = models.CharField(
        _("license"), max_length=300, blank=True, help_text=_("Under which terms you may use it, if it is not yours.")
    )
    facts_source = facts_source()
    search = search_field("name", "description", "owner", "residency", "legal_basis")

    class Meta:
        verbose_name = _("data source")
        verbose_name_plural = _("data sources")
        constraints = [not_itself("upstream", _OWN_UPSTREAM)]
        indexes = sortable(
            "name",
            "kind",
            "unit",
            "vendor",
            "classification",
            "health_data",
            "residency",
            "last_refreshed_on",
            search=True,
        )

    def clean(self) -> None:
        must_differ(self, "pk", "upstream", _OWN_UPSTREAM)


class DataFlow(Record):
    """Data goes into a system, or out of it: which, why, to whom, and what covers it."""

    reference = ReferenceField("FLOW")
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        related_name="data_flows",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system that reads or sends."),
    )
    system_version = models.ForeignKey(
        SystemVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_flows",
        verbose_name=_("system version"),
        db_index=False,
        help_text=_("The release it holds for. Blank if it holds for all."),
    )
    direction = models.CharField(
        _("direction"),
        max_length=10,
        choices=choices.FlowDirection.choices,
        help_text=_("What the system does with it."),
    )
    data_source = models.ForeignKey(
        DataSource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="flows",
        verbose_name=_("data source"),
        db_index=False,
        help_text=_("Where the data comes from, or where it is written."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_flows",
        verbose_name=_("unit at the other end"),
        db_index=False,
        help_text=_("The unit of yours that gives or receives it."),
    )
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_flows",
        verbose_name=_("vendor at the other end"),
        db_index=False,
        help_text=_("The vendor that gives or receives it."),
    )
    other_end = models.CharField(
        _("other end in words"), max_length=300, blank=True, help_text=_("Who or what else is at the other end.")
    )
    categories = models.TextField(
        _("categories of data"), blank=True, help_text=_("Which data flows: vital signs, names, invoices.")
    )
    personal_data = FactField(_("personal data"), help_text=_("Whether people can be identified in it."))
    health_data = FactField(_("health data"), help_text=_("Whether it tells something about people's health."))
    purpose = models.TextField(_("purpose"), blank=True, help_text=_("What the data is needed for."))
    permission_basis = models.TextField(
        _("permission basis"),
        blank=True,
        help_text=_("What permits it: treatment, payment or operations; consent; Article 6 or 9 GDPR; a contract."),
    )
    minimum_necessary = models.TextField(
        _("minimum necessary"), blank=True, help_text=_("Why no less data would do, or what was left out.")
    )
    region = models.CharField(
        _("region"), max_length=100, blank=True, help_text=_("Where the data goes or is handled.")
    )
    agreement = models.ForeignKey(
        Agreement,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="data_flows",
        verbose_name=_("covering agreement"),
        db_index=False,
        help_text=_("The agreement with the vendor that covers it."),
    )
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day it flows."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer does. Blank while it does.")
    )
    facts_source = facts_source()

    class Meta:
        verbose_name = _("data flow")
        verbose_name_plural = _("data flows")
        constraints = [
            order_constraint("valid_from", "valid_to", period=True),
            models.CheckConstraint(
                condition=Q(data_source__isnull=False)
                | Q(unit__isnull=False)
                | Q(vendor__isnull=False)
                | ~Q(other_end=""),
                name="dataflow_has_another_end",
                violation_error_message=_NO_END,
            ),
        ]
        indexes = sortable(
            "system",
            "system_version",
            "direction",
            "data_source",
            "unit",
            "vendor",
            "health_data",
            "region",
            "agreement",
            "valid_from",
            "valid_to",
        )

    def __str__(self) -> str:
        return joined(self.get_direction_display(), self.data_source or self.other_end or self.vendor or self.unit)

    def clean(self) -> None:
        if not (self.data_source_id or self.unit_id or self.vendor_id or self.other_end):
            raise ValidationError({"data_source": _NO_END})
        dates_in_order(self, periods=(("valid_from", "valid_to"),))
