"""Packs of the three frameworks for the real 2,133 systems: in time, in memory, complete, and every reference opens."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
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
from tests.conftest import SETUP, SHARED
from tests.measuring import manage

FILE = SHARED / "data" / "federal-ai-use-cases-2024.csv"
ROWS, PAGES, SECONDS, MEGABYTES = 2133, 80, 60, 500
pytestmark = [
    pytest.mark.skipif(not FILE.is_file(), reason="SKIPPED: the real inventory is not beside this checkout"),
    pytest.mark.skipif(bool(pdf.why_not()), reason=f"SKIPPED: {pdf.why_not()}"),
]


def test_packs_of_the_real_inventory(
    committed: str, make_user: Callable[..., User], tmp_path: Path, client: Client
) -> None:
    make_user("ada", Role.ADMINISTRATOR)
    with announced(SETUP):
        ensure_risk_classes()
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + committed
    here = {**os.environ, "DATABASE_URL": url, "MUSTER_DATA": str(tmp_path)}
    manage(here, "import_records", "ai-systems", str(FILE), "--mapping", "us-federal-2024")
    references: set[str] = set()
    for framework, title in {"eu-ai-act": "EU AI Act", "hipaa": "HIPAA", "soc2": "SOC 2"}.items():
        out = tmp_path / f"{framework}.pdf"
        cost = manage(here, "make_pack", "--framework", framework, "--all", "--out", str(out))
        assert cost.seconds < SECONDS, f"{framework} took {cost.seconds:.0f} s"
        assert cost.megabytes < MEGABYTES, f"{framework} took {cost.megabytes:.0f} MB"
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
