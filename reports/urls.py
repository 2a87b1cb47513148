"""Addresses of the top floor: home, evidence packs, frameworks."""

from django.urls import path, register_converter

from portal.ui.converters import ReferenceConverter
from reports import dashboard, views


class PackConverter(ReferenceConverter):
    regex = "PACK-[0-9]{6,}"


register_converter(PackConverter, "pack")

urlpatterns = [
    path("", dashboard.home, name="home"),
    path("packs/", views.pack_list, name="pack-list"),
    path("packs/new/", views.pack_create, name="pack-create"),
    path("packs/<pack:reference>/", views.pack_detail, name="pack-detail"),
    path("packs/<pack:reference>/file/", views.pack_file, name="pack-file"),
    path("frameworks/", views.framework_list, name="framework-list"),
    path("frameworks/<slug:slug>/", views.framework_detail, name="framework-detail"),
]
