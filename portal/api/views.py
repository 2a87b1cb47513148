"""The read API: one view set for every register, built from its declaration."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.access.models import User
from portal.access.roles import Action
from portal.records.models import ExternalId, Record
from portal.records.register import Register, registers
from portal.ui.filters import filterset_for
from portal.ui.access import relations_shown


class MayView(BasePermission):
    """Reading the registers needs a role that may view."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - DRF's signature
        return isinstance(request.user, User) and request.user.can(Action.VIEW)


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
    meta = type(
        "Meta",
        (),
        {
            "model": register.model,
            "fields": ["id", "reference", "version", *register.fields, "tags", "custom", "created_at", "updated_at"],
            "read_only_fields": [*register.fields, "tags"],
        },
    )
    relations: dict[str, Any] = {name: ReferenceSerializerField(read_only=True) for name in register.relations}
    for name in register.fields:
        if name not in relations and isinstance(register.model._meta.get_field(name), models.ForeignKey):
            relations[name] = serializers.StringRelatedField(read_only=True)  # type: ignore[type-arg]  # a person
    name = register.model.__name__ + "Serializer"
    return cast(
        "type[serializers.ModelSerializer[Any]]",
        type(name, (serializers.ModelSerializer,), {"Meta": meta, **relations}),
    )


class RecordViewSet(viewsets.ReadOnlyModelViewSet[Any]):
    """`GET /api/v1/{register}` and `/{register}/{id}`: only what the caller may see; the list's own filters apply."""

    register: Register
    permission_classes = [MayView]  # noqa: RUF012 - DRF's own way
    lookup_value_regex = "[0-9a-f-]{36}|[A-Z]{2,6}-[0-9]{6,}"

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
