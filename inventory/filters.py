"""Filters that ask about a record's links: is there an owner, is there an agreement?"""

from __future__ import annotations

from typing import Any

import django_filters as df
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models import Agreement, DataFlow, RoleAssignment
from portal.history import asof
from portal.ui.filters import RecordFilterSet

# Who answers for a system: the roles that make it owned.
OWNERS = (choices.AssignmentRole.BUSINESS_OWNER, choices.AssignmentRole.TECHNICAL_OWNER)


def in_force(query: models.QuerySet[Any], start: str, end: str) -> models.QuerySet[Any]:
    """Rows whose half-open period holds today; a blank start or end is open."""
    today = asof.today()
    begun = Q(**{f"{start}__isnull": True}) | Q(**{f"{start}__lte": today})
    return query.filter(begun, Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gt": today}))


def owned() -> Exists:
    """Whether somebody has accepted to own the system today."""
    roles = RoleAssignment.objects.filter(system=OuterRef("pk"), role__in=OWNERS, accepted_on__isnull=False)
    return Exists(in_force(roles, "valid_from", "valid_to"))


def receives_health_data() -> Exists:
    """Whether health data flows to the vendor today."""
    flows = DataFlow.objects.filter(vendor=OuterRef("pk"), health_data="yes")
    return Exists(in_force(flows, "valid_from", "valid_to"))


def has_agreement() -> Exists:
    """Whether an agreement that protects data is signed with the vendor and in force today."""
    agreements = Agreement.objects.filter(
        vendor=OuterRef("pk"), kind__in=(choices.AgreementKind.BAA, choices.AgreementKind.DPA), signed_on__isnull=False
    )
    return Exists(in_force(agreements, "effective_on", "expires_on"))


class AISystemFilterSet(RecordFilterSet):
    owned = df.BooleanFilter(method="by_owner", label=_("Has an owner"))

    def by_owner(self, queryset: models.QuerySet[Any], _name: str, value: bool) -> models.QuerySet[Any]:
        return queryset.filter(owned() if value else ~owned())


class VendorFilterSet(RecordFilterSet):
    covered = df.BooleanFilter(method="by_cover", label=_("Health data covered by an agreement"))

    def by_cover(self, queryset: models.QuerySet[Any], _name: str, value: bool) -> models.QuerySet[Any]:
        """Only vendors that receive health data; with or without an agreement in force."""
        return queryset.filter(receives_health_data(), has_agreement() if value else ~has_agreement())
