"""Reading tables: what is found, and what comes back unchanged."""

import csv
import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.records.files import DELIMITERS, FileProblem, neutralize, read_table
from tests.records.reading import cells, read

CELL = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff") | st.sampled_from("\n\r\t,;|\"'=")
)
ROWS = st.integers(2, 6).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))


def test_a_plain_file() -> None:
    data = b"Name,Owner\r\nChatbot,Ann\r\nOCR,\r\n"
    table = read(data)
    assert (table.format, table.encoding, table.delimiter) == ("csv", "utf-8", ",")
    assert (table.size, table.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert table.headers == ("Name", "Owner")
    assert [(row.number, row.cells) for row in table.rows] == [(2, ("Chatbot", "Ann")), (3, ("OCR", ""))]
    assert table.problems == ()


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("windows-1252", "windows-1252"),
    ],
)  # fmt: skip
def test_encodings_are_found(codec: str, found: str) -> None:
    table = read("Name,Größe\nChatbot — “beta”,€ 5\n".encode(codec))
    assert table.encoding == found
    assert table.headers == ("Name", "Größe")
    assert cells(table) == [("Chatbot — “beta”", "€ 5")]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiters_are_found_around_quoted_lines_full_of_the_others(delimiter: str) -> None:
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=delimiter)
    others = "".join(set(DELIMITERS) - {delimiter})
    rows = [["a", "b", "c"], *([f"x{others}\n{others}y{delimiter}", "1,5", "z;z"] for _ in range(50))]
    writer.writerows(rows)
    table = read(target.getvalue().encode())
    assert table.delimiter == delimiter
    assert cells(table) == [tuple(row) for row in rows[1:]]


def test_delimiter_is_found_in_a_file_longer_than_the_sample() -> None:
    row = '"long, text\n' + "x, " * 3000 + '";2\n'
    assert read(("a;b\n" + row * 100).encode()).delimiter == ";"


def test_headers_are_made_different_and_never_blank() -> None:
    table = read(b'If Other,  ,If  Other,IF OTHER,If Other (2),"two\nlines"\n1,2,3,4,5,6\n')
    assert table.headers == ("If Other", "Column 2", "If Other (2)", "IF OTHER (3)", "If Other (2) (2)", "two lines")


def test_blank_rows_are_counted_but_not_read() -> None:
    table = read(b"\na,b\n\n , \n1,2\n,,\n")
    assert [(row.number, row.cells) for row in table.rows] == [(5, ("1", "2"))]


def test_a_spreadsheets_note_of_its_delimiter_is_passed_over() -> None:
    table = read(b"sep=;\r\na;b\r\n1,5;2\r\n")
    assert table.headers == ("a", "b")
    assert [(row.number, row.cells) for row in table.rows] == [(3, ("1,5", "2"))]


def test_formula_like_text_stays_as_it_is() -> None:
    assert cells(read(b'a,b\n=1+1,@SUM(A1)\n-x,"+y"\n')) == [("=1+1", "@SUM(A1)"), ("-x", "+y")]


def test_a_short_row_is_filled_and_told() -> None:
    table = read(b"a,b,c\n1,2,3\n4\n")
    assert cells(table)[1] == ("4", "", "")
    assert [(problem.row, problem.code, problem.severity) for problem in table.problems] == [
        (3, "short_row", "warning")
    ]


def test_header_only_is_a_table_of_no_rows() -> None:
    table = read(b"a,b\n")
    assert table.rows == []
    assert [problem.code for problem in table.problems] == ["no_rows"]


def test_a_path_and_a_pipe_read_the_same(tmp_path: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *args: int) -> int:
            raise io.UnsupportedOperation

    data = "a;b\nä;2\n".encode("cp1252")
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    assert read_table(path, name="x") == read_table(cast("BinaryIO", Pipe(data)), name="x")


def test_the_stream_stays_open() -> None:
    stream = io.BytesIO(b"a,b\n1,2\n")
    read_table(stream, name="x")
    assert not stream.closed


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    rows=ROWS,
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
    stated=st.booleans(),
)
def test_any_table_reads_back_the_same(rows: list[list[str]], delimiter: str, encoding: str, stated: bool) -> None:
    width = len(rows[0]) if rows else 2
    headers = [f"Column {place}" for place in range(1, width + 1)]
    target = io.StringIO(newline="")
    # Where nothing is stated, every cell is quoted: then nothing is left to guess.
    writer = csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if stated else csv.QUOTE_ALL)
    writer.writerows([headers, *rows])
    try:
        data = target.getvalue().encode(encoding)
    except UnicodeEncodeError:
        assume(False)
    one_byte = encoding == "windows-1252"
    table = read(data, encoding=encoding if stated or one_byte else None, delimiter=delimiter if stated else None)
    assert table.delimiter == delimiter
    assert table.headers == tuple(headers)
    assert cells(table) == [tuple(row) for row in rows if any(cell.strip() for cell in row)]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"a,b\n", b"PK\x03\x04", b"\xff\xfe"):
        with suppress(FileProblem):
            read(start + data)


@pytest.mark.parametrize(
    "value", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "-", "+", "=", "-5x", "-1-1"]
)
def test_what_would_run_is_neutralized(value: str) -> None:
    assert neutralize(value) == "'" + value


@pytest.mark.parametrize("value", ["", "x", "-5", "+1.5e3", "-1,234.50", "-3 %", "a=b", "5-3", " =x"])
def test_what_does_not_run_is_left_alone(value: str) -> None:
    assert neutralize(value) == value
