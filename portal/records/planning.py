"""The plan of an import: what a mapping makes of a file's rows, before anything is written.

`plan` applies a `Mapping` to a `Table`: it writes nothing and asks no database. Every cell that is not empty
stays in `RowInput.imported`, whether or not a rule used it.
"""

import difflib
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from .mapping import Level, Mapping
from .rows import Batch, CellReader, FieldRule, Problem, Readers, Row, RowInput, Severity, SourceKey, Table, fold, shown

KEY_MAX: Final = 800  # characters of a source key; longer ones end in a digest


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would write: `batches` in the order of their references.

    A row with an error is in no batch. `headers_unused` are columns that no rule reads (kept in `imported`).
    `opening`: the records were live before this register knew them.
    """

    batches: list[Batch]
    problems: list[Problem]
    headers_unused: tuple[str, ...]
    row_count: int
    opening: bool = False

    @property
    def ok(self) -> bool:
        """Whether no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)


def plan(mapping: Mapping, table: Table, *, register_fields: Collection[str] | None = None) -> ImportPlan:
    """What importing `table` by `mapping` would write. Never raises for what a file holds.

    `register_fields`, where given, are the names a rule of `mapping` may use; another one is an error.
    """
    return _Planner(mapping, table, register_fields).plan()


class _Planner:
    def __init__(self, mapping: Mapping, table: Table, register_fields: Collection[str] | None) -> None:
        self.mapping = mapping
        self.table = table
        self.problems = list(table.problems)
        self.places = {fold(header): place for place, header in enumerate(table.headers)}
        self.used: set[int] = set()
        self.blanks = frozenset(map(fold, mapping.blank))
        self.made: dict[SourceKey, RowInput] = {}
        self.told: set[tuple[SourceKey, str, str]] = set()
        self.batches: dict[tuple[str, int], Batch] = {}
        self._check(register_fields)

    def plan(self) -> ImportPlan:
        rows: list[RowInput] = []
        if all(problem.severity != "error" for problem in self.problems):
            self._prepare()
            rows = [row for row in map(self._row, self.table.rows) if row is not None]
        batches = [*self.batches.values(), Batch(self.mapping.register, rows)]
        unused = tuple(h for place, h in enumerate(self.table.headers) if place not in self.used)
        found = [batch for batch in batches if batch.rows]
        return ImportPlan(found, self.problems, unused, len(self.table.rows), self.mapping.opening)

    def _check(self, register_fields: Collection[str] | None) -> None:
        mapping = self.mapping
        needed = [*mapping.require, *(mapping.key.columns if mapping.key else ())]
        for lookup in mapping.lookups.values():
            needed += [column for level in lookup.levels if not level.optional for column in level.key]
        missing = {fold(column): column for column in needed if fold(column) not in self.places}
        if missing:
            names = ", ".join(self._with_nearest(column) for column in missing.values())
            text = _("The file lacks columns that “%(title)s” needs: %(names)s.")
            self._tell("error", "missing_columns", text % {"title": mapping.title, "names": names})
        if register_fields is not None:
            strange = sorted({*mapping.fields, *mapping.constants} - set(register_fields))
            for name in strange:
                text = _("The mapping fills the field “%s”, which the register does not have.") % name
                self.problems.append(Problem("error", None, None, name, "unknown_field", text))

    def _tell(
        self, severity: Severity, code: str, text: str, row: int | None = None, column: str | None = None
    ) -> None:
        self.problems.append(Problem(severity, row, column, None, code, text))

    def _with_nearest(self, column: str) -> str:
        close = difflib.get_close_matches(fold(column), self.places, n=1, cutoff=0.5)
        near = _(" (nearest: “%s”)") % self.table.headers[self.places[close[0]]] if close else ""
        return f"“{column}”{near}"

    def _prepare(self) -> None:
        mapping = self.mapping
        self.key_places = self._find(mapping.key.columns) if mapping.key else ()
        self.readers = [self._readers(name, rule) for name, rule in mapping.fields.items()]
        self.readers = [reader for reader in self.readers if reader.cells]
        self.levels: dict[str, list[tuple[Level, tuple[int, ...], list[Readers], Batch]]] = {}
        for name, lookup in mapping.lookups.items():
            self.levels[name] = []
            for depth, level in enumerate(lookup.levels):
                if all(fold(column) in self.places for column in level.key):
                    batch = self.batches.setdefault((lookup.register, depth), Batch(lookup.register, []))
                    readers = [self._readers(key, rule) for key, rule in level.fields.items()]
                    self.levels[name].append((level, self._find(level.key), readers, batch))
        self.references = {
            name: rule.lookup
            for name, rule in mapping.fields.items()
            if isinstance(rule, FieldRule) and rule.lookup is not None
        }
        self.first_row: dict[str, int] = {}

    def _find(self, columns: Iterable[str]) -> tuple[int, ...]:
        places = tuple(self.places[fold(column)] for column in columns)
        self.used.update(places)
        return places

    def _readers(self, name: str, rules: FieldRule | tuple[FieldRule, ...]) -> Readers:
        cells = []
        for rule in rules if isinstance(rules, tuple) else (rules,):
            if rule.column is None:
                continue
            place = self.places.get(fold(rule.column))
            if place is None:
                text = _("The file has no column %s; the field is left alone.") % self._with_nearest(rule.column)
                self.problems.append(Problem("warning", None, rule.column, name, "column_missing", text))
                continue
            self.used.add(place)
            cells.append((place, self.table.headers[place], CellReader(rule, self.blanks)))
        return Readers(name, cells, many=isinstance(rules, tuple))

    def _row(self, row: Row) -> RowInput | None:
        number, cells = row.number, row.cells
        values: dict[str, object] = {
            name: list(value) if isinstance(value, list) else value for name, value in self.mapping.constants.items()
        }
        good = True
        for reader in self.readers:
            value, well = reader.read(number, cells, self.problems)
            good = good and well
            already = values.get(reader.name) if reader.many else None
            if isinstance(already, list) and isinstance(value, list):
                value = [*already, *(one for one in value if one not in already)]
            values[reader.name] = value
        references: dict[str, SourceKey | None] = {}
        for name in self.levels:
            references[name], well = self._look_up(name, number, cells)
            good = good and well
        for name, lookup in self.references.items():
            values[name] = references[lookup]
        key, well = self._row_key(number, cells)
        if not (good and well):
            return None
        kept = {header: text for header, text in zip(self.table.headers, cells, strict=True) if text}
        return RowInput(number, values, key, kept)

    def _key(self, places: Iterable[int], cells: tuple[str, ...]) -> str:
        """The texts as one key, which two different lists of texts never share; empty where none says anything."""
        parts = [fold(cells[place]) for place in places]
        parts = ["" if part in self.blanks else part.replace("\\", "\\\\").replace("|", "\\|") for part in parts]
        key = " | ".join(parts) if any(parts) else ""
        if len(key) > KEY_MAX - 8:  # room for an ordinal
            key = f"{key[: KEY_MAX - 28]}…{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        return key

    def _row_key(self, number: int, cells: tuple[str, ...]) -> tuple[SourceKey | None, bool]:
        rule = self.mapping.key
        if rule is None:
            return None, True
        base = key = self._key(self.key_places, cells)
        header = self.table.headers[self.key_places[-1]]
        if not base:
            self._tell("error", "key_empty", _("The columns that name the row are empty."), number, header)
            return None, False
        if base in self.first_row and not rule.ordinal:
            text = _("Rows %(first)d and %(row)d have the same key, %(key)s.")
            facts = {"first": self.first_row[base], "row": number, "key": shown(base)}
            self._tell("error", "duplicate_key", text % facts, number, header)
            return None, False
        count = 1
        while key in self.first_row:
            count += 1
            key = f"{base} #{count}"
        self.first_row[key] = number
        return SourceKey(self.mapping.source, self.mapping.feed, key), True

    def _look_up(self, name: str, number: int, cells: tuple[str, ...]) -> tuple[SourceKey | None, bool]:
        """The deepest record the row names, made where it is new."""
        lookup = self.mapping.lookups[name]
        feed = self.mapping.feed if lookup.feed is None else lookup.feed
        parent: SourceKey | None = None
        for level, places, readers, batch in self.levels[name]:
            last = fold(cells[places[-1]])
            if not last or last in self.blanks:
                if level.optional:
                    continue
                text = _("The cell is empty, so the row belongs to no record.")
                self._tell("error", "lookup_empty", text, number, self.table.headers[places[-1]])
                return None, False
            key = SourceKey(self.mapping.source, feed, self._key(places, cells))
            known = self.made.get(key)
            if known is not None:
                self._compare(known, number, cells, readers)
            else:
                values: dict[str, object] = dict(level.constants)
                if level.parent_field:
                    values[level.parent_field] = parent
                for reader in readers:
                    if reader.cells:
                        values[reader.name], well = reader.read(number, cells, self.problems)
                        if not well:
                            return None, False
                self.made[key] = RowInput(number, values, key)
                batch.rows.append(self.made[key])
            parent = key
        return parent, True

    def _compare(self, known: RowInput, number: int, cells: tuple[str, ...], readers: list[Readers]) -> None:
        """A later row may fill what the first left empty; where it says something else, that is told once."""
        for reader in readers:
            for place, header, cell in reader.cells:
                said = fold(cells[place])
                assert known.key is not None  # noqa: S101 - made by _look_up
                if not said or said in self.blanks or (known.key, reader.name, said) in self.told:
                    continue
                self.told.add((known.key, reader.name, said))
                value, trouble = cell.read(cells[place])
                before = known.values.get(reader.name)
                if trouble is not None or fold(str(value)) == fold(str(before)):
                    continue
                if before is None or before == "":
                    known.values[reader.name] = value
                    continue
                text = _("%(new)s here, but %(old)s in row %(row)d; the first was taken.")
                facts = {"new": shown(str(value)), "old": shown(str(before)), "row": known.number}
                self.problems.append(Problem("warning", number, header, reader.name, "lookup_differs", text % facts))
