"""A list's pages are its first CAP rows in order, however they were found: gathered, walked, or walked in vain."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AISystem
from portal.access.models import User
from portal.access.roles import Action
from portal.history.context import acting
from portal.records.register import get_register
from portal.ui import lists
from portal.ui.filters import search
from portal.ui.lists import Listing, page_of
from portal.ui.tables import sortable
from tests.conftest import SETUP
from tests.factories import build, create

pytestmark = pytest.mark.django_db
REGISTER = get_register("ai-systems")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so small that forty systems are many."""
    monkeypatch.setattr(lists, "PAGE", 5)
    monkeypatch.setattr(lists, "CAP", 20)
    monkeypatch.setattr(lists, "WALK", 12)


@pytest.fixture
def forty(small: None) -> None:
    """Systems with ties and gaps in every column; all assist, 30 of them (the last by name) in imaging, 3 in triage."""
    with acting(SETUP):
        units = [create(REGISTER.relations["unit"]) for _ in range(3)]
        made = []
        for n in range(40):
            system = build(AISystem)
            system.name = f"Assistant {n // 2:02}" + (" imaging" if n >= 10 else "")
            system.purpose = "Helps with triage." if n in {4, 17, 33} else "Helps."
            system.unit, system.topic = units[n % 3], f"topic {n % 4}"
            system.next_review_on = date(2026, 1, 1) + timedelta(days=n % 7) if n % 5 else None
            system.live_on = date(2024, 1, 1) if n == 39 else None
            system.stage = "monitoring" if n % 4 else "planning"
            made.append(system)
        AISystem.objects.bulk_create(made)


def expected(query: str, sort: str) -> tuple[int, list[Any]]:
    """The same by the plainest means: every row, sorted by the database in one go."""
    name, down = sort.lstrip("-"), sort.startswith("-")
    asked = QueryDict(query)
    rows = search(AISystem.objects.all(), asked.get("q", ""))
    if asked.get("stage"):
        rows = rows.filter(stage=asked["stage"])
    order = models.F(name).desc(nulls_last=True) if down else models.F(name).asc(nulls_last=True)
    keys = list(rows.order_by(order, "-pk" if down else "pk").values_list("pk", flat=True))
    return min(len(keys), lists.CAP + 1), keys[: lists.CAP]


@pytest.mark.parametrize(
    "query", ["", "q=assist", "q=imaging+assist", "q=triage", "stage=monitoring", "q=assist&stage=planning", "q=none"]
)
def test_the_pages_of_a_list_are_its_first_rows_in_order(forty: None, viewer: User, query: str) -> None:
    for sort in (f"{way}{name}" for name in sorted(sortable(REGISTER)) for way in ("", "-")):
        count, keys = expected(query, sort)
        shown = []
        for number in range(1, max(1, -(-len(keys) // lists.PAGE)) + 1):
            page = page_of(Listing.of(REGISTER, viewer, QueryDict(f"{query}&sort={sort}&page={number}")))
            assert (page["count"], page["number"]) == (count, number), sort
            shown += [row.pk for row in page["rows"]]
        assert shown == keys, sort


@pytest.mark.parametrize("asked", ["7", "999999999", "9" * 5000])
def test_a_page_past_the_end_is_the_last_one(forty: None, viewer: User, asked: str) -> None:
    capped = page_of(Listing.of(REGISTER, viewer, QueryDict(f"page={asked}")))
    assert (capped["number"], capped["first"], capped["last"]) == (4, 16, 20)
    few = page_of(Listing.of(REGISTER, viewer, QueryDict(f"q=triage&page={asked}")))
    assert (few["number"], few["first"], few["last"], few["count"]) == (1, 1, 3, 3)


@pytest.mark.parametrize("asked", ["0", "-1", "²", "x", ""])
def test_what_is_no_page_number_is_the_first_page(forty: None, client: Client, viewer: User, asked: str) -> None:
    client.force_login(viewer)
    response = client.get("/ai-systems/", {"page": asked})
    assert response.status_code == 200
    assert response.context["page"]["number"] == 1


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("q=triage", 2),  # count and keys; the rows
        ("", 3),  # too many to sort: the walk beside them
        ("q=assist", 3),
        ("q=imaging", 4),  # they stand at the far end: the walk was in vain
    ],
)
def test_a_page_takes_as_many_statements_as_its_way_of_finding_rows(
    forty: None, viewer: User, query: str, statements: int
) -> None:
    assert viewer.can(Action.VIEW)  # asked once, and remembered
    with CaptureQueriesContext(connection) as captured:
        page_of(Listing.of(REGISTER, viewer, QueryDict(query)))
    assert len(captured) == statements


def test_whoever_may_see_nothing_gets_no_row(forty: None, make_user: Any) -> None:
    page = page_of(Listing.of(REGISTER, make_user("nobody"), QueryDict("q=assist")))
    assert (page["count"], page["rows"]) == (0, [])
