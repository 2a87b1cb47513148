"""The mapping of the real inventory of 2024, on the real file."""

import csv
import dataclasses
import time
import warnings
from collections import Counter
from datetime import date

import pytest

from portal.records.files import Table, read_table
from portal.records.mapping import Mapping, find_mappings
from portal.records.planning import plan
from portal.records.rows import SourceKey, fold
from tests.records.plans import MAPPINGS, ROOT, mapping, rows, table

REAL = ROOT.parent / "shared" / "data" / "federal-ai-use-cases-2024.csv"


@pytest.fixture(scope="module")
def real() -> Table:
    if not REAL.exists():
        warnings.warn(f"NOT TESTED: the real inventory is not at {REAL}", stacklevel=1)
        pytest.skip(f"the real inventory is not at {REAL}")
    return read_table(REAL, name=REAL.name)


@pytest.fixture(scope="module")
def federal() -> Mapping:
    return find_mappings([MAPPINGS])["us-federal-2024"]


def test_the_real_file_is_planned_whole(real: Table, federal: Mapping) -> None:
    with REAL.open(encoding="cp1252", newline="") as stream:
        header, *records = csv.reader(stream)
    start = time.perf_counter()
    found = plan(federal, real)
    assert time.perf_counter() - start < 2
    assert (real.encoding, real.delimiter, len(real.headers)) == ("windows-1252", ",", len(header))
    assert found.ok
    assert found.opening
    assert found.row_count == len(records) == 2133
    assert [(batch.register, len(batch.rows)) for batch in found.batches] == [
        ("organization-units", 41),
        ("organization-units", 336),
        ("ai-systems", 2133),
    ]
    # Nothing is lost: as many cells as the file has, and the same text in the same place.
    assert sum(len(row.imported or {}) for row in rows(found)) == sum(
        1 for record in records for cell in record if cell
    )
    for row, record in zip(rows(found), records, strict=True):
        assert list((row.imported or {}).values()) == [cell for cell in record if cell]


def test_the_real_file_has_every_unit_and_unique_stable_keys(real: Table, federal: Mapping) -> None:
    with REAL.open(encoding="cp1252", newline="") as stream:
        records = list(csv.reader(stream))[1:]
    agencies, bureaus, systems = plan(federal, real).batches
    assert {row.values["code"] for row in agencies.rows} == {record[2] for record in records}
    named = {record[3] for record in records if record[3].strip()}
    assert len(named) == 326  # “N/A” is one of them, and a name with a trailing blank is another's twin
    assert {row.values["name"] for row in bureaus.rows} == {" ".join(name.split()) for name in named} - {"N/A"}
    keys = [row.key for row in systems.rows]
    assert len({row.key for batch in (agencies, bureaus, systems) for row in batch.rows}) == 41 + 336 + 2133
    assert keys == [row.key for row in plan(federal, real).batches[-1].rows]
    made = {row.key for batch in (agencies, bureaus) for row in batch.rows}
    assert all(row.values["unit"] in made for row in systems.rows)
    blank = [row for row, record in zip(systems.rows, records, strict=True) if record[3].strip() in {"", "N/A"}]
    agency_keys = {row.key for row in agencies.rows}
    assert blank
    assert all(row.values["unit"] in agency_keys for row in blank)


def test_the_real_files_answers(real: Table, federal: Mapping) -> None:
    found = plan(federal, real)
    stages = Counter(str(row.values["stage"]) for row in rows(found))
    assert stages == {"monitoring": 892, "development": 404, "planning": 403, "deployment": 287, "retirement": 147}
    told = Counter((problem.field, problem.code) for problem in found.problems)
    assert told["stage", "blank"] == 4
    assert told["initiated_on", "year_only"] == 48
    assert {problem.severity for problem in found.problems} == {"warning"}
    assert all(problem.row and problem.column for problem in found.problems)
    artifact = next(row for row in rows(found) if (row.imported or {}).get("Date Initiated") == "7/16/1905")
    assert artifact.values["initiated_on"] is None
    days = [row.values["initiated_on"] for row in rows(found) if row.values["initiated_on"] is not None]
    assert min(day for day in days if isinstance(day, date)) > date(1990, 1, 1)
    assert not any(fold(str(row.values["name"])) == "" for row in rows(found))


def test_a_changed_cell_changes_only_its_row(real: Table, federal: Mapping) -> None:
    place = real.headers.index("Stage of Development")
    altered = list(real.rows)
    cells = list(altered[700].cells)
    cells[place] = "Retired" if cells[place] != "Retired" else "Initiated"
    altered[700] = dataclasses.replace(altered[700], cells=tuple(cells))
    before, after = plan(federal, real), plan(federal, dataclasses.replace(real, rows=altered))
    assert before.batches[:2] == after.batches[:2]
    differing = [old.number for old, new in zip(rows(before), rows(after), strict=True) if old != new]
    assert differing == [real.rows[700].number]


def test_another_years_layout_needs_only_another_mapping() -> None:
    body = """
blank: ["", "n.a."]
key: {columns: [Use Case ID]}
lookups:
  unit:
    register: organization-units
    feed: units
    levels: [{key: [Agency Code], fields: {code: Agency Code, name: Agency Name}}]
fields:
  name: {column: Use Case Title, max_length: 400}
  unit: {lookup: unit}
  stage: {column: Status, values: {Pilot: deployment, Deployed: monitoring}}
  live_on: {column: Operational Date, date: {formats: ["%m/%Y"], month: first}}
"""
    planned = plan(
        mapping(body),
        table(
            ["Use Case ID", "Use Case Title", "Agency Code", "Agency Name", "Status", "Operational Date", "New"],
            ["DOE-7", "Grid forecast", "DOE", "Department of Energy", "PILOT", "n.a.", "x"],
            ["DOE-8", "Fusion notes", "DOE", "Department of Energy", "Deployed", "10/2025", ""],
        ),
    )
    assert planned.problems == []
    assert planned.headers_unused == ("New",)
    first, second = rows(planned)
    assert (first.values["stage"], first.values["live_on"]) == ("deployment", None)
    assert second.values["live_on"] == date(2025, 10, 1)
    assert first.values["unit"] == SourceKey("s", "units", "doe")
