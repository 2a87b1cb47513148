"""Reading workbooks: what is found in a sheet, and which archives are refused."""

import io
import re
import struct
import zipfile
from datetime import datetime

from portal.records.files import Limits
from tests.records.reading import cells, read, refused, rezipped, workbook


def test_a_workbook() -> None:
    moment = datetime(2024, 10, 1)  # noqa: DTZ001 - a spreadsheet has no zones
    book = workbook(["Name", "When", "N", "F", "B"], ["text", moment, 2024, 1.5, True], [], ["x", None, 3.0])
    table = read(book)
    assert (table.format, table.encoding, table.delimiter) == ("xlsx", "", "")
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ("text", "2024-10-01", "2024", "1.5", "TRUE")),
        (4, ("x", "", "3", "", "")),
    ]


def test_a_workbooks_claimed_size_is_not_believed() -> None:
    data = workbook(["a", "b"], ["1", "2"])
    data = rezipped(data, "xl/worksheets/sheet1.xml", b'<dimension ref="A1:B2"', b'<dimension ref="A1:A1"')
    assert cells(read(data)) == [("1", "2")]


def test_other_sheets_are_told() -> None:
    table = read(workbook(["a", "b"], ["1", "2"], sheets=3))
    assert [problem.code for problem in table.problems] == ["more_sheets"]


def test_stored_values_of_formulas_are_read() -> None:
    data = workbook(["a", "b"], ["=1+1", '=IF(1,"","")'])
    sheet = "xl/worksheets/sheet1.xml"
    data = rezipped(data, sheet, b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        content = archive.read(sheet)
    found = re.search(rb'<c r="B2"[^>]*>', content)
    assert found is not None
    data = rezipped(data, sheet, found[0], b'<c r="B2" t="str">')
    assert cells(read(data)) == [("2", "")]


def test_zip_bombs() -> None:
    def archive(parts: dict[str, bytes]) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in parts.items():
                made.writestr(name, content)
        return target.getvalue()

    assert refused(archive({"xl/workbook.xml": b"\0" * 30_000_000})).code == "zip_bomb"
    assert refused(archive({f"xl/{at}": b"" for at in range(5_001)})).code == "zip_bomb"
    assert refused(workbook(["a", "b"]), limits=Limits(unpacked=1000)).code == "zip_bomb"
    assert refused(archive({"word/document.xml": b"<x/>"})).code == "not_a_workbook"
    assert refused(archive({"xl/workbook.bin": b"x"})).code == "old_excel"


def test_broken_workbooks() -> None:
    data = workbook(["a", "b"], *(["x" * 50, str(at)] for at in range(2000)))
    assert refused(data[: len(data) // 2]).code == "broken_xlsx"
    assert refused(rezipped(data, "xl/worksheets/sheet1.xml", b"</sheetData>", b"")).code == "broken_xlsx"
    assert refused(rezipped(data, "xl/workbook.xml", b"<workbook", b"<")).code == "broken_xlsx"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        header = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    flags = bytearray(data)
    struct.pack_into("<H", flags, flags.rfind(b"PK\x01\x02") + 8, 1)  # the last part says it is encrypted
    assert refused(bytes(flags)).code == "encrypted"
    garbled = data[: header + 80] + b"\xff" * 200 + data[header + 280 :]
    assert refused(garbled).code == "broken_xlsx"


def test_a_row_no_spreadsheet_has() -> None:
    data = workbook(["a", "b"], ["1", "2"])
    data = rezipped(data, "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="99999999"')
    assert refused(data).code == "too_many_rows"


def test_a_formula_without_a_stored_value_is_named() -> None:
    problem = refused(workbook(["a", "b"], ["1", "2"], ["1", "=A1+1"]))
    assert (problem.code, problem.row) == ("formula", 3)
    assert "B3" in problem.message
