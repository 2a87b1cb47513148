"""The ledger's tables: entries written by triggers, their order in the log, its tiles, keys and checkpoints.

`leaf = SHA-256(0x00 || header || SHA-256(salt || payload))`. The payload holds the canonical bytes of the history
row and goes when personal data is erased; header and leaf stay. Nothing here is ever changed or deleted by the
application: triggers write entries, one function of the database gives them their place, the rest is insert-only.
"""

from django.db import models
from django.utils import timezone
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


class LedgerLeaf(models.Model):
    """An entry's place in the log. Given once, by `muster.sequence_entries`, and never again."""

    append_only = True

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(LedgerEntry, models.DO_NOTHING, related_name="leaf_of", db_constraint=False)

    class Meta:
        verbose_name = _("leaf")
        verbose_name_plural = _("leaves")

    def __str__(self) -> str:
        return f"leaf {self.index}: entry {self.entry_id}"


class LedgerTile(models.Model):
    """A full tile of the tree: 256 hashes end to end. `root` is the hash that stands for it one level up."""

    add_only = True

    level = models.PositiveSmallIntegerField(_("level"))
    number = models.BigIntegerField(_("number"))
    hashes = models.BinaryField(_("hashes"))
    root = models.BinaryField(_("root"), max_length=32)

    class Meta:
        verbose_name = _("tile")
        verbose_name_plural = _("tiles")
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="one_tile_at_a_place")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.number}"


class LedgerKey(models.Model):
    """A public key that signs checkpoints. `statement` introduces it; the key before it has signed that too."""

    add_only = True

    verifier = models.CharField(_("verifier key"), max_length=300, unique=True)
    statement = models.TextField(_("statement"))
    created_at = models.DateTimeField(_("in use since"), default=timezone.now)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.verifier


class Checkpoint(models.Model):
    """A signed statement of what the log held: its size and root, as a C2SP checkpoint."""

    add_only = True

    size = models.BigIntegerField(_("entries"))
    root = models.BinaryField(_("root"), max_length=32)
    note = models.TextField(_("signed note"))
    key = models.ForeignKey(LedgerKey, models.PROTECT, related_name="checkpoints", verbose_name=_("signing key"))
    created_at = models.DateTimeField(_("signed"), default=timezone.now)

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["size", "key"], name="one_checkpoint_per_size_and_key")]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"


class AnchorKind(models.TextChoices):
    FILE = "file", _("File")
    EMAIL = "email", _("E-mail")
    TIMESTAMP = "timestamp", _("Time stamp (RFC 3161)")


class Anchor(models.Model):
    """A checkpoint left the database, or was meant to: where to, when, and what came back."""

    add_only = True

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="anchors", verbose_name=_("checkpoint"))
    kind = models.CharField(_("kind"), max_length=12, choices=AnchorKind.choices)
    target = models.CharField(_("where"), max_length=500)
    at = models.DateTimeField(_("when"), default=timezone.now)
    receipt = models.BinaryField(_("receipt"), default=bytes, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("anchor")
        verbose_name_plural = _("anchors")
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "target", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Verification(models.Model):
    """One run of the verification: how far it looked and what it found."""

    add_only = True

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), default=timezone.now)
    since = models.BigIntegerField(_("from leaf"), default=0)
    size = models.BigIntegerField(_("entries"))
    root = models.BinaryField(_("root"), max_length=32)
    erased = models.BigIntegerField(_("erased entries"), default=0)
    waiting = models.BigIntegerField(_("not in the log yet"), default=0)
    findings = models.JSONField(_("findings"), default=list)
    findings_count = models.BigIntegerField(_("number of findings"), default=0)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"verification of {self.size}"

    @property
    def ok(self) -> bool:
        return self.findings_count == 0
