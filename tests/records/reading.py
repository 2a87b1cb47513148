"""Short words for reading tables in tests."""

import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from portal.records.files import FileProblem, Limits, Table, read_table


def read(
    data: bytes, *, encoding: str | None = None, delimiter: str | None = None, limits: Limits | None = None
) -> Table:
    return read_table(
        io.BytesIO(data), name="upload", encoding=encoding, delimiter=delimiter, limits=limits or Limits()
    )


def refused(
    data: bytes, *, encoding: str | None = None, delimiter: str | None = None, limits: Limits | None = None
) -> FileProblem:
    with pytest.raises(FileProblem) as caught:
        read(data, encoding=encoding, delimiter=delimiter, limits=limits)
    assert "upload" in caught.value.message, "the message names the file"
    assert "%(" not in caught.value.message
    return caught.value


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def workbook(*rows: Sequence[object], sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    for _ in range(sheets - 1):
        book.create_sheet()
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def rezipped(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old in content
                content = content.replace(old, new)
            archive.writestr(name, content)
    return target.getvalue()
