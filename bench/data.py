"""Synthetic systems, made by SQL so that 100,000 of them cost seconds. Their history is written like any other."""

from __future__ import annotations

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from inventory.defaults import ensure_risk_classes
from inventory.models import AISystem, OrganizationUnit
from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.history.context import Actor, Source, acting

BENCH = Actor("bench", "Bench", Source.SHELL)
UNITS = 200
FINDABLE = 60

_FILL = """
INSERT INTO inventory_aisystem ({columns})
SELECT {values} FROM generate_series(%s, %s) AS n
CROSS JOIN LATERAL (SELECT id FROM inventory_organizationunit ORDER BY id OFFSET (n %% {units}) LIMIT 1) AS u
"""


def prepare() -> User:
    """An empty migrated database with units and one person who may read everything."""
    call_command("migrate", verbosity=0)
    with acting(BENCH):
        user = User.objects.create_user("bench", "bench bench bench", full_name="Bench")
        RoleGrant.objects.create(user=user, role=Role.GOVERNANCE_LEAD)
        ensure_risk_classes()
        OrganizationUnit.objects.bulk_create(
            [OrganizationUnit(name=f"Unit {n:03}", code=f"U{n:03}") for n in range(UNITS)]
        )
    return user


def fill(upto: int) -> None:
    """Add systems until there are `upto` of them."""
    have = AISystem.objects.count()
    stages = "(ARRAY['planning','development','deployment','monitoring','optimization','retirement'])[1 + n % 6]"
    words = "(ARRAY['triage','forecast','transcription','fraud','routing','imaging','pricing','search'])"
    special = {
        "id": "gen_random_uuid()",
        "unit_id": "u.id",
        # A handful of systems that a search for just them finds, whatever the size of the register.
        "name": f"CASE WHEN n <= {FINDABLE} THEN 'Sepsis ' ELSE '' END || {words}[1 + n % 8]"
        f" || ' assistant ' || n || ' for ' || {words}[1 + (n / 8) % 8]",
        "purpose": f"'Supports ' || {words}[1 + n % 8] || ' work of team ' || (n % 977) || repeat(' with care', 12)",
        "stage": stages,
        "health_data": "(ARRAY['yes','no','unknown'])[1 + n % 3]",
        "live_on": "date '2020-01-01' + (n % 2000)",
        "next_review_on": "date '2026-01-01' + (n % 700)",
        "created_at": "now()",
        "updated_at": "now()",
        "version": "1",
        "tags": "ARRAY['t' || (n % 50)]",
        "custom": "'{}'::jsonb",
    }
    columns, values = [], []
    for field in AISystem._meta.concrete_fields:
        if field.generated or field.name == "reference" or (field.null and field.name not in special):
            continue
        columns.append(f'"{field.column}"')
        default = field.get_default() if field.has_default() else ""
        values.append(special.get(field.attname, f"'{default}'"))
    sql = _FILL.format(columns=", ".join(columns), values=", ".join(values).replace("%", "%%"), units=UNITS)
    with acting(BENCH), connection.cursor() as cursor:
        cursor.execute(sql, [have + 1, upto])
    # As autovacuum does in a register that has been there for a while; only the owner may.
    database = str(connection.settings_dict["NAME"])
    with psycopg.connect(settings.MIGRATE_DATABASE_URL, dbname=database, autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE inventory_aisystem")
