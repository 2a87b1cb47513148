"""The SQL that gives a cluster its two roles and its database. It may run any number of times.

`muster_owner` owns every table and runs migrations; `muster_app` is what the portal connects as: it owns
nothing, so it can neither drop a trigger nor rewrite history.
"""

SUPERUSER = "postgres"

_SETUP = """
SET client_min_messages = 'warning';
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SELECT 'CREATE ROLE muster_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_owner') \\gexec
SELECT 'CREATE ROLE muster_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_app') \\gexec
ALTER ROLE muster_owner WITH LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS {createdb} PASSWORD {owner};
ALTER ROLE muster_app WITH LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS NOCREATEDB PASSWORD {app};
{superuser}
GRANT muster_app TO muster_owner;
ALTER ROLE muster_owner SET timezone = 'UTC';
ALTER ROLE muster_app SET timezone = 'UTC';
ALTER ROLE muster_app SET idle_in_transaction_session_timeout = '5min';
SELECT 'CREATE DATABASE muster OWNER muster_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'muster') \\gexec
\\connect muster
SET client_min_messages = 'warning';
ALTER SCHEMA public OWNER TO muster_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO muster_app;
"""


def setup_sql(owner: str, app: str, *, superuser: str | None, createdb: bool) -> str:
    """The script for psql. Passwords go in by standard input, and none of it into the server's log."""
    lines = f"ALTER ROLE {SUPERUSER} PASSWORD {_literal(superuser)};" if superuser else ""
    return _SETUP.format(
        owner=_literal(owner),
        app=_literal(app),
        createdb="CREATEDB" if createdb else "NOCREATEDB",
        superuser=lines,
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
