"""`manage.py check --deploy --database default`: do the functions that guard history and holds say what they should?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

SQL: Final = Path(__file__).parent / "retention.sql"
_FUNCTION: Final = re.compile(r"CREATE OR REPLACE FUNCTION muster\.(\w+)\(.*?AS \$muster\$(.*?)\$muster\$", re.DOTALL)
_HOLDS: Final = (
    "SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass('public.portal_legalhold')"
    " AND tgname = 'muster_hold_stands' AND tgenabled IN ('O', 'A')"
)


def drift() -> list[str]:
    """What is missing or was changed, one line each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'muster'"
        )
        there = dict(cursor.fetchall())
        cursor.execute(_HOLDS)
        stands = cursor.fetchone()[0]
    wanted = dict(_FUNCTION.findall(SQL.read_text(encoding="utf-8")))
    found = [
        f"function muster.{name} is missing or another" for name, body in wanted.items() if there.get(name) != body
    ]
    return found if stands else [*found, "portal_legalhold: trigger muster_hold_stands is missing or disabled"]


@register(Tags.database, deploy=True)
def retention_guards_stand(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """An error for each guard of erasing and holding that is not as it was made."""
    if not databases:
        return []
    return [
        Error(line, id="portal.E002", hint="Run migrate; if that does not help, somebody changed it.")
        for line in drift()
    ]
