"""Vendors, whom they rely on, what was agreed with them, and what they can show."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import (
    COUNTRY,
    SHA256,
    dates_in_order,
    facts_source,
    joined,
    must_differ,
    notes,
    order_constraint,
    sortable,
)
from inventory.models.units import OrganizationUnit
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record
from portal.retention.personal import PersonalData

_OWN_SUPPLIER = _("A vendor cannot be its own sub-processor.")


class Vendor(Record):
    """An outside organization that supplies, hosts or operates AI, or receives data because of it."""

    personal_fields = (PersonalData(names=("manager",), texts=("security_contact",)),)

    reference = ReferenceField("VEN")
    name = models.CharField(_("name"), max_length=300, help_text=_("The name your colleagues use."))
    legal_name = models.CharField(
        _("legal name"), max_length=300, blank=True, help_text=_("The company that contracts with you.")
    )
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=choices.VendorKind.choices,
        default=choices.VendorKind.UNKNOWN,
        help_text=_("What it mainly supplies to you."),
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[COUNTRY],
        help_text=_("Where it is established, as two letters: US, IE, DE."),
    )
    website = models.URLField(_("website"), max_length=500, blank=True, help_text=_("Its public website."))
    security_contact = models.CharField(
        _("security contact"),
        max_length=300,
        blank=True,
        help_text=_("Whom to reach about an incident: a name, an address or a telephone number."),
    )
    manager = models.CharField(
        _("vendor manager"), max_length=200, blank=True, help_text=_("Who looks after this vendor on your side.")
    )
    personal_data = FactField(
        _("personal data"), help_text=_("Whether it receives data about people who can be identified.")
    )
    health_data = FactField(
        _("health data"), help_text=_("Whether it receives data about the health of people who can be identified.")
    )
    trains_on_data = FactField(
        _("trains on our data"), help_text=_("Whether it uses your data to train or improve its models.")
    )
    criticality = models.CharField(
        _("criticality"),
        max_length=20,
        choices=choices.Criticality.choices,
        default=choices.Criticality.UNKNOWN,
        help_text=_("How badly your work would suffer if it failed or stopped its service."),
    )
    facts_source = facts_source()
    notes = notes()
    search = search_field("name", "legal_name", "website", "notes")

    class Meta:
        verbose_name = _("vendor")
        verbose_name_plural = _("vendors")
        indexes = sortable("name", "kind", "country", "personal_data", "health_data", "criticality", search=True)


class SubProcessor(Record):
    """One vendor relies on another to deliver a service to you."""

    reference = ReferenceField("SUB")
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        related_name="sub_processors",
        verbose_name=_("vendor"),
        db_index=False,
        help_text=_("The vendor you deal with."),
    )
    processor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        related_name="processes_for",
        verbose_name=_("sub-processor"),
        db_index=False,
        help_text=_("The vendor behind it."),
    )
    service = models.CharField(
        _("service"), max_length=300, blank=True, help_text=_("What the sub-processor does, for example hosting.")
    )
    region = models.CharField(
        _("region"), max_length=100, blank=True, help_text=_("Where it handles data, for example us-east or EU.")
    )
    health_data = FactField(_("health data"), help_text=_("Whether health data of yours reaches it."))
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day of this relation."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer holds. Blank while it does.")
    )
    facts_source = facts_source()

    class Meta:
        verbose_name = _("sub-processor")
        verbose_name_plural = _("sub-processors")
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "processor", "service", "region"],
                name="one_sub_processor_per_service",
                violation_error_message=_("This vendor has this sub-processor for this service and region already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(vendor=models.F("processor")),
                name="subprocessor_is_another_vendor",
                violation_error_message=_OWN_SUPPLIER,
            ),
            order_constraint("valid_from", "valid_to", period=True),
        ]
        indexes = sortable("processor", "vendor", "service", "region", "health_data")

    def __str__(self) -> str:
        return joined(self.processor, self.service)

    def clean(self) -> None:
        must_differ(self, "vendor", "processor", _OWN_SUPPLIER)
        dates_in_order(self, periods=(("valid_from", "valid_to"),))


class Agreement(Record):
    """A contract with a vendor, and what it says about data and AI."""

    reference = ReferenceField("AGR")
    name = models.CharField(
        _("name"), max_length=300, help_text=_("As you would look for it, for example “BAA with Meridian, 2025”.")
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=choices.AgreementKind.choices, help_text=_("What kind of contract it is.")
    )
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        related_name="agreements",
        verbose_name=_("vendor"),
        db_index=False,
        help_text=_("The other side."),
    )
    contracting_unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("our contracting entity"),
        db_index=False,
        help_text=_("The legal entity of yours that signed."),
    )
    services_covered = models.TextField(
        _("services covered"), blank=True, help_text=_("Which products and services it covers.")
    )
    signed_on = models.DateField(_("signed"), null=True, blank=True, help_text=_("The day the last party signed."))
    effective_on = models.DateField(_("effective"), null=True, blank=True, help_text=_("The first day it holds."))
    expires_on = models.DateField(
        _("expires"),
        null=True,
        blank=True,
        help_text=_("The first day on which it no longer holds. Blank where it has no end."),
    )
    document_url = models.URLField(
        _("document"), max_length=1000, blank=True, help_text=_("Where the signed text is kept.")
    )
    training_allowed = FactField(
        _("training on our data allowed"), help_text=_("Whether the vendor may use your data to train its models.")
    )
    subcontractor_flow_down = FactField(
        _("subcontractor flow-down"), help_text=_("Whether its subcontractors are bound by the same terms.")
    )
    return_or_destruction = FactField(
        _("return or destruction"), help_text=_("Whether data is returned or destroyed at the end.")
    )
    covers_embeddings_and_logs = FactField(
        _("including embeddings and logs"),
        help_text=_("Whether return or destruction also covers embeddings, caches and logs."),
    )
    notice_hours = models.PositiveIntegerField(
        _("notice of incidents (hours)"),
        null=True,
        blank=True,
        help_text=_("Within how many hours the vendor has to tell you about an incident."),
    )
    facts_source = facts_source()
    search = search_field("name", "services_covered")

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = [order_constraint("effective_on", "expires_on", period=True)]
        indexes = sortable(
            "name", "kind", "vendor", "contracting_unit", "effective_on", "expires_on", "training_allowed", search=True
        )

    def clean(self) -> None:
        dates_in_order(self, periods=(("effective_on", "expires_on"),))


class AgreementClause(Record):
    """One line of an agreement's checklist: is the clause there, and where."""

    reference = ReferenceField("CLS")
    agreement = models.ForeignKey(
        Agreement,
        models.PROTECT,
        related_name="clauses",
        verbose_name=_("agreement"),
        db_index=False,
        help_text=_("The agreement that was read."),
    )
    clause = models.CharField(
        _("clause"), max_length=30, choices=choices.Clause.choices, help_text=_("What the clause is about.")
    )
    is_present = FactField(_("present"), help_text=_("Whether the agreement says it in a way you accept."))
    place = models.CharField(_("place"), max_length=100, blank=True, help_text=_("Where it stands: “section 4.2”."))
    note = models.TextField(_("note"), blank=True, help_text=_("What it says, or what is missing."))

    class Meta:
        verbose_name = _("agreement clause")
        verbose_name_plural = _("agreement clauses")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "clause"],
                name="one_line_per_clause",
                violation_error_message=_("This agreement's checklist has this clause already."),
            )
        ]
        indexes = sortable("clause", "agreement", "is_present")

    def __str__(self) -> str:
        return str(self.get_clause_display())


class VendorAttestation(Record):
    """What a vendor shows of its controls: an audit report, a certificate, a bridge letter."""

    personal_fields = (PersonalData(names=("reviewed_by",)),)

    reference = ReferenceField("ATT")
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        related_name="attestations",
        verbose_name=_("vendor"),
        db_index=False,
        help_text=_("Whose controls it is about."),
    )
    kind = models.CharField(
        _("attestation"), max_length=20, choices=choices.AttestationKind.choices, help_text=_("What was handed over.")
    )
    issuer = models.CharField(
        _("issued by"), max_length=300, blank=True, help_text=_("The auditor or certification body.")
    )
    scope = models.TextField(
        _("scope"), blank=True, help_text=_("Which services and criteria it covers. Is your service among them?")
    )
    period_from = models.DateField(
        _("period from"), null=True, blank=True, help_text=_("The first day examined, or of the certificate.")
    )
    period_to = models.DateField(
        _("period to"), null=True, blank=True, help_text=_("The day after the last one examined or certified.")
    )
    issued_on = models.DateField(_("issued"), null=True, blank=True, help_text=_("The date of the report."))
    opinion = models.CharField(
        _("opinion"),
        max_length=20,
        choices=choices.Opinion.choices,
        default=choices.Opinion.UNKNOWN,
        help_text=_("What the auditor concluded."),
    )
    exceptions = models.TextField(_("exceptions"), blank=True, help_text=_("Deviations the report names."))
    carve_out = models.CharField(
        _("subservice organizations"),
        max_length=20,
        choices=choices.CarveOut.choices,
        default=choices.CarveOut.UNKNOWN,
        help_text=_("Whether the vendor's own suppliers are inside the examination."),
    )
    carved_out = models.TextField(_("carve-outs"), blank=True, help_text=_("Which suppliers are left out."))
    user_controls = models.TextField(
        _("complementary user controls"), blank=True, help_text=_("What the report expects you to do yourself.")
    )
    bridge_letter_to = models.DateField(
        _("bridge letter to"),
        null=True,
        blank=True,
        help_text=_("Until when a bridge letter covers the time after the period."),
    )
    document_url = models.URLField(_("document"), max_length=1000, blank=True, help_text=_("Where the file is kept."))
    sha256 = models.CharField(
        "SHA-256",
        max_length=64,
        blank=True,
        validators=[SHA256],
        help_text=_("The digest of the file, so that nobody can exchange it unnoticed."),
    )
    reviewed_on = models.DateField(
        _("reviewed"), null=True, blank=True, help_text=_("When somebody of yours last read it.")
    )
    reviewed_by = models.CharField(_("reviewed by"), max_length=200, blank=True, help_text=_("Who read it."))

    class Meta:
        verbose_name = _("vendor attestation")
        verbose_name_plural = _("vendor attestations")
        constraints = [
            order_constraint("period_from", "period_to", period=True),
            order_constraint("period_to", "bridge_letter_to"),
            models.CheckConstraint(
                condition=models.Q(sha256="") | models.Q(sha256__regex=r"^[0-9a-f]{64}$"),
                name="vendorattestation_sha256_form",
                violation_error_message=_("A SHA-256 is 64 hexadecimal digits in lower case."),
            ),
        ]
        indexes = sortable("kind", "vendor", "opinion", "period_to", "bridge_letter_to", "reviewed_on")

    def __str__(self) -> str:
        return joined(self.get_kind_display(), self.vendor)

    def clean(self) -> None:
        dates_in_order(self, ("period_to", "bridge_letter_to"), periods=(("period_from", "period_to"),))
        if self.carved_out and self.carve_out == choices.CarveOut.NONE:
            raise ValidationError({"carved_out": _("You said above that there are none.")})
