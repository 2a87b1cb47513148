"""Packs of the three frameworks for the real 2,133 systems: in time, in memory, complete, and every reference opens."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from django.test import Client

from inventory.defaults import ensure_risk_classes
from portal.access.models import User
from portal.access.roles import Role
from portal.history.context import announced
from portal.records.register import registers
from reports import pdf
from tests.conftest import ROOT, SETUP, SHARED

FILE = SHARED / "data" / "federal-ai-use-cases-2024.csv"
ROWS, PAGES, SECONDS, MEGABYTES = 2133, 80, 60, 500
pytestmark = [
    pytest.mark.skipif(not FILE.is_file(), reason="SKIPPED: the real inventory is not beside this checkout"),
    pytest.mark.skipif(bool(pdf.why_not()), reason=f"SKIPPED: {pdf.why_not()}"),
]


def manage(database: str, folder: Path, *arguments: str) -> tuple[float, float]:
    """Run a command on the test's database in a process of its own; how many seconds and MB it took."""
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + database
    start = time.monotonic()
    said = folder / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "MUSTER_DATA": str(folder)},
            stdout=out,
            stderr=out,
        )
        # Of this child alone: RUSAGE_CHILDREN keeps the most that any child of this process ever had.
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said.read_text()[-2000:]
    return time.monotonic() - start, usage.ru_maxrss / 1024


def test_packs_of_the_real_inventory(
    committed: str, make_user: Callable[..., User], tmp_path: Path, client: Client
) -> None:
    make_user("ada", Role.ADMINISTRATOR)
    with announced(SETUP):
        ensure_risk_classes()
    manage(committed, tmp_path, "import_records", "ai-systems", str(FILE), "--mapping", "us-federal-2024")
    references: set[str] = set()
    for framework, title in {"eu-ai-act": "EU AI Act", "hipaa": "HIPAA", "soc2": "SOC 2"}.items():
        out = tmp_path / f"{framework}.pdf"
        seconds, peak = manage(committed, tmp_path, "make_pack", "--framework", framework, "--all", "--out", str(out))
        assert seconds < SECONDS, f"{framework} took {seconds:.0f} s"
        assert peak < MEGABYTES, f"{framework} took {peak:.0f} MB"
        with pikepdf.open(out) as document:
            assert len(document.pages) <= PAGES
            systems = document.attachments["ai-systems.csv"].get_file().read_bytes().decode("utf-8-sig")
            assert sum(1 for _row in csv.reader(io.StringIO(systems))) == ROWS + 1
        if shutil.which("pdftotext"):
            text = subprocess.run(["pdftotext", out, "-"], capture_output=True, text=True, check=True).stdout
            assert title in text.split("\f")[0]
            references |= set(re.findall(r"\b(?:SYS|UNIT|VEN|AGR|MDL|DS|DOC|ROLE)-\d{6,}\b", text))
    assert references or not shutil.which("pdftotext")
    client.force_login(User.objects.get(username="ada"))
    pages = {register.prefix: register.slug for register in registers()}
    for reference in references:
        url = f"/{pages[reference.split('-')[0]]}/{reference}/"
        assert client.get(url).status_code == 200, f"{reference} stands in a pack and does not open"
