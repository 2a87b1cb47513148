"""What a system is connected to: what it reads, runs on and through, and who holds or supplies that.

Pure data, read with a constant number of queries, and only records that the reader may see. `inventory.graph` draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from inventory.choices import AgentAutonomy, FlowDirection
from inventory.models import (
    Agent,
    AISystem,
    DataFlow,
    DataSource,
    ModelVersion,
    OrganizationUnit,
    SystemTool,
    Tool,
    Vendor,
    VersionModel,
)
from portal.access.roles import Action
from portal.history import asof
from portal.records.fields import Tristate
from portal.ui.templatetags.muster import day

# Links of one kind that are read at most; the page links to the full lists.
LIMIT: Final = 100


class Column(IntEnum):
    """From left to right: data comes in, the system works, somebody holds or supplies what it works with."""

    READS = 0
    SYSTEM = 1
    RUNS = 2
    HELD = 3


@dataclass(frozen=True, slots=True)
class Node:
    """A record in the graph, or words where no record stands for the thing."""

    key: str
    column: Column
    kind: str
    title: str
    record: Any = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two nodes, from left to right."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Row:
    """The same connection in the table beside the graph."""

    node: Node
    relation: str
    holder: Node | None
    note: str


@dataclass(slots=True)
class Graph:
    """Columns of nodes, the edges between them, and the rows of the table."""

    center: Node
    columns: dict[Column, list[Node]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, node: Node) -> Node:
        """The node of that key in its column, added once."""
        column = self.columns.setdefault(node.column, [])
        known = next((one for one in column if one.key == node.key), None)
        if known is None:
            column.append(node)
        return known or node

    def connect(self, start: Node, end: Node) -> None:
        """An edge, added once."""
        edge = Edge(start.key, end.key)
        if edge not in self.edges:
            self.edges.append(edge)


def neighborhood(system: AISystem, user: Any) -> Graph:
    """The graph around a system as it stands today, for this reader. At most nine queries."""
    today = asof.today()
    links = _Links.read(system, user, today)
    seen = _Visible.read(links, user)
    graph = Graph(Node(f"system-{system.pk}", Column.SYSTEM, system.reference, system.name, system))
    graph.add(graph.center)
    for flow in links.flows:
        _add_flow(graph, flow, seen)
    for link in links.models:
        version = seen.get(ModelVersion, link.model_version_id)
        if version is not None:
            node = _runs(graph, version, _("Model version"))
            holder = _held(graph, node, seen, version.ai_model.vendor_id, version.ai_model.unit_id)
            note = _("%(role)s of release %(release)s") % {
                "role": link.get_role_display(),
                "release": link.system_version.release,
            }
            graph.rows.append(Row(node, _("Runs on"), holder, note))
    for use in links.tools:
        tool = seen.get(Tool, use.tool_id)
        if tool is not None:
            node = _runs(graph, tool, _("Tool"))
            holder = _held(graph, node, seen, tool.vendor_id, tool.unit_id)
            graph.rows.append(Row(node, _("Runs through"), holder, use.purpose))
    for agent in links.agents:
        node = _runs(graph, agent, _("Agent"))
        holder = _held(graph, node, seen, None, agent.unit_id)
        is_known = agent.autonomy_level != AgentAutonomy.UNKNOWN
        note = str(agent.get_autonomy_level_display()) if is_known else ""
        graph.rows.append(Row(node, _("Acts through"), holder, note))
    return graph


@dataclass(frozen=True, slots=True)
class _Links:
    """The records that connect the system with others, as they hold on one day."""

    flows: list[DataFlow]
    models: list[VersionModel]
    tools: list[SystemTool]
    agents: list[Agent]

    @classmethod
    def read(cls, system: AISystem, user: Any, today: date) -> _Links:
        current = Q(valid_to__isnull=True) | Q(valid_to__gt=today)
        in_use = Q(system_version__retired_on__isnull=True) | Q(system_version__retired_on__gt=today)
        flows = DataFlow.objects.restrict(user, Action.VIEW).filter(current, system=system)
        models = VersionModel.objects.restrict(user, Action.VIEW).filter(in_use, system_version__system=system)
        tools = SystemTool.objects.restrict(user, Action.VIEW).filter(current, system=system)
        agents = Agent.objects.restrict(user, Action.VIEW).filter(
            Q(retired_on__isnull=True) | Q(retired_on__gt=today), system=system
        )
        return cls(
            list(flows.order_by("reference")[:LIMIT]),
            list(models.select_related("system_version").order_by("reference")[:LIMIT]),
            list(tools.order_by("reference")[:LIMIT]),
            list(agents.order_by("reference")[:LIMIT]),
        )


class _Visible:
    """The records at the other ends that the reader may see: one query for each kind, however many there are."""

    def __init__(self) -> None:
        self.found: dict[type[models.Model], dict[UUID, Any]] = {}

    @classmethod
    def read(cls, links: _Links, user: Any) -> _Visible:
        seen = cls()
        seen._fetch(DataSource, user, (flow.data_source_id for flow in links.flows))
        seen._fetch(ModelVersion, user, (link.model_version_id for link in links.models), "ai_model")
        seen._fetch(Tool, user, (link.tool_id for link in links.tools))
        holders = [
            *links.flows,
            *links.agents,
            *seen._all(DataSource),
            *seen._all(Tool),
            *(version.ai_model for version in seen._all(ModelVersion)),
        ]
        seen._fetch(Vendor, user, (getattr(one, "vendor_id", None) for one in holders))
        seen._fetch(OrganizationUnit, user, (getattr(one, "unit_id", None) for one in holders))
        return seen

    def _fetch(self, model: Any, user: Any, ids: Iterable[UUID | None], *related: str) -> None:
        query = model.objects.restrict(user, Action.VIEW).select_related(*related)
        self.found[model] = query.in_bulk({pk for pk in ids if pk is not None})

    def _all(self, model: type[models.Model]) -> Iterator[Any]:
        yield from self.found[model].values()

    def get(self, model: type[models.Model], pk: UUID | None) -> Any:
        """The record, or None where there is none or it may not be seen."""
        return self.found[model].get(pk) if pk is not None else None


def _add_flow(graph: Graph, flow: DataFlow, seen: _Visible) -> None:
    """A data flow: its other end stands left of the system if data comes in, right if it goes out."""
    column = Column.RUNS if flow.direction == FlowDirection.SENDS else Column.READS
    found = _other_end(flow, seen, column)
    if found is None:
        return
    node = graph.add(found)
    graph.connect(*((graph.center, node) if column is Column.RUNS else (node, graph.center)))
    source = seen.get(DataSource, flow.data_source_id)
    vendor = flow.vendor_id or (source.vendor_id if source else None)
    unit = flow.unit_id or (source.unit_id if source else None)
    if column is Column.RUNS and source is not None:
        holder = _held(graph, node, seen, vendor, unit)
    else:
        holder = _holder(seen, vendor, unit) if source is not None else None
    graph.rows.append(Row(node, flow.get_direction_display(), holder, _flow_note(flow, source, vendor)))


def _other_end(flow: DataFlow, seen: _Visible, column: Column) -> Node | None:
    ends = (
        (DataSource, flow.data_source_id, _("Data source")),
        (Vendor, flow.vendor_id, _("Vendor")),
        (OrganizationUnit, flow.unit_id, _("Own unit")),
    )
    for model, pk, kind in ends:
        record = seen.get(model, pk)
        if record is not None:
            return _node(record, column, kind)
    if flow.other_end:
        return Node(f"{column.name}-{flow.pk}", column, _("Elsewhere"), flow.other_end)
    return None


def _flow_note(flow: DataFlow, source: DataSource | None, vendor: UUID | None) -> str:
    parts = []
    if Tristate.YES in (flow.health_data, source.health_data if source else ""):
        parts.append(_("health data"))
    elif Tristate.YES in (flow.personal_data, source.personal_data if source else ""):
        parts.append(_("personal data"))
    if source is not None and source.last_refreshed_on is not None:
        parts.append(_("refreshed %s") % day(source.last_refreshed_on))
    if vendor is not None and flow.agreement_id is None:
        parts.append(_("no covering agreement registered"))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _node(record: Any, column: Column, kind: str) -> Node:
    return Node(f"{column.name}-{record.pk}", column, kind, str(record), record)


def _runs(graph: Graph, record: Any, kind: str) -> Node:
    """A node right of the system, connected with it."""
    node = graph.add(_node(record, Column.RUNS, kind))
    graph.connect(graph.center, node)
    return node


def _holder(seen: _Visible, vendor_id: UUID | None, unit_id: UUID | None) -> Node | None:
    """Who holds or supplies something: the vendor, else the unit, if the reader may see it."""
    vendor, unit = seen.get(Vendor, vendor_id), seen.get(OrganizationUnit, unit_id)
    if vendor is not None:
        return _node(vendor, Column.HELD, _("Vendor"))
    return _node(unit, Column.HELD, _("Own unit")) if unit is not None else None


def _held(graph: Graph, node: Node, seen: _Visible, vendor_id: UUID | None, unit_id: UUID | None) -> Node | None:
    """The holder, as a node of the last column, connected with what it holds."""
    holder = _holder(seen, vendor_id, unit_id)
    if holder is not None:
        graph.connect(node, graph.add(holder))
    return holder
