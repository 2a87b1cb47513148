"""Populations as files: one CSV and one JSON for each, written row by row, with digests for the manifest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from portal.records.files import neutralize


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a population: its key (JSON), and its heading (CSV and text)."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class FileFact:
    """An attached file as the manifest names it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A population as it rides along: where it came from, how many rows, which files."""

    slug: str
    title: str
    query: str
    columns: tuple[Column, ...]
    rows: int
    files: tuple[FileFact, ...]

    def label_of(self, key: str) -> str:
        """The heading of a column, for "see attachment X, column Y"."""
        return next((column.label for column in self.columns if column.key == key), key)


class _Digested:
    """A binary file that digests what is written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] = path.open("wb")
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, text: str) -> None:
        data = text.encode("utf-8")
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def close(self) -> FileFact:
        self._file.close()
        return FileFact(self.path.name, self._size, self._digest.hexdigest())


class TableWriter:
    """Writes one population. Cells are text, numbers, dates or None; formulas are neutralized in the CSV."""

    def __init__(
        self, folder: Path, slug: str, title: str, query: str, columns: Sequence[Column], *, about: dict[str, Any]
    ):
        self.slug, self.title, self.query, self.columns = slug, title, query, tuple(columns)
        self.rows = 0
        self._csv, self._json = _Digested(folder / f"{slug}.csv"), _Digested(folder / f"{slug}.json")
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, lineterminator="\r\n")
        self._csv.write("\ufeff")  # so that spreadsheets read it as UTF-8
        self._write_line([column.label for column in self.columns])
        head = about | {
            "population": slug,
            "title": title,
            "query": query,
            "columns": {column.key: column.label for column in self.columns},
        }
        text = json.dumps(head, ensure_ascii=False, indent=1)
        self._json.write(text.removesuffix("\n}") + ',\n "rows": [')

    def _write_line(self, cells: Sequence[Any]) -> None:
        self._line.seek(0)
        self._line.truncate()
        self._writer.writerow([neutralize(cell) if isinstance(cell, str) else plain(cell) for cell in cells])
        self._csv.write(self._line.getvalue())

    def write(self, cells: Sequence[Any]) -> None:
        """One row, in the order of the columns."""
        self._write_line(cells)
        row = {column.key: plain(cell) for column, cell in zip(self.columns, cells, strict=True)}
        self._json.write(("," if self.rows else "") + "\n  " + json.dumps(row, ensure_ascii=False))
        self.rows += 1

    def close(self) -> Attachment:
        self._json.write("\n ]\n}\n" if self.rows else "]\n}\n")
        files = (self._csv.close(), self._json.close())
        return Attachment(self.slug, self.title, self.query, self.columns, self.rows, files)


def plain(value: Any) -> str | int | float | bool | None:
    """A value as JSON and CSV hold it: dates and instants in ISO 8601, in UTC."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def write_json(path: Path, data: Any) -> FileFact:
    """A small JSON file, with its digest."""
    out = _Digested(path)
    out.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    return out.close()


def write_text(path: Path, text: str) -> FileFact:
    """A text as it is, with its digest."""
    out = _Digested(path)
    out.write(text)
    return out.close()
