"""The shapes every import speaks, and the reading of one cell.

A file plus a mapping becomes `Batch`es of `RowInput` (`portal.records.planning.plan`), which the ingest engine
writes. Nothing here touches the database or a file.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from django.utils.translation import gettext as _

# A value a mapping may write: what YAML can say and a field can hold.
Plain = str | int | float | bool | list[str] | None

EXCEL_EPOCH: Final = date(1899, 12, 30)
YEARS: Final = range(1900, 2101)
SHOWN: Final = 80  # characters of a cell repeated in a message

Severity = Literal["error", "warning"]

# Dashes and quotation marks that a person takes for the plain ones.
_SAME: Final = (
    dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
    | dict.fromkeys(range(0x2018, 0x201C), "'")
    | dict.fromkeys(range(0x201C, 0x2020), '"')
)


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A record's name in the system it came from; as a field's value, a reference to that record."""

    source: str
    feed: str
    key: str


@dataclass(frozen=True, slots=True)
class RowInput:
    """One record to be written.

    `number` is the row of the file, the header being row 1. `values` maps field names to text, `date`,
    list, `None` or `SourceKey`; a field that is absent is left alone, `""`, `None` or `[]` clears it.
    `imported` maps headers to the original text of every cell that is not empty; `None` where the record is
    not a row's own.
    `record` (id or reference) names an existing record directly; `version` is the one its editor saw.
    """

    number: int
    values: dict[str, object]
    key: SourceKey | None = None
    imported: dict[str, str] | None = None
    record: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one register; batches are written in order, because later ones refer to earlier ones."""

    register: str
    rows: list[RowInput]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where. `row` counts from 1 (the header); `column` is the file's header text."""

    severity: Severity
    row: int | None
    column: str | None
    field: str | None
    code: str
    message: str

    def __str__(self) -> str:
        place = [_("row %d") % self.row] if self.row is not None else []
        if self.column is not None:
            place.append(f"“{self.column}”")
        return ", ".join(place) + ": " + self.message if place else self.message


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may be at most: bytes, rows, columns, characters of a cell; and, for an XLSX, bytes
    unpacked, unpacked bytes for each packed one, and parts."""

    size: int = 50_000_000
    rows: int = 200_000
    columns: int = 500
    cell: int = 100_000
    unpacked: int = 200_000_000
    ratio: int = 200
    parts: int = 5_000


LIMITS: Final = Limits()
CHUNK: Final = 1 << 20  # bytes of a file held at a time


def note(code: str, text: str, row: int | None = None) -> Problem:
    """A warning about the file as a whole, or one row of it."""
    return Problem("warning", row, None, None, code, text)


class FileProblem(Exception):  # noqa: N818 - a sentence for the person who chose the file
    """The file cannot be read. `code` is for programs, `message` for people, `row` where it is known."""

    def __init__(self, code: str, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.row = row


def refusal(code: str, text: str, name: str, *, row: int | None = None, **facts: object) -> FileProblem:
    """The problem `text` names, with the file's `name`, the `row` and `facts` put in."""
    return FileProblem(code, text % {"name": name, "row": row, **facts}, row=row)


@dataclass(frozen=True, slots=True)
class Row:
    """A row's number (the header of a plain file is row 1) and its cells, one for each header."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows. `encoding` and `delimiter` are empty for XLSX; `size` is in bytes."""

    name: str
    format: Literal["csv", "xlsx"]
    encoding: str
    delimiter: str
    sha256: str
    size: int
    headers: tuple[str, ...]
    rows: list[Row]
    problems: tuple[Problem, ...] = ()  # warnings


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a field gets where the cell says nothing, or nothing the mapping knows.

    `value` says what the silence means; `default` is a stand-in, so each use is a warning.
    """

    act: Literal["blank", "keep", "error", "value", "default"]
    value: Plain = None


BLANK: Final = Fallback("blank")
REFUSE: Final = Fallback("error")


@dataclass(frozen=True, slots=True)
class DateRule:
    """How a column's dates are written, as `strptime` formats. ISO dates are always understood.

    A year alone never becomes a day. `excel_year`: days of 1905 are years that a spreadsheet took for a day
    number (2024 → 7/16/1905). `month`: what a month alone becomes.
    """

    formats: tuple[str, ...] = ()
    excel_year: bool = False
    month: Literal["warn", "first"] = "warn"
    unknown: Severity = "warning"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """Where one field's value comes from: a column of the file, or a lookup (a record made on the way).

    `max_length` also marks text of a single line, whose white space is folded. `overflow: keep` shortens
    longer text with a warning; the whole of it stays in `imported`.
    """

    column: str | None = None
    lookup: str | None = None
    values: dict[str, Plain] = field(default_factory=dict)
    unknown: Fallback = REFUSE
    empty: Fallback = BLANK
    max_length: int | None = None
    overflow: Literal["error", "keep"] = "error"
    date: DateRule | None = None


def squeeze(text: str) -> str:
    """Text on one line, with single spaces."""
    return " ".join(text.split())


def fold(text: str) -> str:
    """Text as it is compared: no difference of case, white space, dashes or quotation marks."""
    if text.isascii():
        return " ".join(text.split()).lower()
    return " ".join(unicodedata.normalize("NFC", text).translate(_SAME).split()).casefold()


def shown(text: str) -> str:
    """A cell's text as a message repeats it: one line, at most `SHOWN` characters."""
    line = squeeze(text)
    return f"“{line}”" if len(line) <= SHOWN else f"“{line[: SHOWN - 1]}…”"


class Trouble(NamedTuple):
    """What is wrong with a cell, before it is known where the cell stands."""

    severity: Severity
    code: str
    message: str


@lru_cache(maxsize=4096)
def read_date(text: str, rule: DateRule) -> tuple[date | None, Trouble | None]:
    """The day a cell states, or None and why. `text` is one line and says something."""
    form, moment = "%Y", None
    for form in ("%Y-%m-%d", *rule.formats, "%Y"):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
            break
        except ValueError:
            continue
    if moment is None or moment.year not in YEARS:
        message = _("%s is not a date this mapping understands") % shown(text)
        return None, Trouble(rule.unknown, "not_a_date", message)
    day = moment.date()
    serial = (day - EXCEL_EPOCH).days
    if rule.excel_year and serial in YEARS:
        facts = {"year": serial, "text": text}
        message = _("only the year %(year)d is stated (the spreadsheet shows it as %(text)s)") % facts
        return None, Trouble("warning", "year_only", message)
    if "%d" in form or "%j" in form:
        return day, None
    if not any(part in form for part in ("%m", "%b", "%B")):
        return None, Trouble("warning", "year_only", _("only the year %d is stated") % day.year)
    if rule.month == "first":
        return day, None
    return None, Trouble("warning", "month_only", _("only the month %s is stated") % f"{day:%Y-%m}")


class CellReader:
    """One field's rule, made ready to read many cells. `blanks` are folded texts that say nothing."""

    def __init__(self, rule: FieldRule, blanks: frozenset[str]) -> None:
        self.rule = rule
        self._blanks = blanks
        self._values = {fold(text): value for text, value in rule.values.items()}
        self._nothing = None if rule.date is not None else ""

    def read(self, text: str) -> tuple[object, Trouble | None]:
        """The field's value; after a trouble that is an error it means nothing."""
        folded = fold(text)
        if not folded or folded in self._blanks:
            return self._fall_back(self.rule.empty, "", "blank", _("the cell says nothing"))
        if self.rule.date is not None:
            return read_date(squeeze(text), self.rule.date)
        if folded in self._values:
            value = self._values[folded]
            return (list(value) if isinstance(value, list) else value), None
        if self._values:
            message = _("%s is not one of the values this mapping knows") % shown(text)
            return self._fall_back(self.rule.unknown, text.strip(), "unknown_value", message)
        return self._read_text(text)

    def _fall_back(self, way: Fallback, text: str, code: str, message: str) -> tuple[object, Trouble | None]:
        value = list(way.value) if isinstance(way.value, list) else way.value
        match way.act:
            case "value":
                return value, None
            case "default":
                facts = {"what": message, "default": value}
                return value, Trouble("warning", code, _("%(what)s; “%(default)s” was taken") % facts)
            case "error":
                return None, Trouble("error", code, message)
            case "keep":
                return text or self._nothing, None
        # A blank cell that may be blank is nothing to tell; a text that is dropped is.
        return self._nothing, Trouble("warning", code, message) if text else None

    def _read_text(self, text: str) -> tuple[object, Trouble | None]:
        limit = self.rule.max_length
        if limit is None:
            return text.replace("\r\n", "\n").strip(), None
        line = squeeze(text)
        if len(line) <= limit:
            return line, None
        facts = {"length": len(line), "limit": limit}
        if self.rule.overflow == "error":
            message = _("%(length)d characters, where at most %(limit)d are allowed") % facts
            return None, Trouble("error", "too_long", message)
        message = _("%(length)d characters, shortened to %(limit)d; the whole text is kept") % facts
        return line[: limit - 1].rstrip() + "…", Trouble("warning", "shortened", message)


class Readers:
    """The readers of one field, each with its column's position and header. More than one makes a list."""

    def __init__(self, name: str, cells: Iterable[tuple[int, str, CellReader]], *, many: bool) -> None:
        self.name = name
        self.many = many
        self.cells = tuple(cells)

    def read(self, number: int, row: tuple[str, ...], problems: list[Problem]) -> tuple[object, bool]:
        """The field's value in this row, and whether it may be used. Adds to `problems`."""
        value: object = ""
        found: list[str] = []
        well = True
        for position, header, reader in self.cells:
            value, trouble = reader.read(row[position])
            if trouble is not None:
                well = well and trouble.severity != "error"
                severity, code, message = trouble
                problems.append(Problem(severity, number, header, self.name, code, message))
            if self.many and value:
                found.extend(str(one) for one in (value if isinstance(value, list) else [value]))
        return (list(dict.fromkeys(found)) if self.many else value), well
