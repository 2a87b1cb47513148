"""Strict reading of a catalog's YAML: each key is taken once, and what nobody asked for is a mistake."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import yaml


class CatalogError(ValueError):
    """A catalog file breaks the format. The message names file, id and field."""


class Loader(yaml.SafeLoader):
    """A SafeLoader that refuses a key given twice, which YAML would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return mapping


class Row:
    """A mapping being read: each key is taken once, and `finish` refuses what was not asked for."""

    def __init__(self, file: str, where: str, data: object) -> None:
        if not isinstance(data, dict):
            raise CatalogError(f"{file}: {where}: must be a mapping")
        self.file = file
        self.data: dict[object, object] = dict(data)
        self.where = str(data.get("id", where))

    def error(self, field: str, problem: str) -> CatalogError:
        return CatalogError(f"{self.file}: {self.where}: {field}: {problem}")

    def take(self, field: str) -> object:
        if field not in self.data:
            raise self.error(field, "is missing")
        return self.data.pop(field)

    def finish(self) -> None:
        for field in self.data:
            raise self.error(str(field), "is not a key of this format")

    def text(self, field: str) -> str:
        value = self.take(field)
        if not isinstance(value, str) or not value.strip():
            raise self.error(field, f"must be text, not {value!r}")
        return value.strip()

    def optional_text(self, field: str) -> str | None:
        return self.text(field) if field in self.data else None

    def word(self, field: str, known: Mapping[str, object] | Sequence[str]) -> str:
        value = self.text(field)
        if value not in known:
            raise self.error(field, f"{value!r} is unknown; known are {', '.join(known)}")
        return value

    def day(self, field: str) -> date:
        value = self.take(field)
        # A datetime is a date to Python; here it is a mistake.
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.error(field, f"must be a date such as 2027-12-02, not {value!r}")
        return value

    def optional_day(self, field: str, *, optional: bool = False) -> date | None:
        """A date or null. With `optional` the key itself may be missing."""
        if optional and field not in self.data:
            return None
        if self.data.get(field, "") is None:
            self.take(field)
            return None
        return self.day(field)

    def flag(self, field: str) -> bool:
        value = self.data.pop(field, False)
        if not isinstance(value, bool):
            raise self.error(field, f"must be true or false, not {value!r}")
        return value

    def texts(self, field: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and field not in self.data:
            return ()
        value = self.take(field)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self.error(field, "must be a list of texts")
        return tuple(item.strip() for item in value)

    def words(self, field: str, known: Mapping[str, object]) -> tuple[str, ...]:
        values = self.texts(field)
        for value in values:
            if value not in known:
                raise self.error(field, f"{value!r} is unknown; known are {', '.join(known)}")
        if len(set(values)) != len(values):
            raise self.error(field, "names something twice")
        return values

    def rows(self, field: str) -> list[Row]:
        value = self.take(field)
        if not isinstance(value, list):
            raise self.error(field, "must be a list")
        where = "" if self.where == "top" else f"{self.where} "
        return [Row(self.file, f"{where}{field}[{index}]", item) for index, item in enumerate(value)]
