"""Strict YAML for mappings: what YAML takes for granted is text here, and a key nobody asked for is a mistake."""

import difflib
import re
from collections.abc import Hashable
from typing import Any, Final, cast

import yaml
from django.utils.translation import gettext as _

from .rows import Plain, fold

FORMAT: Final = 1


class MappingProblem(Exception):  # noqa: N818 - a sentence for the person who wrote the mapping
    """The mapping cannot be used. The message names file and key."""


class StrictLoader(yaml.SafeLoader):
    """YAML where yes, no, on, off and dates are text, as in YAML 1.2, and no key stands twice."""

    yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _value in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, _("the key “%s” stands twice") % key.value, key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _first in "tTfF":
    StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$", re.IGNORECASE), _first)


class Node:
    """A mapping of YAML whose keys are taken one by one; what is left over at the end is a mistake."""

    def __init__(self, data: object, where: str) -> None:
        self.where = where
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            raise self.wrong(_("must be a mapping whose keys are text (quote keys such as 2024)"))
        self.data: dict[str, Any] = dict(data)
        self.taken: dict[str, str] = {}

    def wrong(self, text: str, key: str = "") -> MappingProblem:
        return MappingProblem(f"{self.where}{'.' if key else ''}{key}: {text}")

    def take(self, key: str, default: object = None) -> Any:
        self.taken[fold(key)] = key
        return self.data.pop(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str):
            raise self.wrong(
                _("must be text (in quotes if it is a number)") if value is not None else _("is missing"), key
            )
        return value

    def maybe(self, key: str) -> str | None:
        return self.text(key) if self.data.get(key) is not None else self.take(key)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(_("must be a list of text"), key)
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self.take(key, default=False)
        if not isinstance(value, bool):
            raise self.wrong(_("must be true or false"), key)
        return value

    def one_of(self, key: str, *choices: str) -> Any:
        value = self.take(key, choices[0])
        if value not in choices:
            raise self.wrong(_("must be one of: %s") % ", ".join(choices), key)
        return value

    def node(self, key: str) -> "Node":
        return Node(self.take(key, {}), f"{self.where}.{key}")

    def plain(self, key: str) -> dict[str, Plain]:
        node = self.node(key)
        return {name: node.value(name) for name in list(node.data)}

    def value(self, key: str) -> Plain:
        value = self.take(key)
        many = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not many and not isinstance(value, str | int | float | None):
            raise self.wrong(_("must be text, a number, true, false, null or a list of text"), key)
        return cast("Plain", value)

    def done(self) -> None:
        for key in self.data:
            close = difflib.get_close_matches(fold(key), self.taken, n=1, cutoff=0.5)
            near = _(" (did you mean “%s”?)") % self.taken[close[0]] if close else ""
            raise self.wrong(_("is not a key of format %d") % FORMAT + near, key)
