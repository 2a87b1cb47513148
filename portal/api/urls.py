"""`/api/v1/`: one resource per register, and the schema."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from portal.api.views import viewsets_by_slug

router = SimpleRouter(trailing_slash=False)
for slug, viewset in viewsets_by_slug().items():
    router.register(slug, viewset, basename=f"api-{slug}")

urlpatterns = [
    path("schema", login_not_required(SpectacularAPIView.as_view()), name="schema"),
    path("", include(router.urls)),
]
