"""Who answers for what: dated and accepted, not a text field."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.agents import Agent
from inventory.models.data import DataSource
from inventory.models.rules import dates_in_order, joined, order_constraint, sortable
from inventory.models.systems import AISystem
from inventory.models.tools import Tool
from inventory.models.units import OrganizationUnit
from inventory.models.vendors import Vendor
from portal.records.fields import ReferenceField, search_field
from portal.records.models import Record
from portal.retention.personal import PersonalData

# What a role can be held for: exactly one of these.
SUBJECTS: Final = ("system", "unit", "vendor", "agent", "data_source", "tool")

_NOBODY = _("Say who it is: a person who can sign in here, or a name.")
_ONE_SUBJECT = _("A role is held for exactly one thing: a system, unit, vendor, agent, data source or tool.")


def _exactly_one() -> Q:
    condition = Q()
    for chosen in SUBJECTS:
        condition |= Q(**{f"{name}__isnull": name != chosen for name in SUBJECTS})
    return condition


class RoleAssignment(Record):
    """A person holds a role for something, from one day to another, and has accepted it.

    A system that is live and has no business owner today is a finding.
    """

    personal_fields = (
        PersonalData(names=("person_name",), about=("competence",), person="person"),
        PersonalData(names=("deputy_name",), person="deputy"),
    )

    reference = ReferenceField("ROLE")
    role = models.CharField(
        _("role"), max_length=20, choices=choices.AssignmentRole.choices, help_text=_("What the person answers for.")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("person"),
        help_text=_("Somebody who can sign in here."),
    )
    person_name = models.CharField(
        _("name"), max_length=200, blank=True, help_text=_("The name, for somebody who cannot sign in here.")
    )
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("AI system"),
        db_index=False,
        help_text=_("The system it is about."),
    )
    unit = models.ForeignKey(
        OrganizationUnit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("unit"),
        db_index=False,
        help_text=_("The unit it is about."),
    )
    vendor = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("vendor"),
        db_index=False,
        help_text=_("The vendor it is about."),
    )
    agent = models.ForeignKey(
        Agent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("agent"),
        db_index=False,
        help_text=_("The agent it is about."),
    )
    data_source = models.ForeignKey(
        DataSource,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("data source"),
        db_index=False,
        help_text=_("The data source it is about."),
    )
    tool = models.ForeignKey(
        Tool,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="role_assignments",
        verbose_name=_("tool"),
        db_index=False,
        help_text=_("The tool it is about."),
    )
    scope = models.TextField(
        _("scope"), blank=True, help_text=_("How far the role goes: which sites, shifts or decisions.")
    )
    competence = models.TextField(
        _("competence"),
        blank=True,
        help_text=_("What makes the person able to do it: training, qualification, authority."),
    )
    valid_from = models.DateField(_("from"), null=True, blank=True, help_text=_("The first day of the role."))
    valid_to = models.DateField(
        _("to"), null=True, blank=True, help_text=_("The first day on which it no longer holds. Blank while it does.")
    )
    accepted_on = models.DateField(
        _("accepted"), null=True, blank=True, help_text=_("The day on which the person said yes.")
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputy_assignments",
        verbose_name=_("deputy"),
        help_text=_("Who stands in, if that person can sign in here."),
    )
    deputy_name = models.CharField(
        _("deputy's name"), max_length=200, blank=True, help_text=_("Who stands in, otherwise.")
    )
    search = search_field("person_name", "deputy_name", "scope", "competence")

    class Meta:
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [
            models.CheckConstraint(
                condition=_exactly_one(), name="roleassignment_one_subject", violation_error_message=_ONE_SUBJECT
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(person_name=""),
                name="roleassignment_somebody",
                violation_error_message=_NOBODY,
            ),
            order_constraint("valid_from", "valid_to", period=True),
        ]
        indexes = sortable("role", "person_name", *SUBJECTS, "valid_from", "valid_to", "accepted_on", search=True)

    def __str__(self) -> str:
        return joined(self.get_role_display(), self.person or self.person_name)

    def clean(self) -> None:
        held_for = [name for name in SUBJECTS if getattr(self, f"{name}_id") is not None]
        if len(held_for) != 1:
            raise ValidationError({held_for[1] if held_for else "system": _ONE_SUBJECT})
        if self.person_id is None and not self.person_name:
            raise ValidationError({"person_name": _NOBODY})
        dates_in_order(self, periods=(("valid_from", "valid_to"),))
