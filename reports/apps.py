"""The app's configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.access.roles import Action


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        """Add the evidence pages to the side bar."""
        from portal.ui.context import PAGES  # noqa: PLC0415 - needs every app loaded

        PAGES.extend(
            [
                ("evidence", _("Packs"), "pack-list", "file-text", Action.PACK),
                ("evidence", _("Frameworks"), "framework-list", "scale", Action.VIEW),
            ]
        )
