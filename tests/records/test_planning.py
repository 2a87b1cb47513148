"""Plans: what a file and its mapping make, cell by cell, row by row, lookup by lookup."""

from datetime import date

import pytest

from portal.records.planning import plan
from portal.records.rows import DateRule, SourceKey, read_date
from tests.records.plans import UNITS, codes, mapping, rows, table, values


def test_values_match_whatever_their_case_space_dashes_and_quotes() -> None:
    body = "{column: A, values: {\"No - it's done\": n, 'Yes': y}}"
    found, problems = values(body, "  NO \u2013\n it\u2019s  Done", "yes ", "")
    assert found == ["n", "y", ""]
    assert problems == []


@pytest.mark.parametrize(
    ("unknown", "expected", "problem"),
    [
        ("error", [], [("error", 2, "unknown_value")]),
        ("blank", [""], [("warning", 2, "unknown_value")]),
        ("keep", ["Perhaps"], []),
        ("{default: z}", ["z"], [("warning", 2, "unknown_value")]),
        ("{value: z}", ["z"], []),
    ],
)
def test_values_that_are_not_known(unknown: str, expected: list[str], problem: list[tuple[str, int, str]]) -> None:
    found, problems = values(f"{{column: A, values: {{'Yes': y}}, unknown: {unknown}}}", "Perhaps")
    assert found == expected
    assert codes(problems) == problem


def test_an_error_names_row_column_and_field() -> None:
    _found, (problem,) = values("{column: A, values: {'Yes': y}}", "yes", "Perhaps")
    assert (problem.row, problem.column, problem.field) == (3, "A", "x")
    assert "“Perhaps”" in problem.message
    assert str(problem).startswith("row 3, “A”: ")


def test_blank_texts_say_nothing() -> None:
    found = plan(mapping("blank: [N/A]\nfields: {x: A}"), table(["A", "B"], ["n/a ", "1"], ["no", "1"]))
    assert [row.values["x"] for row in rows(found)] == ["", "no"]
    assert rows(found)[0].imported == {"A": "n/a ", "B": "1"}


def test_an_empty_cell_may_have_a_default_with_a_warning_or_a_meaning_without() -> None:
    assert values("{column: A, empty: {value: unknown}}", "")[0] == ["unknown"]
    found, problems = values("{column: A, empty: {default: planning}}", "x", "")
    assert found == ["x", "planning"]
    assert codes(problems) == [("warning", 3, "blank")]
    assert codes(values("{column: A, empty: error}", "")[1]) == [("error", 2, "blank")]


def test_long_text_is_an_error_or_is_shortened_and_kept() -> None:
    assert codes(values("{column: A, max_length: 5}", "123456")[1]) == [("error", 2, "too_long")]
    found, problems = values("{column: A, max_length: 5, overflow: keep}", "12345", "123456")
    assert found == ["12345", "1234…"]
    assert codes(problems) == [("warning", 3, "shortened")]


def test_a_field_of_several_columns_is_a_list() -> None:
    body = """
fields:
  tags:
    - {column: A, values: {Both: [r, s], R: r}, unknown: blank}
    - {column: B, values: {'Yes': p, 'No': []}}
constants: {tags: [all]}
"""
    found = plan(mapping(body), table(["A", "B"], ["both", "yes"], ["", "no"], ["R", ""]))
    assert [row.values["tags"] for row in rows(found)] == [["all", "r", "s", "p"], ["all"], ["all", "r"]]


@pytest.mark.parametrize(
    ("text", "day", "code"),
    [
        ("10/1/2023", date(2023, 10, 1), ""),
        ("2023-10-01", date(2023, 10, 1), ""),
        ("7/16/1905", None, "year_only"),
        ("2024", None, "year_only"),
        ("10/2023", None, "month_only"),
        ("24-Nov", None, "not_a_date"),
        ("10/12023", None, "not_a_date"),
        ("2/30/2024", None, "not_a_date"),
        ("1/1/0024", None, "not_a_date"),
        ("Q4FY25", None, "not_a_date"),
        ("2022-08 (estimated)", None, "not_a_date"),
    ],
)
def test_dates(text: str, day: date | None, code: str) -> None:
    rule = DateRule(("%m/%d/%Y", "%m/%Y"), excel_year=True)
    found, trouble = read_date(text, rule)
    assert found == day
    assert (trouble.code if trouble else "") == code


def test_a_year_that_a_spreadsheet_took_for_a_day_is_named() -> None:
    found, (problem,) = values('{column: A, date: {formats: ["%m/%d/%Y"], excel_year: true}}', "7/16/1905")
    assert found == [None]
    assert problem.severity == "warning"
    assert "only the year 2024 is stated" in problem.message
    # A register of old things may say so.
    assert values('{column: A, date: {formats: ["%m/%d/%Y"]}}', "7/16/1905")[0] == [date(1905, 7, 16)]


def test_a_month_may_be_said_to_be_its_first_day() -> None:
    assert values('{column: A, date: {formats: ["%m/%Y"], month: first}}', "10/2023")[0] == [date(2023, 10, 1)]


def test_every_cell_that_is_not_empty_is_kept() -> None:
    found = plan(mapping("fields: {x: A}"), table(["A", "B", "C"], [" a ", "", " "]))
    assert rows(found)[0].imported == {"A": " a ", "C": " "}
    assert found.headers_unused == ("B", "C")


def test_keys_with_ordinals_are_unique_even_against_names_like_them() -> None:
    body = "key: {columns: [A, B], ordinal: true}\nfields: {x: A}"
    found = plan(mapping(body), table(["A", "B"], ["x", "y"], ["X ", "y"], ["x", "y #2"], ["x", ""], ["x | y", ""]))
    keys = [row.key.key for row in rows(found) if row.key]
    assert keys == ["x | y", "x | y #2", "x | y #2 #2", "x | ", "x \\| y | "]


def test_a_key_twice_is_an_error_naming_both_rows() -> None:
    found = plan(mapping("key: {columns: [A]}\nfields: {x: A}"), table(["A", "B"], ["x", "1"], ["y", "2"], ["x", "3"]))
    assert codes(found.problems) == [("error", 4, "duplicate_key")]
    assert "Rows 2 and 4" in found.problems[0].message
    assert not found.ok
    assert [row.number for row in rows(found)] == [2, 3]


def test_a_row_without_a_key_is_an_error() -> None:
    found = plan(mapping("key: {columns: [A]}\nfields: {x: A}"), table(["A", "B"], ["", "1"]))
    assert codes(found.problems) == [("error", 2, "key_empty")]


def test_long_keys_stay_apart() -> None:
    body = "key: {columns: [A], ordinal: true}\nfields: {x: A}"
    found = plan(mapping(body), table(["A", "B"], ["x" * 2000 + "1", "."], ["x" * 2000 + "2", "."]))
    keys = [row.key.key for row in rows(found) if row.key]
    assert len(set(keys)) == 2
    assert max(map(len, keys)) <= 800


def test_missing_columns_are_one_problem_with_the_nearest() -> None:
    body = "require: [Use Case Name, Agency]\nkey: {columns: [Agency]}\nfields: {x: Agency}"
    found = plan(mapping(body), table(["Use Case Names", "Z"], ["1", "2"]))
    (problem,) = found.problems
    assert problem.code == "missing_columns"
    assert "“Use Case Name” (nearest: “Use Case Names”)" in problem.message
    assert "“Agency”" in problem.message
    assert found.batches == []


def test_a_column_that_may_be_missing_leaves_its_field_alone() -> None:
    found = plan(mapping("fields: {x: A, y: Owner}"), table(["A", "Owners"], ["1", "2"]))
    assert codes(found.problems) == [("warning", None, "column_missing")]
    assert rows(found)[0].values == {"x": "1"}


def test_a_field_the_register_does_not_have() -> None:
    found = plan(mapping("fields: {x: A, y: B}"), table(["A", "B"], ["1", "2"]), register_fields=["x"])
    assert [(problem.code, problem.field) for problem in found.problems] == [("unknown_field", "y")]
    assert found.batches == []


def test_a_table_of_no_rows() -> None:
    found = plan(mapping("fields: {x: A}"), table(["A", "B"]))
    assert (found.batches, found.row_count) == ([], 0)
    assert [problem.code for problem in found.problems] == ["no_rows"]


def test_units_are_made_parents_first_and_once() -> None:
    found = plan(
        mapping(UNITS + "fields: {x: A, unit: {lookup: unit}}"),
        table(
            ["A", "Agency", "Long", "Bureau"],
            ["1", "VA", "Veterans", "OIT"],
            ["2", "DOE", "Energy", "OIT"],
            ["3", "VA ", "Veterans ", " oit"],
            ["4", "va", "", ""],
        ),
    )
    agencies, bureaus, systems = found.batches
    assert found.problems == []
    assert (agencies.register, bureaus.register, systems.register) == ("units", "units", "systems")
    assert [row.values for row in agencies.rows] == [
        {"kind": "agency", "code": "VA", "name": "Veterans"},
        {"kind": "agency", "code": "DOE", "name": "Energy"},
    ]
    veterans, energy = SourceKey("s", "f", "va"), SourceKey("s", "f", "doe")
    assert [row.values for row in bureaus.rows] == [
        {"parent": veterans, "name": "OIT"},
        {"parent": energy, "name": "OIT"},
    ]
    assert [row.values["unit"] for row in systems.rows] == [
        SourceKey("s", "f", "va | oit"),
        SourceKey("s", "f", "doe | oit"),
        SourceKey("s", "f", "va | oit"),
        veterans,
    ]


def test_a_unit_told_in_two_ways_is_a_warning_once_and_blanks_are_filled() -> None:
    found = plan(
        mapping(UNITS + "fields: {x: A, unit: {lookup: unit}}"),
        table(
            ["A", "Agency", "Long", "Bureau"],
            ["1", "VA", "", ""],
            ["2", "VA", "Veterans", ""],
            ["3", "VA", "Vets", ""],
            ["4", "VA", "Vets", ""],
        ),
    )
    assert found.batches[0].rows[0].values["name"] == "Veterans"
    assert codes(found.problems) == [("warning", 4, "lookup_differs")]


def test_a_row_without_a_unit_is_an_error() -> None:
    found = plan(
        mapping(UNITS + "fields: {x: A, unit: {lookup: unit}}"),
        table(["A", "Agency", "Long", "Bureau"], ["1", "", "", "OIT"]),
    )
    assert codes(found.problems) == [("error", 2, "lookup_empty")]
    assert found.batches == []
