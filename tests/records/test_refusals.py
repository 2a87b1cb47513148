"""Reading tables: what is refused, and how it is said."""

import io
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from portal.records.files import FileProblem, Limits, read_table
from tests.records.reading import cells, read, refused, workbook


def test_empty_files() -> None:
    assert refused(b"").code == "empty"
    assert refused(b" \r\n \n").code == "empty"
    assert refused(b"\xef\xbb\xbf\r\n").code == "empty"
    assert refused(b",,,\n,,,\n").code == "empty"
    assert refused(workbook()).code == "empty"


def test_one_column() -> None:
    assert refused(b"Name\nChatbot\n").code == "one_column"
    assert "Name;Owner" in refused(b"Name;Owner\n1;2\n", delimiter=",").message


def test_a_delimiter_is_one_character() -> None:
    assert refused(b"a,b\n1,2\n", delimiter="::").code == "delimiter"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("a,b\nx,caf\u00e9\n".encode("cp1252"), "utf-8"),
        ("a,b\nx,caf\u00e9\n".encode(), "ascii"),
        ("a,b\nx,caf\u00e9\n".encode("utf-8-sig"), "windows-1252"),
        ("a,b\nx,caf\u00e9\n".encode("utf-16"), "utf-8"),
        (b"a,b\nx,\x81\n", None),
    ],
)
def test_a_wrong_encoding(data: bytes, encoding: str | None) -> None:
    assert refused(data, encoding=encoding).code == "encoding"


def test_a_wrong_encoding_is_said_with_the_line_and_the_right_one() -> None:
    message = refused(b"a,b\nx,y\nz,caf\xe9\n", encoding="utf-8").message
    assert "line 3" in message
    assert "windows-1252" in message


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "", "utf-8\0"])
def test_an_encoding_that_is_none(encoding: str) -> None:
    assert refused(b"a,b\n1,2\n", encoding=encoding).code == "encoding_unknown"


def test_an_encoding_that_reads_utf8_as_noise_is_told() -> None:
    table = read("a,b\nx,café\n".encode(), encoding="windows-1252")
    assert [problem.code for problem in table.problems] == ["encoding"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a,b\n1,\0\n", "binary"),
        (b"a,b\n1,\0\n" * 40000, "binary"),
        (b"%PDF-1.7\n1 0 obj", "binary"),
        (b"\x89PNG\r\n\x1a\n123", "binary"),
        (b"\x1f\x8b\x08rest", "binary"),
        (bytes(range(1, 32)) * 20, "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Workbook" * 99, "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * (1 << 20) + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"PK\x03\x04 and then nothing", "broken_xlsx"),
    ],
)
def test_what_is_not_a_table(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_sizes_are_named() -> None:
    problem = refused(b"a,b\n" + b"1,2\n" * 1_000_000, limits=Limits(size=2_000_000))
    assert problem.code == "too_large"
    assert "4.0 MB" in problem.message
    assert "2.0 MB" in problem.message


def test_200_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(FileProblem, match=r"200\.0 MB.*50\.0 MB"):
        read_table(path, name="big.csv")

    class Endless(io.RawIOBase):
        read_so_far = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            self.read_so_far += size
            return b"a,b\n" * (size // 4)

    endless = Endless()
    with pytest.raises(FileProblem, match="too large"):
        read_table(cast("BinaryIO", endless), name="endless")
    assert endless.read_so_far < 52_000_000 + (1 << 20)


def test_too_many_rows_columns_characters() -> None:
    limits = Limits(rows=3, columns=4, cell=10)
    assert cells(read(b"a,b\n" + b"1,2\n" * 3, limits=limits))
    assert refused(b"a,b\n" + b"1,2\n" * 4, limits=limits).row == 5
    assert refused(b"a,b,c,d,e\n", limits=limits).code == "too_many_columns"
    long = refused(b"a,b\n1,2\n1,12345678901\n", limits=limits)
    assert (long.code, long.row) == ("cell_too_long", 3)
    assert "“b”" in long.message
    assert refused(b"a,b\n1,2\n1," + b"x" * 200_000 + b"\n").code == "cell_too_long"


def test_a_row_with_more_cells_than_the_header() -> None:
    problem = refused(b"a,b\n1,2\n1,2,3\n")
    assert (problem.code, problem.row) == ("ragged", 3)
    assert cells(read(b"a,b\n1,2,,\n")) == [("1", "2")]


def test_open_quotes() -> None:
    assert refused(b'a,b\n1,2\n3,"open\n4,5\n').code == "quotes"
    assert refused(b'a,b\n1,"x"y\n', delimiter=",").row == 2
