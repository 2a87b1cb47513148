"""All addresses. The floors above add theirs through settings.APP_URLS; the registers come last, for they are many."""

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.urls import include, path

from portal import health
from portal.access.readings import readings

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("readyz/roundtrip", health.roundtrip, name="roundtrip"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("readings/", readings, name="readings"),
    path("jobs/", include("portal.jobs.urls")),
    path("ledger/", include("portal.ledger.urls")),
    path("api/v1/", include("portal.api.urls")),
    *(path("", include(name)) for name in settings.APP_URLS),
    path("", include("portal.ui.urls")),
]
