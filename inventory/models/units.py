"""The organization: a tree of units, some of them legal entities."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from inventory.choices import HipaaRole
from inventory.models.rules import COUNTRY, facts_source, must_differ, not_itself, sortable
from portal.records.fields import FactField, ReferenceField, search_field
from portal.records.models import Record, RecordQuerySet
from portal.retention.personal import PersonalData

_OWN_PARENT = _("A unit cannot be part of itself.")

# UNION, not UNION ALL: a loop in the data, should there ever be one, ends the walk instead of running for ever.
_SUBTREE = """
WITH RECURSIVE below (id) AS (
    SELECT %s::uuid
    UNION
    SELECT child.id FROM inventory_organizationunit child JOIN below ON child.parent_id = below.id
) SELECT id FROM below
"""


class OrganizationUnitQuerySet(RecordQuerySet):
    def subtree(self, unit: OrganizationUnit) -> Self:
        """The unit and everything below it, as one subquery; may stand inside `unit__in=`."""
        return self.filter(pk__in=RawSQL(_SUBTREE, [unit.pk]))  # noqa: S611 - constant text, one bound parameter


class OrganizationUnit(Record):
    """A part of the organization: a company, hospital, department or team.

    Systems belong to one unit each, and a view of a unit covers everything below it.
    """

    personal_fields = (PersonalData(names=("head",)),)

    reference = ReferenceField("UNIT")
    name = models.CharField(_("name"), max_length=300, help_text=_("As it stands in your organization chart."))
    code = models.CharField(
        _("code"),
        max_length=50,
        blank=True,
        help_text=_("The short code your other systems know it by. No two units share one."),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("part of"),
        db_index=False,
        help_text=_("The unit directly above. Blank for the top of the organization."),
    )
    head = models.CharField(
        _("head"), max_length=200, blank=True, help_text=_("Who leads this unit; the name is enough.")
    )
    is_legal_entity = FactField(
        _("legal entity"), help_text=_("Whether it can sign contracts in its own name, as a company or foundation can.")
    )
    legal_name = models.CharField(
        _("legal name"), max_length=300, blank=True, help_text=_("The registered name, where it is a legal entity.")
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        blank=True,
        validators=[COUNTRY],
        help_text=_("Where it is established, as two letters: US, IE, DE."),
    )
    hipaa_role = models.CharField(
        _("HIPAA role"),
        max_length=20,
        choices=HipaaRole.choices,
        default=HipaaRole.UNKNOWN,
        help_text=_("What this unit is under 45 CFR 160.103. Not applicable outside the United States' health care."),
    )
    facts_source = facts_source()
    search = search_field("name", "code", "legal_name", "head")

    objects: ClassVar[Any] = OrganizationUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("organization unit")
        verbose_name_plural = _("organization units")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=~Q(code=""),
                name="one_unit_per_code",
                violation_error_message=_("Another unit has this code."),
            ),
            not_itself("parent", _OWN_PARENT),
        ]
        indexes = sortable("name", "code", "parent", "head", "is_legal_entity", "country", "hipaa_role", search=True)

    def clean(self) -> None:
        must_differ(self, "pk", "parent", _OWN_PARENT)
