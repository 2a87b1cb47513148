"""Django's migrate, as the owner, followed by the application's privileges."""

from typing import Any

from django.core.management.commands import migrate

from portal.database import as_owner, sync_privileges
from portal.history.autodetector import HistoryAutodetector


class Command(migrate.Command):
    autodetector = HistoryAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
            sync_privileges()
