"""The app's configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.access.roles import Action


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        """Add the evidence pages to the side bar, and let every process know the pack's task ("try again", reaper)."""
        from portal.ui.asof import PAGES_WITH_A_PAST  # noqa: PLC0415 - the same
        from portal.ui.context import PAGES  # noqa: PLC0415 - needs every app loaded

        import_module("reports.tasks")
        PAGES_WITH_A_PAST.add("home")
        PAGES.extend(
            [
                ("evidence", _("Packs"), "pack-list", "file-text", Action.PACK),
                ("evidence", _("Frameworks"), "framework-list", "scale", Action.VIEW),
            ]
        )
