"""Mappings: which column of a file is which field of a register, as YAML.

A mapping says where each field's value comes from, what the cells' texts mean, how a row's key is made, and
which records of other registers (an organization's units, say) are made on the way. Another layout of a file
needs another mapping and no code. `portal.records.planning` applies one to a table.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from django.utils.translation import gettext as _

from .mapping_yaml import FORMAT, MappingProblem, Node, StrictLoader
from .rows import DateRule, Fallback, FieldRule, Plain

__all__ = ["KeyRule", "Level", "Lookup", "Mapping", "MappingProblem", "find_mappings", "load_mapping", "to_yaml"]

TEXT_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class KeyRule:
    """The columns that together name a row. With `ordinal`, equal keys get “ #2”, “ #3” in file order."""

    columns: tuple[str, ...]
    ordinal: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a lookup: one record for each different text in the `key` columns.

    `parent_field` refers to the record of the level above. An `optional` level is passed over where the last
    key column says nothing.
    """

    key: tuple[str, ...]
    fields: dict[str, FieldRule] = field(default_factory=dict)
    constants: dict[str, Plain] = field(default_factory=dict)
    parent_field: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """Records of another register made on the way, parents first. Without `feed`, the mapping's own."""

    register: str
    levels: tuple[Level, ...]
    feed: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a file's rows become records of `register`. Column names match without regard to case, white space,
    dashes and quotation marks. A field with several rules is a list of what all of them say."""

    name: str
    title: str
    register: str
    source: str
    feed: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    require: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    key: KeyRule | None = None
    opening: bool = False
    lookups: dict[str, Lookup] = field(default_factory=dict)
    fields: dict[str, FieldRule | tuple[FieldRule, ...]] = field(default_factory=dict)
    constants: dict[str, Plain] = field(default_factory=dict)


def load_mapping(text: str, *, name: str) -> Mapping:
    """The mapping in `text`. Raises `MappingProblem` naming `name` and the key that is wrong."""
    if len(text) > TEXT_MAX:
        raise MappingProblem(_("%s: too long for a mapping.") % name)
    try:
        data = yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a safe loader's subclass
        top = Node(data, name)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise MappingProblem(f"{name}: {error}") from error
    if (number := top.take("format")) != FORMAT:
        raise top.wrong(
            _("%(found)s is not a format known here (%(known)d)") % {"found": number, "known": FORMAT}, "format"
        )
    lookups = top.node("lookups")
    fields = top.node("fields")
    mapping = Mapping(
        name=top.text("name"), title=top.text("title"), register=top.text("register"), source=top.text("source"),
        feed=top.text("feed", ""), encoding=top.maybe("encoding"), delimiter=top.maybe("delimiter"),
        require=top.texts("require"), blank=top.texts("blank"), key=_key_rule(top), opening=top.flag("opening"),
        lookups={key: _lookup(lookups.node(key)) for key in list(lookups.data)},
        fields={key: _rules(fields, key) for key in list(fields.data)},
        constants=top.plain("constants"),
    )  # fmt: skip
    for key, rule in mapping.fields.items():
        if isinstance(rule, FieldRule) and rule.lookup is not None and rule.lookup not in mapping.lookups:
            raise fields.wrong(_("there is no lookup “%s”") % rule.lookup, key)
    top.done()
    return mapping


def _key_rule(top: Node) -> KeyRule | None:
    if top.data.get("key") is None:
        return None
    node = top.node("key")
    rule = KeyRule(node.texts("columns"), node.flag("ordinal"))
    if not rule.columns:
        raise node.wrong(_("is missing"), "columns")
    node.done()
    return rule


def _lookup(node: Node) -> Lookup:
    register, feed, levels = node.text("register"), node.maybe("feed"), node.take("levels", [])
    if not isinstance(levels, list) or not levels:
        raise node.wrong(_("must be a list of levels"), "levels")
    node.done()
    return Lookup(
        register, tuple(_level(Node(one, f"{node.where}.levels[{at}]")) for at, one in enumerate(levels)), feed
    )


def _level(node: Node) -> Level:
    fields = node.node("fields")
    rules = {key: rule for key in list(fields.data) if isinstance(rule := _rules(fields, key), FieldRule)}
    parent = node.text("parent_field", "")
    level = Level(node.texts("key"), rules, node.plain("constants"), parent, node.flag("optional"))
    if not level.key:
        raise node.wrong(_("is missing"), "key")
    node.done()
    return level


def _rules(fields: Node, key: str) -> FieldRule | tuple[FieldRule, ...]:
    """A field's rule: a column's name, a rule, or a list of rules."""
    data = fields.take(key)
    where = f"{fields.where}.{key}"
    if isinstance(data, list):
        return tuple(_rule(Node(one, f"{where}[{at}]")) for at, one in enumerate(data))
    return FieldRule(column=data) if isinstance(data, str) else _rule(Node(data, where))


def _rule(node: Node) -> FieldRule:
    longest = node.take("max_length")
    if not isinstance(longest, int | None) or (longest is not None and longest < 1):
        raise node.wrong(_("must be a number of characters"), "max_length")
    dated = None
    if node.data.get("date") is not None:
        inner = node.node("date")
        dated = DateRule(inner.texts("formats"), inner.flag("excel_year"), inner.one_of("month", "warn", "first"),
                         inner.one_of("unknown", "warning", "error"))  # fmt: skip
        inner.done()
    rule = FieldRule(
        column=node.maybe("column"), lookup=node.maybe("lookup"), values=node.plain("values"),
        unknown=_fallback(node, "unknown", "error"), empty=_fallback(node, "empty", "blank"),
        max_length=longest, overflow=node.one_of("overflow", "error", "keep"), date=dated,
    )  # fmt: skip
    if (rule.column is None) == (rule.lookup is None):
        raise node.wrong(_("must name either a column or a lookup"))
    node.done()
    return rule


def _fallback(node: Node, key: str, default: str) -> Fallback:
    if not isinstance(node.data.get(key), dict):
        return Fallback(node.one_of(key, default, "blank", "keep", "error"))
    inner = node.node(key)
    act: Any = next((act for act in ("value", "default") if act in inner.data), "default")
    fallback = Fallback(act, inner.value(act))
    inner.done()
    return fallback


def to_yaml(mapping: Mapping) -> str:
    """The mapping as `load_mapping` reads it; what is as by default is left out."""
    data = {"format": FORMAT, **_plain_dict(mapping)}
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)


def _plain_dict(value: Any) -> Any:
    match value:
        case Fallback(act="value" | "default"):
            return {value.act: value.value}
        case Fallback():
            return value.act
        case tuple():
            return [_plain_dict(one) for one in value]
        case dict():
            return {key: _plain_dict(one) for key, one in value.items()}
    if not dataclasses.is_dataclass(value):
        return value
    found = {}
    for one in dataclasses.fields(value):
        said = getattr(value, one.name)
        usual = one.default_factory() if one.default_factory is not dataclasses.MISSING else one.default
        if said != usual:
            found[one.name] = _plain_dict(said)
    return found


def find_mappings(directories: Iterable[Path]) -> dict[str, Mapping]:
    """Every mapping (`*.yaml`) in the directories, by name. Raises `MappingProblem`, also for a name used twice."""
    found: dict[str, Mapping] = {}
    for path in (path for directory in directories for path in sorted(directory.glob("*.yaml"))):
        mapping = load_mapping(path.read_text(encoding="utf-8"), name=path.name)
        if mapping.name in found:
            raise MappingProblem(
                _("%(file)s: there is another mapping “%(name)s”.") % {"file": path.name, "name": mapping.name}
            )
        found[mapping.name] = mapping
    return found
