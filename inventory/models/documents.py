"""Documents: files and links, attachable to any record."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import choices
from inventory.models.rules import SHA256, dates_in_order, notes, order_constraint, sortable
from inventory.querysets import DocumentQuerySet
from portal.records.fields import ReferenceField, search_field
from portal.records.models import Record

_NOWHERE = _("Say where it is: a link or a file.")


class Document(Record):
    """A file or a link, kept with the record it is about.

    It names that record by its reference ("SYS-000123"), which never changes, says the register by its prefix, and
    is what people and files can write.
    """

    reference = ReferenceField("DOC")
    name = models.CharField(_("title"), max_length=300, help_text=_("As it stands on the document."))
    kind = models.CharField(
        _("kind"),
        max_length=20,
        choices=choices.DocumentKind.choices,
        default=choices.DocumentKind.OTHER,
        help_text=_("What kind of document it is."),
    )
    attached_to = models.CharField(
        _("belongs to"),
        max_length=20,
        validators=[RegexValidator(r"^[A-Z]{2,6}-\d{6,}\Z", _("A reference, for example SYS-000123."))],
        help_text=_("The reference of the record it is about, for example SYS-000123."),
    )
    url = models.URLField(_("link"), max_length=1000, blank=True, help_text=_("Where it can be opened."))
    file_path = models.CharField(
        _("file"), max_length=500, blank=True, help_text=_("Where the file is stored, if there is no link to it.")
    )
    sha256 = models.CharField(
        "SHA-256",
        max_length=64,
        blank=True,
        validators=[SHA256],
        help_text=_("The digest of the file, so that nobody can exchange it unnoticed."),
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True, help_text=_("The first day it holds."))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("The first day on which it no longer holds.")
    )
    last_checked_on = models.DateField(
        _("last checked"), null=True, blank=True, help_text=_("When somebody last made sure that it still stands.")
    )
    notes = notes()
    search = search_field("name", "attached_to", "notes")

    objects: ClassVar[Any] = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            order_constraint("valid_from", "valid_to", period=True),
            models.CheckConstraint(
                condition=~Q(url="", file_path=""), name="document_is_somewhere", violation_error_message=_NOWHERE
            ),
            models.CheckConstraint(
                condition=Q(sha256="") | Q(sha256__regex=r"^[0-9a-f]{64}$"),
                name="document_sha256_form",
                violation_error_message=_("A SHA-256 is 64 hexadecimal digits in lower case."),
            ),
        ]
        indexes = sortable("name", "kind", "attached_to", "valid_to", "last_checked_on", search=True)

    def clean(self) -> None:
        if not self.url and not self.file_path:
            raise ValidationError({"url": _NOWHERE})
        dates_in_order(self, periods=(("valid_from", "valid_to"),))
