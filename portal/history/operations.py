"""Migration operations: `InstallHistoryBase` once, `TrackHistory` after every change of a governed table."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from portal.history import sql

HISTORY_PREFIX = "historical"


def _run(schema_editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    # Statements Django put off (constraints, indexes) may belong to the very table; triggers do not mind.
    for statement in statements:
        schema_editor.execute(statement, params=None)  # None: no % substitution


class InstallHistoryBase(Operation):
    """The schema `muster`, its sequence and the functions that all triggers share."""

    reversible = True
    reduces_to_sql = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing that Django's model state knows of."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _run(schema_editor, [sql.BASE_SQL])

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _run(schema_editor, ["DROP SCHEMA muster CASCADE"])

    def describe(self) -> str:
        return "Install what the history triggers stand on"


class AppendOnly(Operation):
    """Guards on a table whose rows are never changed; by default only triggers write it (the ledger's entries)."""

    reversible = True

    def __init__(self, model_name: str, *, by_triggers: bool = True) -> None:
        self.model_name = model_name
        self.by_triggers = by_triggers

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing that Django's model state knows of."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        _run(schema_editor, sql.append_only(table) if self.by_triggers else sql.never_changed(table))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        _run(
            schema_editor,
            [
                f'DROP TRIGGER IF EXISTS {name} ON public."{table}"'
                for name in ("muster_written_by_trigger", "muster_never_changed")
            ],
        )

    def describe(self) -> str:
        return f"Make {self.model_name} append-only"


class TrackHistory(Operation):
    """(Re)install the history triggers of a model for its columns as they stand at this point.

    `makemigrations` adds it by itself after every change of a governed table (portal/history/autodetector.py).
    """

    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def _table(self, app_label: str, state: ProjectState) -> sql.GovernedTable:
        model = state.apps.get_model(app_label, self.model_name)
        return sql.GovernedTable.of(model, state.apps.get_model(app_label, HISTORY_PREFIX + self.model_name))

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing that Django's model state knows of."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _run(schema_editor, self._table(app_label, to_state).install())

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _run(schema_editor, self._table(app_label, from_state).remove())

    def describe(self) -> str:
        return f"Track the history of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"track_{self.model_name}"
