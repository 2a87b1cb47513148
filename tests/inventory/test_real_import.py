"""The real file: 2,133 AI use cases of 41 agencies. Skipped, loudly, where it is not beside the checkout."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from inventory.defaults import ensure_opening, ensure_risk_classes
from inventory.models import AISystem, OrganizationUnit
from portal.access.models import User
from portal.history.context import announced
from portal.ledger.models import LedgerEntry
from portal.records.models import ExternalId, ImportBatch
from tests.conftest import SETUP, SHARED

FILE = SHARED / "data" / "federal-ai-use-cases-2024.csv"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.is_file(), reason="SKIPPED: the real inventory is not beside this checkout"),
]
ROWS = 2133


@pytest.fixture
def cells() -> list[dict[str, str]]:
    with FILE.open(encoding="cp1252", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return [{str(i): cell for i, cell in enumerate(row) if cell != ""} for row in reader]


def run(path: Path = FILE, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_records", "ai-systems", str(path), mapping="us-federal-2024", stdout=out, **options)
    return out.getvalue()


def drawn() -> int:
    """Draw a number from the systems' sequence."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT muster.next_reference('SYS')")
        return int(cursor.fetchone()[0].removeprefix("SYS-"))


def test_none_is_lost_none_invented_and_again_changes_nothing(administrator: User, cells: list[dict[str, str]]) -> None:
    with announced(SETUP):
        ensure_risk_classes()
        ensure_opening()
    before = drawn()
    dry = run(dry_run=True)
    assert f"{ROWS} created" in dry
    assert "nothing was written" in dry
    assert not AISystem.objects.exists()
    assert not OrganizationUnit.objects.exists()

    start = time.monotonic()
    run()
    assert time.monotonic() - start < 20
    assert AISystem.objects.count() == ROWS
    first = min(AISystem.objects.values_list("reference", flat=True))
    assert int(first.removeprefix("SYS-")) == before + 1  # the dry run took no numbers

    # Every cell of the file is with its record.
    kept = ExternalId.objects.filter(register="ai-systems").order_by("row_number")
    assert kept.count() == ROWS
    for row, one in zip(cells, kept, strict=True):
        assert sorted(row.values()) == sorted((one.as_imported or {}).values())

    # Every agency and bureau is a unit; nothing else is.
    with FILE.open(encoding="cp1252", newline="") as file:
        named = {
            (row["Agency Abbreviation"].strip(), " ".join(row["Bureau"].split()).casefold())
            for row in csv.DictReader(file)
        }
    agencies = {agency for agency, _bureau in named}
    bureaus = {(agency, bureau) for agency, bureau in named if bureau not in {"", "n/a"}}
    units = OrganizationUnit.objects
    assert units.filter(parent=None).count() == len(agencies) == 41
    assert units.exclude(parent=None).count() == len(bureaus)
    assert not AISystem.objects.filter(unit=None).exists()

    # Declared at opening, approved by nobody.
    assert AISystem.objects.filter(declaration="opening", risk_class=None).count() == ROWS
    live_or_planned = AISystem.objects.exclude(stage="retirement")
    assert not live_or_planned.filter(regularize_by=None).exists()

    entries, batches = LedgerEntry.objects.count(), ImportBatch.objects.count()
    again = run()
    assert f"{ROWS} unchanged" in again
    assert (LedgerEntry.objects.count(), ImportBatch.objects.count()) == (entries, batches)


def test_a_changed_file_writes_only_the_difference(administrator: User, tmp_path: Path) -> None:
    run()
    text = FILE.read_bytes()
    changed = tmp_path / "changed.csv"
    changed.write_bytes(text.replace(b"Acquisition and/or Development,", b"Retired,", 1))
    before = LedgerEntry.objects.count()
    out = run(changed)
    assert "1 updated" in out
    assert f"{ROWS - 1} unchanged" in out
    tables = Counter(
        LedgerEntry.objects.order_by("-id")[: LedgerEntry.objects.count() - before].values_list("table_name", flat=True)
    )
    assert tables == {"inventory_aisystem": 1, "portal_externalid": 1, "portal_importbatch": 1}


def test_all_or_nothing_unless_partial(administrator: User, tmp_path: Path) -> None:
    lines = FILE.read_bytes()
    broken = tmp_path / "broken.csv"
    broken.write_bytes(lines.replace(b",Initiated,", b",Never heard of,", 1))
    report = tmp_path / "report.csv"
    with pytest.raises(CommandError, match="Nothing was written"):
        run(broken, report=report)
    assert not AISystem.objects.exists()
    assert not OrganizationUnit.objects.exists()
    assert "Never heard of" in report.read_text(encoding="utf-8")
    run(broken, partial=True)
    assert AISystem.objects.count() == ROWS - 1
