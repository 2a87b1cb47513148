"""Home: what needs attention, the estate at a glance, what changed. Each number links to exactly the list it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Max, Min, Subquery, When
from django.db.models.functions import Coalesce, TruncHour
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from inventory.choices import Stage
from inventory.models import AISystem, RiskClass
from portal.access.models import User
from portal.access.roles import Action
from portal.history import asof
from portal.ledger.checking import latest as latest_verification
from portal.records.register import get_register
from portal.ui.access import reader
from portal.ui.lists import CAP, Listing

CHANGES = 8
WINDOW = 5_000  # history rows that are looked at for the latest changes
HEAT = (0.05, 0.12)  # shares of the estate from which a cell is shaded stronger


@dataclass(frozen=True, slots=True)
class Attention:
    """One line of "needs attention": a list by its own query, and what it means."""

    register: str
    query: str
    label: str
    tone: str = ""
    note: str = ""
    count: int = 0

    @property
    def url(self) -> str:
        return f"{get_register(self.register).url()}?{self.query}"

    @property
    def shown(self) -> str:
        return f"{CAP:,}+" if self.count > CAP else f"{self.count:,}"


def attention(user: User) -> list[Attention]:
    """The lines that count something, counted by the very list they link to."""
    today = asof.today()
    soon = today + timedelta(days=30)
    live = "stage=deployment&stage=monitoring&stage=optimization"
    lines = [
        Attention("ai-systems", f"{live}&owned=false", _("Live systems without an owner"), "bad"),
        Attention(
            "vendors", "covered=false", _("Vendors that receive health data without an agreement in force"), "bad"
        ),
        Attention("ai-systems", f"next_review_on__lt={today}", _("Reviews overdue"), "warn"),
        Attention("ai-systems", f"next_review_on__gte={today}&next_review_on__lt={soon}", _("Reviews due in 30 days")),
        Attention(
            "agreements", f"expires_on__gte={today}&expires_on__lt={soon}", _("Agreements that end in 30 days"), "warn"
        ),
        Attention("ai-systems", f"{live}&risk_class__isnull=true", _("Live systems without a risk class"), "warn"),
        Attention(
            "ai-systems", "declaration=opening", _("Opening backlog"), "", _("Declared at opening, not approved here")
        ),
    ]
    counted = []
    for line in lines:
        register = get_register(line.register)
        count = Listing.of(register, user, QueryDict(line.query)).count()
        if count:
            counted.append(Attention(line.register, line.query, line.label, line.tone, line.note, count))
    return counted


def estate(user: User) -> dict[str, Any]:
    """Systems by risk class and stage, with the query of each cell's list. One query."""
    systems = AISystem.objects.restrict(user, Action.VIEW)
    counts = {
        (row["risk_class"], row["stage"]): row["n"]
        for row in systems.order_by().values("risk_class", "stage").annotate(n=Count("*"))
    }
    total = sum(counts.values())
    stages = list(Stage.choices)
    classes: list[Any] = [*RiskClass.objects.order_by("order"), None]
    rows = []
    for risk in classes:
        key = risk.pk if risk else None
        query = f"risk_class={key}" if risk else "risk_class__isnull=true"
        cells = [_cell(counts.get((key, stage), 0), f"{query}&stage={stage}", total) for stage, _label in stages]
        count = sum(cell["count"] for cell in cells)
        if count or risk is None or risk.key != "prohibited":
            rows.append({"risk": risk, "cells": cells, "count": count, "query": query})
    columns = [
        _cell(sum(counts.get((row["risk"].pk if row["risk"] else None, stage), 0) for row in rows), f"stage={stage}", 0)
        for stage, _label in stages
    ]
    return {"stages": stages, "rows": rows, "columns": columns, "total": total}


def _cell(count: int, query: str, total: int) -> dict[str, Any]:
    share = count / total if total else 0.0
    heat = 1 + sum(share >= step for step in HEAT)
    return {"count": count, "query": query, "heat": heat}


@dataclass(frozen=True, slots=True)
class Change:
    """What one person did in one go: one record by its name, or how many."""

    who: str
    kind: str
    when: datetime
    count: int
    reference: str
    name: str
    is_capped: bool = False

    @property
    def is_gone(self) -> bool:
        return self.kind == "-"


def changes(user: User) -> list[Change]:
    """The latest changes of AI systems, those of one request in one line. One query over the latest WINDOW rows.

    What an import or a command writes belongs to no request; it goes together by the hour.
    """
    if not user.can(Action.VIEW):
        return []
    history = AISystem.history.model.objects.order_by()
    edge = history.order_by("-history_id").values("history_id")[WINDOW - 1 : WINDOW]
    rows = (
        history.filter(history_id__gte=Coalesce(Subquery(edge), 0))
        .annotate(hour=Case(When(history_request="", then=TruncHour("history_date"))))
        .values("history_request", "history_source", "history_type", "history_user_name", "hour")
        .annotate(
            n=Count("pk"), last=Max("history_id"), first=Min("history_id"), at=Max("history_date"),
            record=Max("reference"), called=Max("name"), edge=Subquery(edge),
        )
        .order_by("-last")[:CHANGES]
    )  # fmt: skip
    return [
        Change(
            row["history_user_name"], row["history_type"], row["at"], row["n"], row["record"], row["called"],
            row["first"] == row["edge"],
        )
        for row in rows
    ]  # fmt: skip


def home(request: HttpRequest) -> HttpResponse:
    """The page after log-in."""
    user = reader(request)
    context = {
        "greeting": _greeting(user),
        "today": asof.today(),
        "attention": attention(user) if user.can(Action.VIEW) else [],
        "estate": estate(user),
        "changes": changes(user),
        "systems": get_register("ai-systems"),
        "can_import": user.can(Action.IMPORT),
        "can_view": user.can(Action.VIEW),
        "verification": latest_verification() if user.can(Action.VIEW) else None,
    }
    return render(request, "reports/home.html", context)


def _greeting(user: User) -> str:
    """By name, without the hour: the server does not know the reader's."""
    words = [
        word for word in user.full_name.split() if word.rstrip(".").lower() not in {"dr", "prof", "mr", "ms", "mrs"}
    ]
    return _("Welcome, %(name)s") % {"name": words[0] if words else user.username}
