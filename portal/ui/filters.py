"""A list's filters: django-filter over the declared fields, all in the URL, each shown as a chip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import django_filters as df
from django import forms
from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.filterset import filterset_factory

from portal.records.ingest import as_uuid
from portal.records.register import Register, register_of

_REFERENCE = re.compile(r"^\s*([A-Za-z]{2,6}-\d{1,12})\s*$")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter in words. Removing it takes `value` of `name` out of the URL."""

    name: str
    value: str
    text: str


def search(queryset: models.QuerySet[Any], text: str) -> models.QuerySet[Any]:
    """Full-text search with the last word unfinished; a reference finds its record directly."""
    condition = condition_for(queryset.model, text)
    return queryset if condition is None else queryset.filter(condition)


def condition_for(model: type[models.Model], text: str) -> models.Q | None:
    """What a search asks of each row, or None where it names no word."""
    reference = _REFERENCE.match(text)
    if reference:
        prefix, number = reference[1].upper().split("-")
        return models.Q(reference=f"{prefix}-{int(number):06d}")
    words = _WORD.findall(text)
    if not words:
        return None
    if not any(f.name == "search" for f in model._meta.concrete_fields):
        return models.Q(reference__icontains=text.strip())
    # Words are letters and digits only, so nothing in them is an operator of tsquery.
    raw = " & ".join(f"{word}:*" for word in words)
    return models.Q(search=SearchQuery(raw, search_type="raw", config="english"))


class RecordChoiceFilter(df.CharFilter):  # type: ignore[misc]  # django-filter ships no types
    """A relation, named in the URL by id, by reference, as a picker suggests it ("UNIT-000042 · CBP"), or by name."""

    def filter(self, qs: models.QuerySet[Any], value: str) -> models.QuerySet[Any]:
        if not value:
            return qs
        relation: Any = qs.model._meta.get_field(self.field_name)
        return qs.filter(**{f"{self.field_name}__{name}": one for name, one in named(relation, value).items()})


def named(relation: Any, value: str) -> dict[str, Any]:
    """The look-up that finds what `value` names among the records that `relation` points to."""
    if uuid := as_uuid(value):
        return {"pk": uuid}
    if reference := _REFERENCE.match(value.split(" · ", maxsplit=1)[0]):
        return {"reference": reference[1].upper()}
    target = register_of(relation.related_model)
    return {f"{target.natural_key}__iexact" if target else "pk": value.strip()}


class RecordFilterSet(df.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Base of every list's filters: search and tag, beside the declared fields."""

    q = df.CharFilter(method="by_text", label=gettext_lazy("Search"))
    tag = df.CharFilter(field_name="tags", lookup_expr="contains", label=gettext_lazy("Tag"), method="by_tag")

    def by_text(self, queryset: models.QuerySet[Any], _name: str, value: str) -> models.QuerySet[Any]:
        return search(queryset, value)

    def by_tag(self, queryset: models.QuerySet[Any], _name: str, value: str) -> models.QuerySet[Any]:
        return queryset.filter(tags__contains=[value])

    def without_search(self) -> models.QuerySet[Any]:
        """What every filter but the search lets through."""
        rows: models.QuerySet[Any] = self.queryset.all()
        for name, value in self.form.cleaned_data.items():
            rows = rows if name == "q" else self.filters[name].filter(rows, value)
        return rows

    @classmethod
    def filter_for_field(cls, field: Any, field_name: str, lookup_expr: str | None = None) -> Any:
        label = str(field.verbose_name)[:1].upper() + str(field.verbose_name)[1:]
        if lookup_expr == "isnull":
            return df.BooleanFilter(field_name=field_name, lookup_expr="isnull", label=label)
        if isinstance(field, models.ForeignKey):
            return RecordChoiceFilter(field_name=field_name, label=label)
        if getattr(field, "choices", None):
            return df.MultipleChoiceFilter(
                field_name=field_name,
                label=label,
                choices=field.choices,
                distinct=False,  # no join, so nothing comes twice; sorting whole rows to find out is slow
                widget=forms.CheckboxSelectMultiple,
            )
        if isinstance(field, models.DateField):
            return df.DateFilter(
                field_name=field_name,
                lookup_expr=lookup_expr or "exact",
                label=label,
                widget=forms.DateInput(attrs={"type": "date"}),
            )
        return super().filter_for_field(field, field_name, lookup_expr)


@cache
def filterset_for(register: Register) -> type[RecordFilterSet]:
    """The register's filter set: choices by several values, relations, dates from and before, and "is not set"."""
    fields: dict[str, list[str]] = {}
    for name in register.list_filter:
        field = register.model._meta.get_field(name)
        lookups = ["gte", "lt"] if isinstance(field, models.DateField) else ["exact"]
        fields[name] = [*lookups, "isnull"] if field.null else lookups
    return filterset_factory(register.model, filterset=register.filterset or RecordFilterSet, fields=fields)  # type: ignore[no-any-return]  # untyped


def chips(register: Register, filterset: RecordFilterSet, query: QueryDict) -> list[Chip]:
    """The filters in force, in words, in the order of the URL."""
    found: list[Chip] = []
    for name in query:
        if name not in filterset.filters or name == "q":
            continue
        found += [
            Chip(name, value, _words(register, filterset.filters[name], name, value))
            for value in query.getlist(name)
            if value
        ]
    return found


def _words(register: Register, one: Any, name: str, value: str) -> str:
    if name.endswith("__isnull"):
        return _("%(field)s: not set") % {"field": one.label} if value.lower() == "true" else f"{one.label}: {_('set')}"
    if isinstance(one, df.BooleanFilter):
        return f"{one.label}: {_('yes') if value.lower() == 'true' else _('no')}"
    shown = value
    if isinstance(one, RecordChoiceFilter):
        field: Any = register.model._meta.get_field(one.field_name)
        target = register_of(field.related_model)
        record = target.model.objects.filter(**named(field, value)).first() if target else None
        shown = str(record) if record else value
    elif isinstance(one, df.MultipleChoiceFilter):
        shown = str(dict(one.extra["choices"]).get(value, value))
    elif isinstance(one, df.DateFilter):
        return (
            _("%(field)s from %(day)s") % {"field": one.label, "day": value}
            if name.endswith("__gte")
            else _("%(field)s before %(day)s") % {"field": one.label, "day": value}
        )
    return f"{one.label}: {shown}"
