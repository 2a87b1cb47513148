"""Django's migrate, as the owner, followed by the application's privileges and the views of the past."""

from typing import Any

from django.core.management.commands import migrate

from portal.database import as_owner, sync_privileges
from portal.history import past
from portal.history.autodetector import HistoryAutodetector


class Command(migrate.Command):
    autodetector = HistoryAutodetector

    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        with as_owner():
            # Views would stand in the way of a column that changes its type.
            past.remove()
            try:
                super().handle(*args, **options)
                sync_privileges()
            finally:
                past.install()
