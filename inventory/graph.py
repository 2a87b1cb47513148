"""Lays a neighborhood out as an SVG: boxes in four columns, titles on two lines, no more than six boxes a column."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.choices import FlowDirection
from inventory.models import AISystem
from inventory.neighborhood import Column, Graph, Node, neighborhood
from portal.records.register import register_of

# Lengths in the SVG's own units, which are CSS pixels at full width.
BOX: Final = 172
STEP: Final = 204  # from one column's left edge to the next
TOP: Final = 28
GAP: Final = 16
HEIGHTS: Final = {1: 46, 2: 62}  # of a box with one or two lines of title
MORE: Final = 24  # height of "and 4 more"
CHARACTERS: Final = 24  # of a title that fit into a box at 12 px
SHOWN: Final = 6
ROWS: Final = 24  # of the table; the lists below have them all
LINES: Final = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at its place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node at its place. Coordinates are text, so that no locale puts a comma into them."""

    x: str
    y: str
    width: int
    height: int
    kind: Text
    lines: tuple[Text, ...]
    title: str
    url: str
    is_center: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of the table beside the graph, with addresses."""

    title: str
    url: str
    kind: str
    relation: str
    holder: str
    holder_url: str
    note: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template needs."""

    view_box: str
    summary: str
    heads: tuple[Text, ...]
    paths: tuple[str, ...]
    boxes: tuple[Box, ...]
    more: tuple[Text, ...]
    rows: tuple[Connection, ...]
    hidden_rows: int


def connections(system: AISystem, user: Any) -> Drawing | None:
    """The drawn neighborhood of a system, or None where nothing is connected to it."""
    graph = neighborhood(system, user)
    return draw(graph) if graph.rows else None


def draw(graph: Graph) -> Drawing:
    """Positions for everything; pure, without a query."""
    tallest = max(_height(nodes) for nodes in graph.columns.values())
    boxes: dict[str, Box] = {}
    more: list[Text] = []
    for column, nodes in graph.columns.items():
        y = TOP + (tallest - _height(nodes)) // 2
        for node in nodes[:SHOWN]:
            boxes[node.key] = _box(node, column * STEP, y, is_center=node is graph.center)
            y += _box_height(node) + GAP
        if len(nodes) > SHOWN:
            hidden = len(nodes) - SHOWN
            label = ngettext("and %d more", "and %d more", hidden) % hidden
            more.append(Text(column * STEP + 11, y + 4, label))
    width = (max(graph.columns) + 1) * STEP - (STEP - BOX)
    return Drawing(
        view_box=f"-1 0 {width + 3} {TOP + tallest + 4}",
        summary=_summary(graph),
        heads=tuple(Text(column * STEP, 12, _heading(graph, column)) for column in sorted(graph.columns)),
        paths=tuple(
            _path(boxes[edge.start], boxes[edge.end])
            for edge in graph.edges
            if edge.start in boxes and edge.end in boxes
        ),
        boxes=tuple(boxes.values()),
        more=tuple(more),
        rows=tuple(_row(row) for row in graph.rows[:ROWS]),
        hidden_rows=max(0, len(graph.rows) - ROWS),
    )


def wrapped(title: str) -> tuple[str, ...]:
    """A title on one or two lines; what is longer ends with an ellipsis."""
    lines = textwrap.wrap(" ".join(title.split()), CHARACTERS) or [""]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], lines[LINES - 1][: CHARACTERS - 1].rstrip(" ,;-") + "…"]
    return tuple(lines)


def _box_height(node: Node) -> int:
    return HEIGHTS[len(wrapped(node.title))]


def _height(nodes: list[Node]) -> int:
    heights = sum(_box_height(node) for node in nodes[:SHOWN]) + GAP * (min(len(nodes), SHOWN) - 1)
    return heights + (MORE if len(nodes) > SHOWN else 0)


def _box(node: Node, x: int, y: int, *, is_center: bool) -> Box:
    lines = wrapped(node.title)
    return Box(
        x=f"{x}.5",
        y=f"{y}.5",
        width=BOX - 1,
        height=HEIGHTS[len(lines)] - 1,
        kind=Text(x + 11, y + 18, node.kind),
        lines=tuple(Text(x + 11, y + 35 + 16 * number, line) for number, line in enumerate(lines)),
        title=node.title,
        url=_url(node),
        is_center=is_center,
    )


def _path(start: Box, end: Box) -> str:
    """A curve from the right side of one box to the left side of another."""
    x1, x2 = int(start.x[:-2]) + BOX, int(end.x[:-2])
    y1, y2 = (int(box.y[:-2]) + (box.height + 1) // 2 for box in (start, end))
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"


def _heading(graph: Graph, column: Column) -> str:
    if column is Column.RUNS:
        sends = any(row.relation == str(FlowDirection.SENDS.label) for row in graph.rows)
        return _("Runs on, through or sends to") if sends else _("Runs on and through")
    return {Column.READS: _("Reads"), Column.SYSTEM: _("This system"), Column.HELD: _("Held or supplied by")}[column]


def _summary(graph: Graph) -> str:
    """The graph in one sentence, for people who do not see it."""
    counts: dict[str, int] = {}
    for column, nodes in graph.columns.items():
        for node in nodes:
            if column is not Column.SYSTEM:
                counts[node.kind] = counts.get(node.kind, 0) + 1
    listed = ", ".join(f"{kind}: {number}" for kind, number in counts.items())
    return _("Connections of %(reference)s. %(listed)s. The table below lists the same.") % {
        "reference": graph.center.kind,
        "listed": listed,
    }


def _url(node: Node | None) -> str:
    if node is None or node.record is None:
        return ""
    register = register_of(type(node.record))
    return register.url("detail", node.record) if register else ""


def _row(row: Any) -> Connection:
    holder = row.holder
    return Connection(
        title=row.node.title,
        url=_url(row.node),
        kind=row.node.kind,
        relation=row.relation,
        holder=holder.title if holder else "",
        holder_url=_url(holder),
        note=row.note,
    )
