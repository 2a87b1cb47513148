"""Columns matched by a person, and what is suggested to them."""

from portal.records.columns import FieldInfo, mapping_from_columns, suggest
from portal.records.mapping import load_mapping, to_yaml
from portal.records.planning import plan
from portal.records.rows import SourceKey
from tests.records.plans import rows, table


def test_suggestions() -> None:
    fields = [
        FieldInfo("name", "Name"),
        FieldInfo("purpose", "Intended purpose"),
        FieldInfo("stage", "Lifecycle stage"),
        FieldInfo("retired_on", "Retired on"),
        FieldInfo("vendor", "Vendor"),
    ]
    headers = [
        "Use Case Name",
        "NAME",
        "intended_purpose",
        "Stage",
        "Lifecycle stage",
        "Supplier",
        "Budget",
        "Date Retired",
    ]
    assert suggest(headers, fields) == {
        "Use Case Name": None,
        "NAME": "name",
        "intended_purpose": "purpose",
        "Stage": "stage",
        "Lifecycle stage": None,
        "Supplier": "vendor",
        "Budget": None,
        "Date Retired": "retired_on",
    }


def test_a_mapping_from_matched_columns() -> None:
    found = mapping_from_columns(
        {"Title": "name", "Junk": None, "Goal": "purpose"},
        name="upload", title="Upload", register="systems", source="upload", key=["Title"],
    )  # fmt: skip
    assert load_mapping(to_yaml(found), name="x") == found
    planned = plan(found, table(["Title", "Junk", "Goal"], ["Bot", "?", "Help"]))
    (row,) = rows(planned)
    assert row.values == {"name": "Bot", "purpose": "Help"}
    assert row.key == SourceKey("upload", "", "bot")
    assert row.imported == {"Title": "Bot", "Junk": "?", "Goal": "Help"}
