"""The two roles: the owner migrates, the application's role owns nothing and may not touch what is append-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import environ
from django.apps import apps
from django.conf import settings
from django.db import connection, models


def app_role() -> str:
    """The name of the role that web and workers connect as."""
    return unquote(urlsplit(settings.DATABASE_URL).username or "")


def owner_role() -> str:
    """The name of the role that owns the tables and migrates."""
    return unquote(urlsplit(settings.MIGRATE_DATABASE_URL).username or "")


def roles_are_separate() -> bool:
    """False when one role does both: history is then only guarded by triggers its owner could disable."""
    return app_role() != owner_role()


@contextmanager
def as_owner() -> Iterator[None]:
    """Let the default connection be the owner's, for migrations and nothing else."""
    if not roles_are_separate():
        yield
        return
    ours = connection.settings_dict
    theirs = environ.Env.db_url_config(settings.MIGRATE_DATABASE_URL)
    before = {key: ours.get(key) for key in ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    connection.close()
    ours.update({key: theirs.get(key) for key in ("USER", "PASSWORD", "HOST", "PORT")}, OPTIONS={})
    try:
        yield
    finally:
        connection.close()
        ours.update(before)


def governed_models() -> list[type[models.Model]]:
    """Every model whose history the database writes."""
    return [m for m in apps.get_models() if hasattr(m._meta, "simple_history_manager_attribute")]


def append_only_models() -> list[type[models.Model]]:
    """Every model that is written by triggers alone: the histories and the ledger."""
    histories = [m.history.model for m in governed_models()]  # type: ignore[attr-defined]  # added by simple-history
    return histories + [m for m in apps.get_models() if getattr(m, "append_only", False)]


def add_only_models() -> list[type[models.Model]]:
    """Every model whose rows the application adds and never changes: checkpoints, tiles, anchors."""
    return [m for m in apps.get_models() if getattr(m, "add_only", False)]


def sync_privileges() -> None:
    """Give the application's role exactly what it needs, table by table. Runs as the owner, after every migrate."""
    if not roles_are_separate():
        return
    closed = {m._meta.db_table for m in append_only_models()} | {"django_migrations"}
    grow = {m._meta.db_table for m in add_only_models()}
    quote, role = connection.ops.quote_name, connection.ops.quote_name(app_role())
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(f"GRANT USAGE ON SCHEMA public, muster TO {role}")
        # Whoever may execute a trigger function may hang it on a table of his own and forge history with it.
        cursor.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA muster FROM PUBLIC")
        for function in ("next_reference(text)", "sequence_entries(integer)"):
            cursor.execute(f"GRANT EXECUTE ON FUNCTION muster.{function} TO {role}")
        cursor.execute(f"GRANT SELECT ON muster.pending TO {role}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        cursor.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public, muster FROM {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for table in tables:
            rights = "SELECT" if table in closed else "SELECT, INSERT"
            if table not in closed | grow:
                rights += ", UPDATE, DELETE"
            cursor.execute(f"GRANT {rights} ON public.{quote(table)} TO {role}")
