"""Questions that several pages ask of the registers."""

from __future__ import annotations

from typing import Any, Self

from django.db.models import Q

from inventory.choices import Declaration, Stage
from portal.records.models import RecordQuerySet

# A system in one of these stages acts on the world.
LIVE_STAGES = (Stage.DEPLOYMENT, Stage.MONITORING, Stage.OPTIMIZATION)


class AISystemQuerySet(RecordQuerySet):
    def live(self) -> Self:
        """Systems in use."""
        return self.filter(stage__in=LIVE_STAGES)

    def backlog(self) -> Self:
        """Systems declared at opening that still have to go through their gates. Retired ones need not."""
        return self.filter(declaration=Declaration.OPENING, regularize_by__isnull=False)

    def within(self, unit: Any) -> Self:
        """The systems of a unit and of everything below it."""
        units = unit._meta.default_manager.subtree(unit)
        return self.filter(unit__in=units)


class DocumentQuerySet(RecordQuerySet):
    def of(self, *references: str) -> Self:
        """The documents attached to the records of these references."""
        return self.filter(Q(attached_to__in=references))
