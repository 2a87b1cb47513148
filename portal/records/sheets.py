"""The rows of an XLSX workbook's first visible sheet, as text."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, time
from typing import BinaryIO, Final, cast

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from .rows import CHUNK, Limits, Problem, note, refusal

SHEET_ROWS: Final = 1 << 20  # the last row a spreadsheet can have
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
# What the libraries below raise for a damaged workbook; each XML parser's error is a SyntaxError.
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError, OSError, EOFError,
    AttributeError, NotImplementedError,
)  # fmt: skip

_Cells = tuple[Cell | MergedCell, ...]


def sheet_rows(stream: BinaryIO, name: str, limits: Limits, notes: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first visible sheet, values as they were stored."""
    try:
        with zipfile.ZipFile(stream) as archive, ExitStack() as stack:
            _check_archive(archive, name, limits)
            # What a formula's cell holds is one reading, that it is a formula another.
            readings = (True, False) if _has_formulas(archive) else (True,)
            sheets = [_sheet(stream, stack, notes, stored=stored) for stored in readings]
            for number, rows in enumerate(zip(*(sheet.iter_rows() for sheet in sheets), strict=True), start=1):
                if number > SHEET_ROWS:
                    text = _("%(name)s has a row %(row)d, which no spreadsheet has.")
                    raise refusal("too_many_rows", text, name, row=number)
                if len(rows) > 1:
                    _check_formulas(number, rows[0], rows[1], name)
                yield number, _texts(rows[0])
    except _BROKEN:
        text = _("%(name)s is damaged: it cannot be opened as an XLSX workbook.")
        raise refusal("broken_xlsx", text, name) from None


def _check_archive(archive: zipfile.ZipFile, name: str, limits: Limits) -> None:
    """Refuse an archive that is no workbook, is locked, or would unpack to more than `limits`."""
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = max(1, sum(part.compress_size for part in parts))
    bulging = unpacked > CHUNK and unpacked > packed * limits.ratio
    if len(parts) > limits.parts or unpacked > limits.unpacked or bulging:
        text = _("%(name)s unpacks to %(size).0f MB in %(parts)d parts, far more than a table should.")
        raise refusal("zip_bomb", text, name, size=unpacked / 1e6, parts=len(parts))
    if any(part.flag_bits & 1 for part in parts):
        raise refusal("encrypted", _("%(name)s is protected by a password. Remove it first."), name)
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise refusal("old_excel", _("%(name)s is a binary workbook. Save it as .xlsx or .csv."), name)
    if "[Content_Types].xml" not in names or not any(part.startswith("xl/") for part in names):
        raise refusal("not_a_workbook", _("%(name)s is a ZIP archive, but not an XLSX workbook."), name)


def _has_formulas(archive: zipfile.ZipFile) -> bool:
    for part in archive.namelist():
        if part.startswith("xl/worksheets/") and not part.endswith("/"):
            with archive.open(part) as stream:
                tail = b""
                while chunk := stream.read(CHUNK):
                    if _FORMULA.search(tail + chunk):
                        return True
                    tail = chunk[-32:]
    return False


def _sheet(stream: BinaryIO, stack: ExitStack, notes: list[Problem], *, stored: bool) -> Worksheet:
    book = openpyxl.load_workbook(stream, read_only=True, data_only=stored, keep_links=False)
    stack.enter_context(closing(book))
    sheets = book.worksheets
    sheet = next((sheet for sheet in sheets if sheet.sheet_state == "visible"), sheets[0])
    if len(sheets) > 1 and stored:
        facts = {"count": len(sheets), "title": sheet.title}
        notes.append(note("more_sheets", _("Of %(count)d sheets only “%(title)s” was read.") % facts))
    if not isinstance(sheet, ReadOnlyWorksheet):
        raise TypeError
    sheet.reset_dimensions()  # what a file claims of its size is no promise
    return cast("Worksheet", sheet)


def _check_formulas(number: int, values: _Cells, formulas: _Cells, name: str) -> None:
    for place, (cell, formula) in enumerate(zip(values, formulas, strict=True), start=1):
        # A stored empty text is marked as text; a formula never calculated has no value at all.
        if formula.data_type == "f" and cell.value is None and cell.data_type != "str":
            text = _("%(name)s, cell %(cell)s: a formula without a stored value. "
                     "Open and save the file in a spreadsheet program.")  # fmt: skip
            raise refusal("formula", text, name, row=number, cell=f"{get_column_letter(place)}{number}")


def _texts(cells: _Cells) -> list[str]:
    texts = [_text(cell.value) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return (value.date() if value.time() == time() else value).isoformat()
    return str(value)
