"""`manage.py check --deploy --database default`: are triggers and views of the past those that the models ask for?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from portal.database import add_only_models, append_only_models, governed_models
from portal.history import past
from portal.history.sql import GovernedTable
from portal.ledger.models import LedgerEntry

LEDGER_SQL: Final = Path(__file__).resolve().parents[1] / "ledger" / "ledger.sql"
_FUNCTION: Final = re.compile(r"CREATE OR REPLACE FUNCTION muster\.(\w+)\(.*?AS \$muster\$(.*?)\$muster\$", re.DOTALL)


def drift() -> list[str]:
    """What is missing or outdated, one line each: functions by body, triggers by name and state, views of the past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, p.prosrc, p.prosecdef FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'muster'"
        )
        functions = {name: (body.strip(), definer) for name, body, definer in cursor.fetchall()}
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
        triggers = set(cursor.fetchall())
    found = []
    for model in governed_models():
        table = GovernedTable.of(model, model.history.model)  # type: ignore[attr-defined]  # added by simple-history
        for name, create in table.functions().items():
            if functions.get(name) != (create.split("$muster$")[1].strip(), True):
                found.append(f"{table.table}: function muster.{name} is missing or not for today's columns")
        wanted = {(table.table, name) for name in table.triggers()}
        wanted |= {(table.history, "muster_written_by_trigger"), (table.history, "muster_never_changed")}
        found += [f"{where}: trigger {name} is missing or disabled" for where, name in sorted(wanted - triggers)]
    ledger = {(m._meta.db_table, "muster_never_changed") for m in (*add_only_models(), *append_only_models())}
    ledger.add((LedgerEntry._meta.db_table, "muster_enqueue"))
    found += [f"{where}: trigger {name} is missing or disabled" for where, name in sorted(ledger - triggers)]
    return found + _outdated(LEDGER_SQL, functions) + past.drift()


def _outdated(path: Path, functions: dict[str, tuple[str, bool]]) -> list[str]:
    """The functions of an SQL file that the database lacks or has otherwise."""
    wanted = _FUNCTION.findall(path.read_text(encoding="utf-8"))
    return [
        f"function muster.{name} is missing or another"
        for name, body in wanted
        if functions.get(name, ("", False))[0] != body.strip()
    ]


@register(Tags.database, deploy=True)
def triggers_match_models(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """An error for each governed table that the database would not record exactly."""
    if not databases:
        return []
    return [Error(line, id="portal.E001", hint="Run makemigrations and migrate.") for line in drift()]
