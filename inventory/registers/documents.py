"""Documents."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from inventory.models import Document
from portal.records.register import Register, View, register


@register(Document)
class DocumentRegister(Register):
    slug = "documents"
    icon = "paperclip"
    group = ""
    about = _(
        "A document is a file or a link that belongs to a record: instructions for use, a test report, a policy. Its"
        " digest and the day of its last check make it evidence."
    )
    list_display = ("name", "kind", "attached_to", "valid_from", "valid_to", "last_checked_on")
    list_filter = ("kind", "attached_to", "valid_to", "last_checked_on")
    views = (
        View("never-checked", _("Never checked"), "last_checked_on__isnull=true"),
        View("instructions", _("Instructions for use"), "kind=instructions"),
    )
    material = ("attached_to", "sha256", "valid_to")
    fieldsets = (
        (_("What it is"), {"fields": ("name", "kind", "attached_to")}),
        (_("Where it is"), {"fields": ("url", "file_path", "sha256")}),
        (_("How long it holds"), {"fields": ("valid_from", "valid_to", "last_checked_on", "notes")}),
    )
    facts = ("sha256", "valid_from", "last_checked_on")
