"""Tools: what is bought. What a tool is used for is an AI system."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import dates_in_order, facts_source, joined, notes, order_constraint, sortable
from inventory.models.systems import AISystem
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Vendor
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record


class Tool(Record):
    """A product that is bought or licensed. One tool can serve many AI systems, or none."""

    reference = ReferenceField("TOOL")
    name = models.CharField(_("name"), max_length=300, help_text=_("The product's name."))
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tools",
        verbose_name=_("vendor"),
        db_index=False,
        help_text=_("Who sells it."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tools",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The unit that looks after it."),
    )
    category = models.CharField(
        _("category"),
        max_length=20,
        choices=choices.ToolCategory.choices,
        default=choices.ToolCategory.UNKNOWN,
        help_text=_("What kind of product it is."),
    )
    description = models.TextField(_("description"), blank=True, help_text=_("What it does, in two sentences."))
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=choices.ToolStatus.choices,
        default=choices.ToolStatus.UNDER_REVIEW,
        help_text=_("Whether colleagues may use it."),
    )
    restrictions = models.TextField(
        _("restrictions"), blank=True, help_text=_("For whom or for what it may be used, where it is restricted.")
    )
    allowed_data = models.CharField(
        _("allowed data class"),
        max_length=20,
        choices=choices.Classification.choices,
        default=choices.Classification.UNKNOWN,
        help_text=_("The most sensitive class of data that may go into it."),
    )
    health_data_allowed = FactField(_("health data allowed"), help_text=_("Whether health data may go into it."))
    trains_on_inputs = FactField(
        _("trains on inputs"), help_text=_("Whether what people type may be used to train models.")
    )
    licences = models.PositiveIntegerField(
        _("licenses"), null=True, blank=True, help_text=_("How many licenses you hold.")
    )
    users = models.PositiveIntegerField(_("users"), null=True, blank=True, help_text=_("How many people use it."))
    website = models.URLField(_("website"), max_length=500, blank=True, help_text=_("The product's own page."))
    facts_source = facts_source()
    search = search_field("name", "description", "restrictions")

    class Meta:
        verbose_name = _("tool")
        verbose_name_plural = _("tools")
        indexes = sortable(
            "name", "vendor", "unit", "category", "status", "allowed_data", "licences", "users", search=True
        )


class SystemTool(Record):
    """A system runs through a tool."""

    reference = ReferenceField("ST")
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        related_name="tools",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("What the tool is used for."),
    )
    tool = models.ForeignKey(
        Tool,
        models.PROTECT,
        related_name="systems",
        verbose_name=_("tool"),
        db_index=False,
        help_text=_("The product it runs through."),
    )
    purpose = models.CharField(
        _("what for"), max_length=300, blank=True, help_text=_("Which part of the work the tool does.")
    )
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer holds. Blank while it does.")
    )
    notes = notes()

    class Meta:
        verbose_name = _("tool of a system")
        verbose_name_plural = _("tools of systems")
        constraints = [
            models.UniqueConstraint(
                fields=["system", "tool", "valid_from"],
                name="one_tool_per_system_and_day",
                nulls_distinct=False,
                violation_error_message=_("This system runs through this tool from this day already."),
            ),
            order_constraint("valid_from", "valid_to", period=True),
        ]
        indexes = sortable("tool", "system", "valid_from", "valid_to")

    def __str__(self) -> str:
        return joined(self.tool, self.purpose)

    def clean(self) -> None:
        dates_in_order(self, periods=(("valid_from", "valid_to"),))
