"""The sample organization, Northwind Health: everything goes through ingest, like anybody's data.

Its records stand in `sample_data`, one YAML file for each register: a key of its own for every record, then the
fields by name. A reference to another record is that record's key. A date may be relative to the day of loading:
"+30d" is thirty days ahead, "-6m" the first day of the month six months back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml
from django.db import models
from django.utils import timezone

from inventory.choices import Stage
from inventory.defaults import RISK_CLASS_IDS, ensure_risk_classes
from inventory.models import RiskClass
from inventory.querysets import LIVE_STAGES
from portal.access.demo import PEOPLE
from portal.access.models import User
from portal.history.context import Actor, Source, acting
from portal.records.ingest import external_ids, ingest
from portal.records.models import ExternalId, ImportBatch, Record
from portal.records.register import Register, get_register, register_of, registers
from portal.records.rows import RowInput, SourceKey

FOLDER: Final = Path(__file__).parent / "sample_data"
SOURCE: Final = "northwind"
ACTOR: Final = Actor("sample", "Sample data", Source.IMPORT, reason="Sample organization Northwind Health")

# What is referred to comes before what refers to it.
ORDER: Final = (
    "organization-units",
    "vendors",
    "sub-processors",
    "agreements",
    "agreement-clauses",
    "vendor-attestations",
    "tools",
    "ai-systems",
    "system-versions",
    "ai-models",
    "model-versions",
    "version-models",
    "system-uses",
    "deployments",
    "system-tools",
    "data-sources",
    "data-flows",
    "agents",
    "agent-tools",
    "agent-calls",
    "regulated-products",
    "role-assignments",
    "documents",
)

# A name in the first field becomes a log-in in the second, where that person has one.
LOG_INS: Final = {"person_name": "person", "deputy_name": "deputy", "sponsor_name": "sponsor"}

# Systems that ran, or had run, before the register was opened.
OPENED: Final = (*LIVE_STAGES, Stage.RETIREMENT)

# Written when all records of the register are there: a version names its successor, which is based on that version.
LATER: Final = {"model-versions": ("replacement",)}

# Entries of a record that are not fields: the cells it came from, and what other systems call it.
ASIDE: Final = ("as_imported", "known_as")

_RELATIVE: Final = re.compile(r"([+-]\d+)([dm])")

Entries = dict[str, dict[str, Any]]


class SampleError(Exception):
    """The sample could not be loaded; the message says which record and why. Nothing is written."""


def load_sample(user: User) -> None:
    """Load the sample once, in one transaction, with the rights of `user`.

    An instance that ever held it is left alone: its people may have changed or removed what came with it.
    Raises SampleError and PermissionDenied.
    """
    if ExternalId.history.filter(source=SOURCE).exists():
        return
    with acting(ACTOR):
        ensure_risk_classes()
        Sample(user, timezone.localdate()).load()


class Sample:
    """The records of the sample organization as rows, with dates relative to `today`."""

    def __init__(self, user: User, today: date) -> None:
        self.user = user
        self.today = today

    def load(self) -> None:
        """Write every register. Call inside `acting(...)`."""
        for slug in ORDER:
            register = get_register(slug)
            later, rows = LATER.get(slug, ()), self.rows(slug)
            for keys in waves(register, read(slug), later):
                self._ingest(register, [_without(row, later) for row in rows if _own(row) in keys])
            if later:
                self._write(register, [row for row in rows if any(row.values.get(name) for name in later)])
        self._name_elsewhere()

    def rows(self, slug: str) -> list[RowInput]:
        """One row for each record of a register. References to records of the sample are keys."""
        register = get_register(slug)
        return [
            RowInput(number, self._values(register, entry), key_of(register, key), entry.get("as_imported"))
            for number, (key, entry) in enumerate(read(slug).items(), start=2)
        ]

    def _ingest(self, register: Register, rows: list[RowInput]) -> None:
        """Systems that were live before this register began come in as its opening balance, as real ones would."""
        opened = [row for row in rows if row.values.get("stage") in OPENED] if register.slug == "ai-systems" else []
        if opened:
            batch = ImportBatch.objects.create(
                register=register.slug,
                mapping="sample",
                file_name=f"{SOURCE}-{register.slug}.yaml",
                sha256=hashlib.sha256(b"".join(path.read_bytes() for path in files(register.slug))).hexdigest(),
                rows=len(opened),
                is_opening=True,
            )
            self._write(register, opened, batch)
        self._write(register, [row for row in rows if row not in opened])

    def _write(self, register: Register, rows: list[RowInput], batch: ImportBatch | None = None) -> None:
        result = ingest(register, rows, user=self.user, actor=ACTOR, reason=ACTOR.reason, batch=batch)
        if result.errors:
            own = {row.number: _own(row) for row in rows}
            found = [f"{register.slug}/{own.get(p.row or 0)}, {p.field}: {p.message}" for p in result.errors]
            raise SampleError("\n".join(found))

    def _name_elsewhere(self) -> None:
        """A second and third external id for systems that other systems know too."""
        register = get_register("ai-systems")
        entries = {key: entry["known_as"] for key, entry in read(register.slug).items() if "known_as" in entry}
        found = self._references(register, entries)
        names = [(found[key], name, id_there) for key, known in entries.items() for name, id_there in known.items()]
        self._write(
            register,
            [
                RowInput(number, {}, SourceKey(name, "", id_there), record=reference)
                for number, (reference, name, id_there) in enumerate(names, start=2)
            ],
        )

    # --- values ---

    def _values(self, register: Register, entry: dict[str, Any]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in entry.items():
            if name in ASIDE:
                continue
            login = self._people.get(value) if name in LOG_INS else None
            if login is not None:
                values[LOG_INS[name]] = login
            elif name == "attached_to":
                values[name] = self._reference(value)
            else:
                values[name] = self._value(register.model._meta.get_field(name), value)
        return values

    def _value(self, field: Any, value: Any) -> object:
        if isinstance(value, bool):  # YAML reads yes and no as truth values; a fact has a third one
            return "yes" if value else "no"
        if isinstance(field, models.DateField) and isinstance(value, str):
            return relative_day(value, self.today)
        if isinstance(field, models.ForeignKey):
            if field.related_model is RiskClass:
                return RISK_CLASS_IDS[value]
            target = register_of(field.related_model)
            return key_of(target, value) if target is not None else value
        return value

    @cached_property
    def _people(self) -> dict[str, str]:
        """Full name → user name of the demo people who are there."""
        names = dict(PEOPLE.values())
        found = User.objects.filter(username__in=names, is_active=True).values_list("username", "full_name")
        return {full_name: username for username, full_name in found if names[username] == full_name}

    def _reference(self, key: str) -> str:
        """The reference of the record with this full key, such as `sys/sepsis`. A document names its record so."""
        prefix, _slash, own = key.partition("/")
        register = next(one for one in registers() if one.prefix.lower() == prefix)
        return self._references(register, [own])[own]

    def _references(self, register: Register, keys: Any) -> dict[str, str]:
        wanted = {key_of(register, key): key for key in keys}
        found = {known.record_id: known.key for known in external_ids(register.slug, wanted)}
        model: type[Record] = register.model
        rows = model.objects.filter(pk__in=found).values_list("pk", "reference")
        return {found[pk].partition("/")[2]: reference for pk, reference in rows}


def files(slug: str) -> list[Path]:
    """The files of a register: one of its name, or those in a folder of its name."""
    whole = FOLDER / f"{slug}.yaml"
    return [whole] if whole.is_file() else sorted((FOLDER / slug).glob("*.yaml"))


_read: dict[str, Entries] = {}


def read(slug: str) -> Entries:
    """Key → entry for each record of a register. Entries whose key begins with an underscore are there to be shared."""
    if slug not in _read:
        entries: Entries = {}
        for path in files(slug):
            for key, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                if key in entries:
                    raise SampleError(f"{path.name} has {key} a second time")
                if not key.startswith("_"):
                    entries[key] = entry
        _read[slug] = entries
    return _read[slug]


def waves(
    register: Register, entries: Mapping[str, Mapping[str, Any]], later: Collection[str] = ()
) -> Iterator[set[str]]:
    """The keys in groups, so that a record comes after those of its own register that it refers to.

    References by the fields `later` do not count.
    """
    relations = register.relations.items()
    to_itself = [name for name, target in relations if target is register.model and name not in later]
    left = dict(entries)
    while left:
        ready = {key for key, entry in left.items() if not any(entry.get(name) in left for name in to_itself)}
        if not ready:
            raise SampleError(f"These refer to each other in a circle: {', '.join(left)}")
        yield ready
        left = {key: entry for key, entry in left.items() if key not in ready}


def key_of(register: Register, key: str) -> SourceKey:
    """The external key of a record: `sys/sepsis`."""
    return SourceKey(SOURCE, "", f"{register.prefix.lower()}/{key}")


def relative_day(text: str, today: date) -> date:
    """The day that "+30d" or "-6m" means."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        raise SampleError(f"“{text}” is not a date: write 2026-03-31, +30d or -6m.")
    count = int(found[1])
    if found[2] == "d":
        return today + timedelta(days=count)
    years, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(years, month + 1, 1)


def _without(row: RowInput, names: Collection[str]) -> RowInput:
    return replace(row, values={name: value for name, value in row.values.items() if name not in names})


def _own(row: RowInput) -> str:
    return row.key.key.partition("/")[2] if row.key is not None else str(row.record)
