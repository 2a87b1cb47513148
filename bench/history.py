"""History at scale: the change log by each filter, timelines and lists, at 50,000 history rows and at millions."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import django
import psycopg

SMALL: Final = 50_000
ROUNDS: Final = 15


@contextmanager
def _database(name: str) -> Iterator[None]:
    """A migrated database that Django's connection is to meanwhile; dropped afterwards."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    owner = psycopg.conninfo.conninfo_to_dict(settings.MIGRATE_DATABASE_URL)["user"]
    with psycopg.connect(os.environ["SUPERUSER_DATABASE_URL"], autocommit=True) as server:
        before = connection.settings_dict["NAME"]
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"')
        with psycopg.connect(os.environ["SUPERUSER_DATABASE_URL"], dbname=name, autocommit=True) as inside:
            inside.execute(f'ALTER SCHEMA public OWNER TO "{owner}"')
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            call_command("migrate", verbosity=0)
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _addresses() -> dict[str, str]:
    """What is measured: name → address."""
    from django.db.models import Max

    from inventory.models import AISystem, OrganizationUnit, Vendor

    history = AISystem.history.model.objects
    last = history.aggregate(last=Max("history_id"))["last"]
    system = AISystem.objects.order_by("reference")[7].reference
    one = history.filter(history_source="ui").order_by("-history_id").values_list("history_request", flat=True)[0]
    many = history.filter(history_source="import").order_by("-history_id").values_list("history_request", flat=True)[0]
    return {
        "list": "/ai-systems/",
        "log": "/changes/",
        "log, in the middle": f"/changes/?before={last // 2}",
        "log, newer": f"/changes/?after={last // 2}",
        "busy person": "/changes/?person=person-0",
        "person who did little": f"/changes/?person=person-{59}",
        "nobody": "/changes/?person=nobody",
        "browser": "/changes/?source=ui",
        "connector": "/changes/?source=connector",
        "command line (none)": "/changes/?source=shell",
        "one register": "/changes/?register=ai-systems",
        "field": "/changes/?register=ai-systems&field=purpose",
        "field, rare": "/changes/?register=ai-systems&field=custom",
        "field, long ago": "/changes/?register=ai-systems&field=tags",
        "period": "/changes/?from=2025-03-01&to=2025-03-31",
        "period and person": "/changes/?from=2025-03-01&to=2025-03-31&person=person-3",
        "period and field": "/changes/?register=ai-systems&field=purpose&from=2025-03-01&to=2025-03-31",
        "person and door": "/changes/?person=person-1&source=api",
        "person never there": "/changes/?person=person-1&source=import",
        "small request": f"/changes/?request={one}",
        "large request": f"/changes/?request={many.replace(' ', '+')}",
        "timeline, system": f"/ai-systems/{system}/history/",
        "timeline, links": f"/ai-systems/{system}/history/?show=links",
        "timeline, unit": f"/organization-units/{OrganizationUnit.objects.order_by('reference')[3].reference}/history/",
        "timeline, vendor": f"/vendors/{Vendor.objects.order_by('reference')[3].reference}/history/",
        "diff": f"/ai-systems/{system}/history/diff/?from=2&to=9",
    }


def _measure(user: Any) -> dict[str, tuple[float, float]]:
    """Median and worst milliseconds of each page, after one that warms it up."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    found = {}
    for name, address in _addresses().items():
        times = []
        for turn in range(ROUNDS + 1):
            start = time.perf_counter()
            answer = client.get(address, HTTP_HOST="127.0.0.1")
            spent = (time.perf_counter() - start) * 1000
            if answer.status_code != 200:
                raise RuntimeError(f"{address}: {answer.status_code}")
            if turn:
                times.append(spent)
        found[name] = (statistics.median(times), max(times))
    return found


def _at(size: int) -> dict[str, tuple[float, float]]:
    from django.db import connection

    from bench import past
    from portal.access.models import RoleGrant, User
    from portal.access.roles import Role
    from portal.history.context import Actor, Source, acting

    with _database(f"muster_bench_history_{size}"):
        took = past.fill(str(connection.settings_dict["NAME"]), size)
        with acting(Actor("bench", "Bench", Source.SHELL)):
            user = User.objects.create_user("bench", "bench bench bench", full_name="Bench")
            RoleGrant.objects.create(user=user, role=Role.GOVERNANCE_LEAD)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), pg_size_pretty(pg_database_size(current_database())) FROM portal_ledgerentry"
            )
            rows, disk = cursor.fetchone()
        print(f"{rows:,} history rows ({disk}) made in {took:.0f} s")
        return _measure(user)


def run(rows: int) -> None:
    """Measure at 50,000 rows and at `rows`, and print both with their ratio."""
    few, many = _at(SMALL), _at(rows)
    print(f"history pages in ms, median / worst of {ROUNDS}: at {SMALL:,} rows, at {rows:,}, ratio of medians")
    for name, (median, worst) in many.items():
        small, small_worst = few[name]
        print(f"  {name:24} {small:7.1f} / {small_worst:7.1f}   {median:7.1f} / {worst:7.1f}   {median / small:5.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.history")
    parser.add_argument("rows", type=int)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    run(parser.parse_args().rows)
