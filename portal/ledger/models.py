"""The ledger's tables. Triggers write them in the statement of the change; nobody else does.

`leaf = SHA-256(0x00 || header || SHA-256(salt || payload))`. The payload holds the canonical bytes of the history
row and goes when personal data is erased; header and leaf stay. Sequencing, signing and verification build on this.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerEntry(models.Model):
    """One change of one governed row. `id` equals the history row's `history_id`."""

    append_only = True

    id = models.BigIntegerField(primary_key=True)
    table_name = models.TextField(_("table"))
    record = models.TextField(_("record key"))
    header = models.BinaryField(_("header bytes"))
    leaf = models.BinaryField(_("leaf hash"), max_length=32)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")

    def __str__(self) -> str:
        return f"{self.id} {self.table_name} {self.record}"


class LedgerPayload(models.Model):
    """The canonical bytes of a history row and the salt that keeps its hash from being guessed."""

    append_only = True

    entry = models.OneToOneField(LedgerEntry, models.DO_NOTHING, primary_key=True, db_constraint=False)
    salt = models.BinaryField(_("salt"), max_length=32)
    payload = models.BinaryField(_("canonical bytes"))

    class Meta:
        verbose_name = _("ledger payload")
        verbose_name_plural = _("ledger payloads")

    def __str__(self) -> str:
        return f"payload of {self.entry_id}"
