"""What the inventory's registers share."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from inventory.models import Document
from portal.access.roles import Action
from portal.records.register import Register, get_register

SHOWN: Final = 50


class InventoryRegister(Register):
    """A register whose records can have documents: they are shown on the record's page."""

    def panels(self, record: Any, user: Any) -> list[tuple[str, dict[str, Any]]]:
        found = Document.objects.restrict(user, Action.VIEW).of(record.reference).order_by("name", "id")
        documents = list(found[: SHOWN + 1])
        context: dict[str, Any] = {
            "place": "main",
            "register": get_register("documents"),
            "documents": documents[:SHOWN],
            "more": len(documents) > SHOWN,
            "query": f"attached_to={record.reference}",
            "can_add": user.can(Action.ADD),
        }
        if not documents:
            context["missing"] = (_("Documents"), context["register"], context["query"])
        return [("inventory/partials/_documents.html", context)]
