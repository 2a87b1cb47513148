"""Reading a table of text from a CSV or XLSX file, whoever made it.

`read_table` finds the encoding and the delimiter, refuses what it cannot read with one clear sentence
(`FileProblem`), and never holds more than the rows. Cells are text as the file has it: a text that looks like
a formula stays what it is, and `neutralize` is for the way out.
"""

import codecs
import csv
import hashlib
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from django.utils.translation import gettext as _

from .rows import CHUNK, LIMITS, FileProblem, Limits, Problem, Row, Table, fold, note, refusal, shown, squeeze
from .sheets import sheet_rows

__all__ = ["DELIMITERS", "LIMITS", "FileProblem", "Limits", "Row", "Table", "neutralize", "read_table"]

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE: Final = 1 << 18  # characters looked at to find the delimiter

_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY: Final = {
    "PDF": b"%PDF", "PNG": b"\x89PNG", "JPEG": b"\xff\xd8\xff", "GIF": b"GIF8", "gzip": b"\x1f\x8b",
    "7-Zip": b"7z\xbc\xaf", "RAR": b"Rar!", "RTF": b"{\\rtf", "ELF": b"\x7fELF", "SQLite": b"SQLite format",
}  # fmt: skip
_CONTROLS: Final = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s?%?")


@dataclass(slots=True)
class _Scan:
    """What one pass over the bytes tells."""

    size: int
    sha256: str
    head: bytes
    utf8: bool
    ascii: bool
    nul: bool


def read_table(
    source: Path | BinaryIO,
    *,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    limits: Limits = LIMITS,
) -> Table:
    """The table in `source`, called `name` in messages. Raises `FileProblem`; a stream is left open."""
    with _seekable(source, name, limits) as stream:
        scan = _scan(stream, name, limits)
        notes: list[Problem] = []
        if scan.head.startswith(b"PK\x03\x04"):
            headers, rows = _collect(sheet_rows(stream, name, limits, notes), name, limits, notes)
            return Table(name, "xlsx", "", "", scan.sha256, scan.size, headers, rows, tuple(notes))
        _refuse_binary(stream, scan, name)
        encoding = _find_encoding(stream, scan, name, encoding, notes)
        stream.seek(0)
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            sample = text.read(SAMPLE)
            if len(_CONTROLS.findall(sample)) > len(sample) // 100:
                raise refusal("binary", _("%(name)s is not text: it is full of control characters."), name)
            delimiter = delimiter or _find_delimiter(sample, whole=len(sample) < SAMPLE)
            text.seek(0)
            headers, rows = _collect(_csv_rows(text, delimiter, name, limits), name, limits, notes)
        finally:
            text.detach()
        return Table(name, "csv", encoding, delimiter, scan.sha256, scan.size, headers, rows, tuple(notes))


def neutralize(value: str) -> str:
    """`value` as a spreadsheet may show it without running it: `'` before what would start a formula.

    Plain numbers (`-5`, `+1.5e3`, `-3 %`) stay numbers.
    """
    risky = value.startswith(("=", "+", "-", "@", "\t", "\r")) and not _NUMBER.fullmatch(value)
    return "'" + value if risky else value


@contextmanager
def _seekable(source: Path | BinaryIO, name: str, limits: Limits) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        _check_size(source.stat().st_size, name, limits)
        with source.open("rb") as stream:
            yield stream
    elif source.seekable():
        _check_size(source.seek(0, io.SEEK_END), name, limits)
        yield source
    else:
        with tempfile.SpooledTemporaryFile(max_size=CHUNK) as spool:
            while chunk := source.read(CHUNK):
                spool.write(chunk)
                _check_size(spool.tell(), name, limits)
            yield cast("BinaryIO", spool)


def _check_size(size: int, name: str, limits: Limits) -> None:
    if size > limits.size:
        text = _("%(name)s is too large: %(size).1f MB, where at most %(limit).1f MB are read.")
        raise refusal("too_large", text, name, size=size / 1e6, limit=limits.size / 1e6)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        yield chunk


def _scan(stream: BinaryIO, name: str, limits: Limits) -> _Scan:
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    scan = _Scan(size=0, sha256="", head=b"", utf8=True, ascii=True, nul=False)
    for chunk in _chunks(stream):
        digest.update(chunk)
        scan.head = scan.head or chunk
        scan.size += len(chunk)
        _check_size(scan.size, name, limits)  # the file may grow while it is read
        scan.nul = scan.nul or b"\0" in chunk
        scan.ascii = scan.ascii and chunk.isascii()
        try:
            scan.utf8 = scan.utf8 and decoder.decode(chunk) is not None
        except UnicodeDecodeError:
            scan.utf8 = False
    scan.utf8 = scan.utf8 and not decoder.getstate()[0]  # not ended within a character
    if not scan.head.strip():
        raise refusal("empty", _("%(name)s is empty."), name)
    scan.sha256 = digest.hexdigest()
    return scan


def _refuse_binary(stream: BinaryIO, scan: _Scan, name: str) -> None:
    if scan.head.startswith(_OLE):
        mark, tail = "EncryptedPackage".encode("utf-16-le"), b""
        for chunk in _chunks(stream):
            if mark in tail + chunk:
                raise refusal("encrypted", _("%(name)s is protected by a password. Remove it first."), name)
            tail = chunk[-len(mark) :]
        raise refusal("old_excel", _("%(name)s is in the old Excel format. Save it as .xlsx or .csv."), name)
    for kind, start in _BINARY.items():
        if scan.head.startswith(start):
            raise refusal("binary", _("%(name)s is a %(kind)s file. Give a CSV or XLSX file."), name, kind=kind)


def _find_encoding(stream: BinaryIO, scan: _Scan, name: str, given: str | None, notes: list[Problem]) -> str:
    """The encoding of the file, checked on every byte of it. Raises `FileProblem`."""
    marked = next((encoding for mark, encoding in _BOMS if scan.head.startswith(mark)), None)
    found = marked or (given if given is not None and scan.nul else _without_bom(scan, name))
    if given is None:
        _check_decodes(stream, found, name, found)
        return found
    try:
        "a".encode(given)
        family = codecs.lookup(given).name[:6].rstrip("-")
    except (LookupError, UnicodeError, ValueError):
        text = _("“%(encoding)s”, stated for %(name)s, is not a text encoding.")
        raise refusal("encoding_unknown", text, name, encoding=given) from None
    if marked is not None:
        if not marked.startswith(family):
            text = _("%(name)s is not %(given)s: its first bytes say %(found)s.")
            raise refusal("encoding", text, name, given=given, found=marked)
        _check_decodes(stream, marked, name, marked)
        return marked
    _check_decodes(stream, given, name, found)
    if found == "utf-8" and not scan.ascii and family != "utf-8":
        text = _("The file was read as %s, but it looks like UTF-8: check letters with accents.") % given
        notes.append(note("encoding", text))
    return given


def _without_bom(scan: _Scan, name: str) -> str:
    if not scan.nul:
        return "utf-8" if scan.utf8 else "windows-1252"
    # Every second byte of UTF-16 is 0 where the text is Latin, delimiters and line ends included.
    even, odd = scan.head[::2].count(0), scan.head[1::2].count(0)
    if max(even, odd) * 4 < len(scan.head) or min(even, odd) * 4 > max(even, odd):
        raise refusal("binary", _("%(name)s is not text: it contains NUL bytes."), name)
    return "utf-16-le" if odd > even else "utf-16-be"


def _check_decodes(stream: BinaryIO, encoding: str, name: str, found: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for chunk in _chunks(stream):
            text = decoder.decode(chunk)
            line += text.count("\n")
            if "\0" in text:
                raise refusal("binary", _("%(name)s is not text: it contains NUL characters."), name)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            line += error.object[: error.start].count(b"\n")
        if found != encoding:
            text = _("%(name)s is not %(encoding)s (see line %(line)d); it reads as %(found)s.")
        else:
            text = _("%(name)s is not text in %(encoding)s (see line %(line)d). State its encoding.")
        raise refusal("encoding", text, name, encoding=encoding, line=line, found=found) from None


def _find_delimiter(sample: str, *, whole: bool) -> str:
    """The delimiter that cuts the sample's records most evenly, quoted cells respected."""
    best = (False, 0.0, 0)
    chosen = DELIMITERS[0]
    for delimiter in DELIMITERS:
        records: list[list[str]] = []
        strict = True
        try:
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True):
                records.append(record)  # noqa: PERF402 - what was read before an error counts
        except csv.Error as error:  # a sample may end inside a quoted cell; anything else speaks against it
            strict = not whole and "unexpected end" in str(error)
        if not whole and strict and len(records) > 1:
            records.pop()  # cut off
        widths = [len(record) for record in records if any(record)]
        if widths and widths[0] > 1:
            score = (strict, widths.count(widths[0]) / len(widths), widths[0])
            if score > best:
                best, chosen = score, delimiter
    return chosen


def _csv_rows(text: io.TextIOWrapper, delimiter: str, name: str, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    # A setting of the whole process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), limits.cell + 1))
    try:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
    except (TypeError, ValueError):
        raise refusal(
            "delimiter", _("%(name)s: a delimiter is one character, not “%(it)s”."), name, it=delimiter
        ) from None
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                raise _long_cell(number, "", name, limits) from None
            message = _("%(name)s, row %(row)d: a quotation mark is not closed, or text follows a closed one.")
            raise refusal("quotes", message, name, row=number) from None
        if number > 1 or cells != ["sep=", ""]:  # a spreadsheet's note to itself of its delimiter
            yield number, cells


def _long_cell(row: int, column: str, name: str, limits: Limits) -> FileProblem:
    text = _("%(name)s, row %(row)d: the cell %(column)s is longer than %(limit)d characters. "
             "Perhaps a quotation mark is not closed.")  # fmt: skip
    return refusal("cell_too_long", text, name, row=row, column=f"“{column}”", limit=limits.cell)


def _collect(
    records: Iterator[tuple[int, list[str]]], name: str, limits: Limits, notes: list[Problem]
) -> tuple[tuple[str, ...], list[Row]]:
    """Header and rows of `records`; rows without any text are passed over, but counted in the numbers."""
    filled = (record for record in records if any(cell and not cell.isspace() for cell in record[1]))
    first, names = next(filled, (0, []))
    width = len(names)
    if not names:
        raise refusal("empty", _("%(name)s has no header and no rows."), name)
    if width > limits.columns:
        text = _("%(name)s has %(count)d columns; at most %(limit)d are read.")
        raise refusal("too_many_columns", text, name, count=width, limit=limits.columns)
    if width == 1:
        text = _("%(name)s has only one column, %(header)s. Is its delimiter another one?")
        raise refusal("one_column", text, name, row=first, header=shown(names[0]))
    headers = _headers(names)
    rows: list[Row] = []
    for number, cells in filled:
        count = len(cells)
        if count > width and any(cells[width:]):
            text = _("%(name)s, row %(row)d has %(count)d cells, but the header only %(width)d.")
            raise refusal("ragged", text, name, row=number, count=count, width=width)
        if len(rows) >= limits.rows:
            text = _("%(name)s has more than %(limit)d rows.")
            raise refusal("too_many_rows", text, name, row=number, limit=limits.rows)
        if max(map(len, cells)) > limits.cell:
            long = next(place for place, cell in enumerate(cells) if len(cell) > limits.cell)
            raise _long_cell(number, headers[long], name, limits)
        if count < width:
            text = _("The row has %(count)d cells, not %(width)d; the missing ones were read as empty.")
            notes.append(note("short_row", text % {"count": count, "width": width}, number))
        rows.append(Row(number, (*cells[:width], *[""] * (width - count))))
    if not rows:
        notes.append(note("no_rows", _("The file has a header, but no rows.")))
    return headers, rows


def _headers(names: list[str]) -> tuple[str, ...]:
    """One line each, all different: “Column 7” for a blank one, “Reason (2)” for the second “Reason”."""
    used: set[str] = set()
    headers = []
    for place, raw in enumerate(names, start=1):
        base = header = squeeze(raw) or _("Column %d") % place
        count = 1
        while fold(header) in used:
            count += 1
            header = f"{base} ({count})"
        used.add(fold(header))
        headers.append(header)
    return tuple(headers)
