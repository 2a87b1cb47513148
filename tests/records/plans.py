"""Short words for mappings and plans in tests."""

import csv
import io
from pathlib import Path

from portal.records.files import Table, read_table
from portal.records.mapping import Mapping, load_mapping
from portal.records.planning import ImportPlan, plan
from portal.records.rows import Problem, RowInput

ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = ROOT / "inventory" / "mappings"

HEAD = "format: 1\nname: t\ntitle: T\nregister: systems\nsource: s\nfeed: f\n"
UNITS = """
lookups:
  unit:
    register: units
    levels:
      - {key: [Agency], fields: {code: Agency, name: Long}, constants: {kind: agency}}
      - {key: [Agency, Bureau], parent_field: parent, fields: {name: Bureau}, optional: true}
"""


def table(*rows: list[str]) -> Table:
    target = io.StringIO(newline="")
    csv.writer(target).writerows(rows)
    return read_table(io.BytesIO(target.getvalue().encode()), name="t.csv")


def mapping(body: str) -> Mapping:
    return load_mapping(HEAD + body, name="t.yaml")


def rows(found: ImportPlan) -> list[RowInput]:
    return found.batches[-1].rows


def values(body: str, *cells: str) -> tuple[list[object], list[Problem]]:
    """What the rule `body` for the field x makes of each cell of the column A."""
    found = plan(mapping(f"fields:\n  x: {body}"), table(["A", "B"], *([cell, "."] for cell in cells)))
    return [row.values["x"] for row in rows(found)] if found.batches else [], found.problems


def codes(problems: list[Problem]) -> list[tuple[str, int | None, str]]:
    return [(problem.severity, problem.row, problem.code) for problem in problems]
