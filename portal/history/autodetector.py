"""`makemigrations` that never forgets the triggers."""

from __future__ import annotations

from typing import Any

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations import (
    AddField,
    AlterField,
    AlterModelTable,
    CreateModel,
    RemoveField,
    RenameField,
)
from django.db.migrations.operations.base import Operation

from portal.history.operations import HISTORY_PREFIX, TrackHistory


def _touched(operation: Operation) -> str | None:
    if isinstance(operation, CreateModel | AlterModelTable):
        return operation.name_lower
    if isinstance(operation, AddField | AlterField | RemoveField | RenameField):
        return operation.model_name_lower
    return None


class HistoryAutodetector(MigrationAutodetector):
    """Appends TrackHistory to each migration that creates or alters a governed table or its history table."""

    def _detect_changes(self, *args: Any, **kwargs: Any) -> dict[str, list[Any]]:
        changes: dict[str, list[Any]] = super()._detect_changes(*args, **kwargs)  # type: ignore[misc]  # private, stable since 1.7
        for app_label, migrations in changes.items():
            for migration in migrations:
                touched = [name for op in migration.operations if (name := _touched(op))]
                names = dict.fromkeys(name.removeprefix(HISTORY_PREFIX) for name in touched)
                migration.operations += [
                    TrackHistory(name) for name in names if (app_label, HISTORY_PREFIX + name) in self.to_state.models
                ]
        return changes
