#!/bin/sh
# The two roles and the database, made once when the server's data directory is empty. It may run again.
#
# muster_owner owns every table and runs migrations; muster_app is what web and workers connect as: it owns nothing,
# so it can neither drop a trigger nor rewrite history. launcher/roles.py does the same for `./muster up`.
set -eu

: "${MUSTER_OWNER_PASSWORD:?is not set}" "${MUSTER_APP_PASSWORD:?is not set}"
database="${MUSTER_DATABASE:-muster}"

# Neither password stands in an argument, where other processes could read it, or in the server's log.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set database="$database" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv owner_password MUSTER_OWNER_PASSWORD
\getenv app_password MUSTER_APP_PASSWORD
SET client_min_messages = 'warning';
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SELECT 'CREATE ROLE muster_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_owner') \gexec
SELECT 'CREATE ROLE muster_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'muster_app') \gexec
ALTER ROLE muster_owner WITH LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS NOCREATEDB
    PASSWORD :'owner_password';
ALTER ROLE muster_app WITH LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS NOCREATEDB
    PASSWORD :'app_password';
-- Migrations install the broker's schema in the name of the application's role.
GRANT muster_app TO muster_owner;
ALTER ROLE muster_owner SET timezone = 'UTC';
ALTER ROLE muster_app SET timezone = 'UTC';
ALTER ROLE muster_app SET idle_in_transaction_session_timeout = '5min';
SELECT format('CREATE DATABASE %I OWNER muster_owner', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
\connect :"database"
SET client_min_messages = 'warning';
ALTER SCHEMA public OWNER TO muster_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO muster_app;
SQL
