"""Which column is which field: a suggestion from the headers, and a mapping of what a person matched."""

import difflib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from .mapping import KeyRule, Mapping
from .rows import FieldRule, Plain, fold

LIKE: Final = 0.8  # how alike a header and a field's name must be to be suggested

# What people call the fields that most registers have.
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("title", "system", "system name", "use case", "use case name", "application", "application name"),
    "purpose": ("intended purpose", "description", "business purpose", "objective", "use case description"),
    "stage": ("status", "phase", "lifecycle stage", "lifecycle", "stage of development", "state"),
    "unit": ("department", "organization", "organisation", "business unit", "agency", "division", "bureau"),
    "vendor": ("supplier", "provider", "manufacturer", "vendor name"),
    "business_owner": ("owner", "system owner", "product owner", "responsible"),
    "live_on": ("go live", "go live date", "live since", "date implemented", "in production since"),
    "retired_on": ("date retired", "retirement date", "end of life"),
    "code": ("abbreviation", "short name", "acronym"),
    "tags": ("labels", "keywords"),
}


class FieldInfo(NamedTuple):
    """A register's field, as it is suggested for a column."""

    name: str
    label: str = ""
    help: str = ""


def mapping_from_columns(
    columns: dict[str, str | None], *, name: str, title: str, register: str, source: str, feed: str = "",
    key: Sequence[str] = (), ordinal: bool = False, constants: dict[str, Plain] | None = None,
) -> Mapping:  # fmt: skip
    """A mapping of headers to fields as a person matched them; cells are taken as they are."""
    return Mapping(
        name=name, title=title, register=register, source=source, feed=feed,
        key=KeyRule(tuple(key), ordinal) if key else None,
        fields={target: FieldRule(column=header) for header, target in columns.items() if target},
        constants=constants or {},
    )  # fmt: skip


def suggest(headers: Sequence[str], fields: Sequence[FieldInfo]) -> dict[str, str | None]:
    """For each header the field it most likely is, or None. No field is suggested twice; the likeliest wins."""
    calls = {info.name: [_words(text) for text in (info.name, info.label, *SYNONYMS.get(info.name, ())) if text]
             for info in fields}  # fmt: skip
    scores = []
    for place, header in enumerate(headers):
        words = _words(header)
        for order, (name, known) in enumerate(calls.items()):
            # A synonym is a guess: the field's own name and label come first.
            score = max((difflib.SequenceMatcher(None, words, call).ratio() - (0.05 if at > 1 else 0)
                         for at, call in enumerate(known)), default=0.0)  # fmt: skip
            if score >= LIKE:
                scores.append((-score, place, order, header, name))
    found: dict[str, str | None] = dict.fromkeys(headers)
    given: set[str] = set()
    for _score, _place, _order, header, name in sorted(scores):
        if found[header] is None and name not in given:
            found[header] = name
            given.add(name)
    return found


def _words(text: str) -> str:
    """A header or field name as plain words: “date_retired (optional)” is “date retired optional”."""
    return " ".join(re.findall(r"\w+", fold(text).replace("_", " ")))
