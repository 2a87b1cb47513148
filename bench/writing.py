"""What history and the ledger cost, and how fast the one way in is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from bench.data import BENCH
from inventory.models import OrganizationUnit, Vendor
from portal.access.models import User
from portal.history.context import acting
from portal.records.ingest import ingest
from portal.records.register import get_register
from portal.records.rows import RowInput, SourceKey

ROWS = 10_000


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _vendors(prefix: str) -> list[Vendor]:
    return [Vendor(name=f"{prefix} {n}", reference=f"{prefix[:3].upper()}-{n:06d}") for n in range(ROWS)]


def history_cost() -> tuple[float, float]:
    """Seconds for 10,000 rows by `bulk_create`: without triggers (a copy of the table), and as it is."""

    def plain() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE plain (LIKE inventory_vendor INCLUDING ALL) ON COMMIT DROP")
            table, Vendor._meta.db_table = Vendor._meta.db_table, "plain"
            try:
                Vendor.objects.bulk_create(_vendors("plain"), batch_size=1000)
            finally:
                Vendor._meta.db_table = table

    def governed() -> None:
        with acting(BENCH):
            Vendor.objects.bulk_create(_vendors("governed"), batch_size=1000)

    plain()  # once to warm up
    return timed(plain), timed(governed)


def ingest_speed(user: User) -> tuple[float, float]:
    """Rows a second through ingest, with validation, references, history and ledger: created, and unchanged."""
    register = get_register("ai-systems")
    unit = OrganizationUnit.objects.order_by("id")[0].reference
    rows = [
        RowInput(
            n,
            {"name": f"Ingested {n}", "purpose": "Measures the one way in.", "unit": unit, "stage": "monitoring"},
            key=SourceKey("bench", "", f"key-{n}"),
        )
        for n in range(ROWS)
    ]

    def run() -> None:
        result = ingest(register, rows, user=user, actor=BENCH)
        if not result.written:
            raise RuntimeError(str(result.problems[:3]))

    created = ROWS / timed(run)
    return created, ROWS / timed(run)
