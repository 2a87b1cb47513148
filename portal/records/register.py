"""`Register`: the one declaration per governed model that every page, form, file and endpoint is built from.

The words are ModelAdmin's. The products come from the libraries' own factories, and each can be replaced by naming an
ordinary class (`table = SystemTable`). Adding a register is one model and one declaration:

    @register(Vendor)
    class VendorRegister(Register):
        slug = "vendors"
        icon = "building-store"
        list_display = ("name", "country", "website")
        list_filter = ("country",)
        fieldsets = ((_("What it is"), {"fields": ("name", "country", "website")}),)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.records.models import Record

if TYPE_CHECKING:
    import django_filters
    import django_tables2
    from django import forms
    from rest_framework.serializers import BaseSerializer

Fieldsets = tuple[tuple[Any, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class View:
    """A saved view that ships with a register: a tab over its list. `query` is the list's own query string."""

    slug: str
    label: Any
    query: str


@dataclass(frozen=True, slots=True)
class Related:
    """Records of another register that belong to this one, shown on its page: `register` whose `field` points here."""

    register: str
    field: str
    label: Any = ""


class Register:
    """What a register is. Every attribute but `slug`, `list_display` and `fieldsets` has a sensible default."""

    model: ClassVar[type[Record]]
    slug: ClassVar[str]
    icon: ClassVar[str] = "list"
    # Where the side bar shows it: "inventory", or "" for records that are reached from their parent only.
    group: ClassVar[str] = "inventory"
    # The sentence of the empty list: what belongs here and why it matters.
    about: ClassVar[Any] = ""

    list_display: ClassVar[tuple[str, ...]]
    list_filter: ClassVar[tuple[str, ...]] = ()
    list_select_related: ClassVar[tuple[str, ...]] = ()
    # Columns one may add to the list beside list_display; every field of the fieldsets by default.
    list_columns: ClassVar[tuple[str, ...]] = ()
    ordering: ClassVar[tuple[str, ...]] = ("name",)
    views: ClassVar[tuple[View, ...]] = ()

    fieldsets: ClassVar[Fieldsets]
    related: ClassVar[tuple[Related, ...]] = ()
    # The facts an auditor will ask for; a page shows how many of them are known.
    facts: ClassVar[tuple[str, ...]] = ()
    # Short facts that stand in the rail beside the page instead of in its sections.
    rail: ClassVar[tuple[str, ...]] = ()
    # Field → kind of state (portal/ui/vocabulary.py): shown as icon and word. Fact fields need no mention.
    statuses: ClassVar[Mapping[str, str]] = {}
    # What nobody changes without saying why. Short: a reason demanded for a typo makes people leave.
    material: ClassVar[tuple[str, ...]] = ()
    # Written by gates alone once the opening balance is closed.
    gated_fields: ClassVar[tuple[str, ...]] = ()
    # The field a person names a record by in files and pickers, beside its reference.
    natural_key: ClassVar[str] = "name"

    table: ClassVar[type[django_tables2.Table] | None] = None
    filterset: ClassVar[type[django_filters.FilterSet] | None] = None
    form: ClassVar[type[forms.ModelForm[Any]] | None] = None
    serializer: ClassVar[type[BaseSerializer[Any]] | None] = None

    def gate_is_shut(self) -> bool:
        """Whether `gated_fields` are closed to ordinary writing."""
        return False

    def opening_values(self, record: Any, batch: Any) -> dict[str, Any]:
        """What a record that was live before this register began gets beside its own facts."""
        return {}

    def panels(self, record: Any, user: Any) -> list[tuple[str, dict[str, Any]]]:
        """More panels on the record's page: (template, context) pairs.

        `place` "note" puts one above the page. A context with `missing` (label, register, query of its form) has
        nothing to show: it becomes a line of "Not registered yet".
        """
        return []

    # --- what follows is derived ---

    @property
    def label(self) -> str:
        name = self.model._meta.verbose_name or ""
        return str(name)[:1].upper() + str(name)[1:]

    @property
    def label_plural(self) -> str:
        name = self.model._meta.verbose_name_plural or ""
        return str(name)[:1].upper() + str(name)[1:]

    @cached_property
    def prefix(self) -> str:
        """The letters of its references: "SYS"."""
        return str(self.model._meta.get_field("reference").prefix)  # type: ignore[attr-defined]  # a ReferenceField

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Every field a person may write, in the order of the fieldsets."""
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column a list or export can show."""
        return tuple(dict.fromkeys((*self.list_display, *self.list_columns, *self.fields, "tags", "updated_at")))

    @cached_property
    def relations(self) -> dict[str, type[Record]]:
        """Field name → the model it points to, for references to other records."""
        found = {}
        for name in self.fields:
            field = self.model._meta.get_field(name)
            if isinstance(field, models.ForeignKey) and issubclass(field.related_model, Record):
                found[name] = field.related_model
        return found

    @cached_property
    def searchable(self) -> bool:
        return any(field.name == "search" for field in self.model._meta.concrete_fields)

    def field_label(self, name: str) -> str:
        """The label of a column, sentence case: one place for lists, forms, diffs, files and errors."""
        if name == "custom":
            return str(_("Fields of your own"))
        label = str(self.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # never a reverse relation
        return label[:1].upper() + label[1:]

    def url(self, page: str = "list", record: Any = None) -> str:
        """The address of a page: list, create, import, export; with a record: detail, edit, history."""
        if record is None:
            return reverse(f"register-{page}", args=[self.slug])
        return reverse(f"record-{page}", args=[self.slug, record.reference])

    @property
    def model_name(self) -> str:
        """The name of one record with its article left out, for buttons: "AI system"."""
        return str(self.model._meta.verbose_name)

    @property
    def list_url(self) -> str:
        return self.url("list")

    @property
    def create_url(self) -> str:
        return self.url("create")

    def check(self) -> None:
        """Fail at start rather than on a page: every name in the declaration is a field."""
        named = (*self.list_display, *self.list_filter, *self.list_columns, *self.fields, *self.facts, *self.material)
        for name in named:
            try:
                self.model._meta.get_field(name)
            except FieldDoesNotExist as exc:
                raise ImproperlyConfigured(f"{type(self).__name__} names {name!r}, which {self.model} lacks") from exc


_registers: dict[str, Register] = {}
R = TypeVar("R", bound=type[Register])


def register(model: type[Record]) -> Callable[[R], R]:
    """Class decorator: make a register known under its slug."""

    def add(cls: R) -> R:
        cls.model = model
        instance = cls()
        instance.check()
        if instance.slug in _registers:
            raise ImproperlyConfigured(f"Two registers are called {instance.slug}")
        _registers[instance.slug] = instance
        return cls

    return add


def registers() -> Iterator[Register]:
    """All registers in the order of their declaration."""
    yield from _registers.values()


def get_register(slug: str) -> Register:
    """The register of that name. Raises KeyError."""
    return _registers[slug]


def register_of(model: type[models.Model]) -> Register | None:
    """The register of a model, or None for governed models without one (people, external ids)."""
    return next((r for r in _registers.values() if r.model is model), None)
