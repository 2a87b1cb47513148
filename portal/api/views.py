"""The read API: one view set for every register, built from its declaration."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.db import models
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.access.models import User
from portal.access.roles import Action
from portal.records.models import ExternalId, Record
from portal.records.register import Register, registers
from portal.ui.access import relations_shown
from portal.ui.filters import filterset_for


class MayView(BasePermission):
    """Reading the registers needs a role that may view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, User) and request.user.can(Action.VIEW)


@extend_schema_field(
    {
        "type": "object",
        "required": ["id", "reference", "name"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "reference": {"type": "string"},
            "name": {"type": "string"},
        },
    }
)
class ReferenceSerializerField(serializers.Field):  # type: ignore[type-arg]  # not generic at run time
    """A relation as its id, reference and name."""

    def to_representation(self, value: Record) -> dict[str, str]:
        return {"id": str(value.pk), "reference": str(value.reference), "name": str(value)}


def serializer_for(register: Register) -> type[serializers.BaseSerializer[Any]]:
    """The register's serializer: every field of its fieldsets, relations by reference, custom fields as they are."""
    if register.serializer is not None:
        return register.serializer
    return _made(register)


@cache
def _made(register: Register) -> type[serializers.ModelSerializer[Any]]:
    # What a read-only field may hold is for the schema alone: of choices it would not say that they may be blank.
    fields: list[Any] = [register.model._meta.get_field(name) for name in register.fields]
    optional = {field.name: {"allow_blank": True} for field in fields if field.choices and field.blank}
    meta = type(
        "Meta",
        (),
        {
            "model": register.model,
            "fields": ["id", "reference", "version", *register.fields, "tags", "custom", "created_at", "updated_at"],
            "read_only_fields": [*register.fields, "tags"],
            "extra_kwargs": optional,
        },
    )
    relations: dict[str, Any] = {}
    for field in fields:
        if isinstance(field, models.ForeignKey):
            # What points to no record points to a person.
            kind: Any = ReferenceSerializerField if field.name in register.relations else serializers.StringRelatedField
            relations[field.name] = kind(read_only=True, allow_null=field.null)
    name = register.model.__name__ + "Serializer"
    return cast(
        "type[serializers.ModelSerializer[Any]]",
        type(name, (serializers.ModelSerializer,), {"Meta": meta, **relations}),
    )


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Any]):
    """`GET /api/v1/{register}` and `/{register}/{id}`: only what the caller may see; the list's own filters apply."""

    register: Register
    permission_classes = [MayView]
    lookup_value_regex = "(?:[0-9a-f-]{36}|[A-Z]{2,6}-[0-9]{6,})"

    def get_queryset(self) -> models.QuerySet[Any]:
        user = self.request.user
        query = self.register.model.objects.restrict(user, Action.VIEW).select_related(*relations_shown(self.register))
        return cast("models.QuerySet[Any]", query.defer("search") if self.register.searchable else query)

    def filter_queryset(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        query = self.request.query_params
        if self.detail:
            return queryset
        if "external_key" in query:
            known = ExternalId.objects.filter(register=self.register.slug, key=query["external_key"])
            if "external_source" in query:
                known = known.filter(source=query["external_source"])
            queryset = queryset.filter(pk__in=known.values("record_id"))
        filterset = filterset_for(self.register)(data=query, queryset=queryset)
        if not filterset.is_valid():
            raise serializers.ValidationError(filterset.errors)
        return cast("models.QuerySet[Any]", filterset.qs)

    def get_object(self) -> Any:
        value = self.kwargs["pk"]
        if value[:1].isupper():  # SYS-000123, not a UUID
            self.lookup_field, self.lookup_url_kwarg = "reference", "pk"
        return super().get_object()

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return serializer_for(self.register)


def viewsets_by_slug() -> dict[str, type[RecordViewSet]]:
    """A view set class for each register, named after its model."""
    made = {}
    for register in registers():
        name = register.model.__name__ + "ViewSet"
        view = type(name, (RecordViewSet,), {"register": register, "queryset": register.model.objects.none()})
        made[register.slug] = extend_schema(tags=[register.slug])(view)
    return made
