"""`Record`, the base of every governed row, and what belongs to records of any register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.access.models import User
from portal.access.roles import Action
from portal.history.tracking import TrackedHistory
from portal.records.ids import uuid7
from portal.retention.personal import PersonalData

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class RecordQuerySet(models.QuerySet["Any"]):
    """Reads start here: `Model.objects.restrict(user, "view")`."""

    def restrict(self, user: User | AnonymousUser, action: Action | str) -> Self:
        """What the user may do this to. Everything, or nothing at all: roles are not scoped to units yet."""
        if isinstance(user, User) and user.can(Action(action)):
            return self
        return self.none()


class Record(models.Model):
    """A governed row: public id, reference, version, tags, fields of one's own, and history kept by the database.

    A register's model adds `reference = ReferenceField("ABC")` and its own columns. `version` and `updated_at`
    are set by the database, for every door alike.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    tags = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("tags"),
        default=list,
        blank=True,
        help_text=_("Words to find this by, separated by commas."),
    )
    custom = models.JSONField(_("fields of your own"), default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)

    history = TrackedHistory(inherit=True)
    objects: ClassVar[Any] = RecordQuerySet.as_manager()

    if TYPE_CHECKING:
        reference: models.Field[str, str]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(getattr(self, "name", "") or self.reference)


class ImportBatch(models.Model):
    """One import: which file, by which mapping, when. Governed, so what came in how can be shown years later."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    register = models.CharField(_("register"), max_length=60)
    mapping = models.CharField(_("mapping"), max_length=100)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    is_opening = models.BooleanField(
        _("opening balance"), default=False, help_text=_("Records that were live before this register began.")
    )
    created_at = models.DateTimeField(_("imported"), default=timezone.now, editable=False)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.file_name


class ExternalId(models.Model):
    """What another system calls a record, and the record exactly as that system gave it."""

    personal_fields = (PersonalData(texts=("key", "as_imported")),)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Points to a record of any register, so it is no foreign key; its history is looked up by it all the same.
    history_links = ("record_id",)

    register = models.CharField(_("register"), max_length=60)
    record_id = models.UUIDField(_("record"))
    source = models.CharField(_("source"), max_length=100)
    feed = models.CharField(_("feed"), max_length=100, blank=True)
    key = models.CharField(_("key"), max_length=800)
    as_imported = models.JSONField(_("as imported"), null=True, blank=True)
    row_number = models.PositiveIntegerField(_("row"), null=True, blank=True)
    batch = models.ForeignKey(
        ImportBatch, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("import")
    )

    history = TrackedHistory()

    class Meta:
        verbose_name = _("external id")
        verbose_name_plural = _("external ids")
        constraints = [
            models.UniqueConstraint(fields=["register", "source", "feed", "key"], name="one_record_per_external_key"),
        ]
        indexes = [models.Index(fields=["record_id"])]

    def __str__(self) -> str:
        return f"{self.source}: {self.key}"


class CustomFieldKind(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    CHOICE = "choice", _("One of a list")
    FACT = "fact", _("Yes, no or unknown")
    LINK = "link", _("Link")


class CustomField(models.Model):
    """A field that an organization adds to a register without code. Its values stand in `Record.custom`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    register = models.CharField(_("register"), max_length=60)
    key = models.SlugField(_("key"), max_length=60, help_text=_("Stands in files and the API. It cannot change later."))
    label = models.CharField(_("label"), max_length=100)
    help_text = models.CharField(_("help"), max_length=300, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=CustomFieldKind.choices, default=CustomFieldKind.TEXT)
    choices = ArrayField(
        models.CharField(max_length=100),
        verbose_name=_("choices"),
        default=list,
        blank=True,
        help_text=_("For “one of a list”: the answers, separated by commas."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("in use"), default=True)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("field of your own")
        verbose_name_plural = _("fields of your own")
        ordering = ["register", "position", "label"]
        constraints = [models.UniqueConstraint(fields=["register", "key"], name="one_custom_field_per_key")]

    def __str__(self) -> str:
        return self.label


class SavedMapping(models.Model):
    """A column mapping that somebody made in the browser, as YAML in the format of portal/records/mapping.py."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    register = models.CharField(_("register"), max_length=60)
    name = models.SlugField(_("name"), max_length=100, unique=True)
    yaml = models.TextField("YAML")

    history = TrackedHistory()

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")

    def __str__(self) -> str:
        return self.name
