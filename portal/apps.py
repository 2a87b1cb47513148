"""The portal's app configuration."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
    label = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        from portal.api import schema  # noqa: F401, PLC0415 - registers what the API's schema needs
        from portal.history import checks  # noqa: F401, PLC0415 - registers the system checks
        from portal.retention import checks as retention_checks  # noqa: F401, PLC0415 - the same
