"""The change log of the whole register: every filter, every page, every door; nothing that one may not see."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import AISystem, DataFlow, OrganizationUnit, Vendor
from portal.access.models import User
from portal.history import changes as log
from portal.history import feed
from portal.history.changes import Wanted
from portal.history.context import Actor, Source, acting
from portal.history.feed import Clause, Window, page_of, walk
from portal.records.register import get_register, registers
from portal.ui import changelog
from tests.conftest import SETUP
from tests.factories import create
from tests.portal.test_timeline import HOSTILE, counted, hidden, text

__all__ = ["hidden"]  # a fixture

pytestmark = pytest.mark.django_db

ENTRY = re.compile(r'id="entry-(\d+)"')
HELEN = Actor("u-helen", "Helen Okafor", Source.UI, request_id="req-1", reason="She said so")
SYNC = Actor("cmdb", "CMDB sync", Source.CONNECTOR, request_id="req-2")


@pytest.fixture
def made() -> dict[str, Any]:
    """A unit and a system by the set-up, a change by Helen, a vendor and two changes by a connector."""
    with acting(SETUP):
        unit = create(OrganizationUnit, name="Cardiology")
        system = create(AISystem, name="Ward pager", unit=unit, purpose="Pages.")
    with acting(HELEN):
        AISystem.objects.filter(pk=system.pk).update(purpose="Pages everybody.", topic="Nursing")
    with acting(SYNC):
        vendor = create(Vendor, name="Acme")
        AISystem.objects.filter(pk=system.pk).update(topic="Wards")
        Vendor.objects.filter(pk=vendor.pk).update(name="Acme Ltd")
    return {"unit": unit, "system": system, "vendor": vendor}


def shown(client: Client, query: str = "", status: int = 200) -> list[str]:
    """What the log shows, as "who act register version", newest first."""
    response = client.get(f"/changes/{query}")
    assert response.status_code == status
    return [f"{c.row.history_user_name} {c.act} {c.register.slug} {c.row.version}" for c in response.context["changes"]]


ALL = [
    "CMDB sync changed vendors 2",
    "CMDB sync changed ai-systems 3",
    "CMDB sync registered vendors 1",
    "Helen Okafor changed ai-systems 2",
    "The test's set-up registered ai-systems 1",
    "The test's set-up registered organization-units 1",
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ALL),
        ("?person=u-helen", ALL[3:4]),
        ("?person=nobody", []),
        ("?source=connector", ALL[:3]),
        ("?source=api", []),
        ("?register=vendors", [ALL[0], ALL[2]]),
        ("?register=ai-systems&field=purpose", ALL[3:4]),
        ("?register=ai-systems&field=topic", [ALL[1], ALL[3]]),
        ("?register=ai-systems&field=unit", []),
        ("?request=req-2", ALL[:3]),
        ("?request=req-3", []),
        ("?source=connector&register=ai-systems", ALL[1:2]),
        ("?person=cmdb&register=vendors&request=req-2", [ALL[0], ALL[2]]),
        ("?register=vendors&field=stage", [ALL[0], ALL[2]]),  # vendors have no stage: no such filter, no such chip
    ],
)
def test_every_filter(query: str, expected: list[str], made: dict[str, Any], viewer: User, client: Client) -> None:
    client.force_login(viewer)
    assert shown(client, query) == expected


def test_what_is_rare_is_gathered_and_is_the_same(
    made: dict[str, Any], viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted(people=("cmdb",), source="connector")
    assert wanted.is_rare
    branches = wanted.branches(viewer)
    windows = [Window(), Window(size=2)]
    walked = [page_of(branches, one, is_rare=True) for one in windows]
    slow = [branch.also(Clause("pg_sleep(0.02) IS NOT NULL")) for branch in branches]
    monkeypatch.setattr(feed, "PATIENCE", 5)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()
        assert [page_of(slow, one, is_rare=True) for one in windows] == walked
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == before, "the next query has its usual time"
    second = page_of(branches, Window(before=walked[1].older, size=2), is_rare=True)
    assert [*walked[1].keys, *second.keys] == walked[0].keys


def test_a_person_by_name_and_a_chip_that_names_a_key(made: dict[str, Any], viewer: User, client: Client) -> None:
    client.force_login(viewer)
    with acting(viewer.actor(Source.UI)):
        create(Vendor)
    assert shown(client, "?person=vera") == ["Vera registered vendors 1"]
    assert shown(client, f"?person={viewer.pk}") == ["Vera registered vendors 1"]
    page = text(client, "/changes/?person=u-helen&register=ai-systems&field=purpose")
    assert "Who: Helen Okafor" in page
    assert 'aria-label="Remove filter Who: Helen Okafor"' in page
    assert 'href="?register=ai-systems&amp;field=purpose"' in page
    assert 'href="?person=u-helen"' in page, "without its kind of record a field means nothing"


def test_periods_are_whole_days(made: dict[str, Any], viewer: User, client: Client) -> None:
    client.force_login(viewer)
    today = timezone.now().date()
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    assert shown(client, f"?from={today}&to={today}") == ALL
    assert shown(client, f"?from={yesterday}") == ALL
    assert shown(client, f"?to={yesterday}") == []
    assert shown(client, f"?from={tomorrow}") == []
    assert shown(client, f"?to={tomorrow}&person=u-helen") == ALL[3:4]
    assert shown(client, "?from=1999-01-01&to=9999-12-30") == ALL


def test_a_period_ends_where_it_says(
    made: dict[str, Any], viewer: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds within the day, so that both sides of them are there; without slack, so that the range itself is right."""
    client.force_login(viewer)
    rows = AISystem.history.filter(id=made["system"].pk).order_by("history_id")
    first, second, third = rows
    monkeypatch.setattr(log, "SLACK", 0)
    monkeypatch.setattr(log, "_midnight", lambda day: second.history_date)
    today = timezone.now().date().isoformat()
    wanted = Wanted(start=timezone.now().date())
    found = [entry for entry, _kind in page_of(wanted.branches(viewer), Window()).keys]
    assert second.history_id in found or third.history_id in found
    assert first.history_id not in found
    assert client.get(f"/changes/?from={today}").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?register=nonsense", "There is no register called “nonsense”."),
        ("?source=nonsense", "There is no door called “nonsense”."),
        ("?field=purpose", "Choose what kind of record the field belongs to."),
        ("?from=yesterday", "“yesterday” is not a date."),
        ("?to=9999-12-31", "“9999-12-31” is not a date."),
        ("?from=<script>", "&lt;script&gt;"),
    ],
)
def test_what_cannot_be_meant_is_said_and_shows_nothing(
    query: str, words: str, made: dict[str, Any], viewer: User, client: Client
) -> None:
    client.force_login(viewer)
    response = client.get(f"/changes/{query}")
    assert response.status_code == 422
    assert words in response.content.decode()
    assert response.context["changes"] == []


@pytest.mark.parametrize("value", ["\x00", "x" * 5000, "'; DROP TABLE x; --", "%s", "{}", "²"])
def test_no_filter_text_breaks_the_page(value: str, made: dict[str, Any], viewer: User, client: Client) -> None:
    client.force_login(viewer)
    for name in (*changelog.FILTERS, "before", "after"):
        assert client.get("/changes/", {name: value}).status_code in {200, 422}, name


def test_pages_without_loss_or_doubles(made: dict[str, Any], viewer: User, client: Client) -> None:
    with acting(SETUP):
        for n in range(120):
            model = (Vendor, OrganizationUnit)[n % 2]
            create(model)
    client.force_login(viewer)
    branches = Wanted().branches(viewer)
    expected = [entry for piece in walk(branches, 7) for entry, _kind in piece]
    assert expected == sorted(set(expected), reverse=True)
    assert len(expected) == 126
    found: list[int] = []
    pages: list[str] = []
    query: str | None = ""
    while query is not None:
        page = text(client, f"/changes/{query}")
        pages.append(page)
        found += [int(one) for one in ENTRY.findall(page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        query = older[1].replace("&amp;", "&") if older else None
    assert found == expected
    newer = re.search(r'rel="prev" href="([^"]+)"', pages[-1])
    assert newer
    assert ENTRY.findall(text(client, f"/changes/{newer[1]}")) == ENTRY.findall(pages[-2])
    assert "The latest 50 changes" in pages[0]
    assert "of 126" not in pages[0], "nothing is counted"


def test_nothing_is_counted_and_the_queries_do_not_grow(made: dict[str, Any], viewer: User, client: Client) -> None:
    client.force_login(viewer)
    few = counted(client, "/changes/")
    with acting(SETUP):
        for _n in range(10):
            AISystem.objects.filter(pk=made["system"].pk).update(unit=create(OrganizationUnit))
            Vendor.objects.filter(pk=made["vendor"].pk).update(name=f"Acme {_n}")
    assert counted(client, "/changes/") == few
    with CaptureQueriesContext(connection) as captured:
        client.get("/changes/")
    merged = [one["sql"] for one in captured if "UNION ALL" in one["sql"] and "AS kind" in one["sql"]]
    assert len(merged) == 1
    assert merged[0].count("LIMIT 51") == len(list(registers())) + 1, "the limit stands in every branch"
    assert not any("count(" in one["sql"].lower() and "historical" in one["sql"] for one in captured)


def test_by_role(made: dict[str, Any], viewer: User, auditor: User, outsider: User, client: Client) -> None:
    assert client.get("/changes/").status_code == 302
    for user, page, file in ((viewer, 200, 403), (auditor, 200, 200), (outsider, 403, 403)):
        client.force_login(user)
        assert client.get("/changes/").status_code == page, user
        assert client.get("/changes/export.csv").status_code == file, user
        assert ("Export CSV" in client.get("/changes/").content.decode()) == (file == 200)
    assert Wanted().branches(outsider) == []


def test_hidden_records_do_not_leak(
    made: dict[str, Any], auditor: User, client: Client, hidden: Callable[[Any], None]
) -> None:
    with acting(SETUP):
        secret = create(Vendor, name="Secret Ltd")
        flow = create(DataFlow, vendor=secret)
    hidden(secret)
    client.force_login(auditor)
    file = exported(client)
    for shown_text in (text(client, "/changes/"), repr(file)):
        assert "Secret" not in shown_text
        assert flow.reference in shown_text
        assert "Acme" in shown_text
    with acting(Actor("mole", "The Mole", Source.UI)):
        Vendor.objects.filter(pk=secret.pk).update(name="Secret, still")
    assert "The Mole" not in text(client, "/changes/?person=mole"), "nor who changed what one may not see"


def exported(client: Client, query: str = "") -> list[list[str]]:
    response = client.get(f"/changes/export.csv{query}")
    assert response.status_code == 200
    assert response.streaming
    body = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
    return list(csv.reader(io.StringIO(body)))


def test_the_file_holds_just_the_log(
    made: dict[str, Any], auditor: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changelog, "PIECE", 2)  # more than one piece
    client.force_login(auditor)
    head, *rows = exported(client)
    assert head[0] == "Ledger entry"
    assert len(rows) == len(ALL)
    assert [int(row[0]) for row in rows] == sorted((int(row[0]) for row in rows), reverse=True)
    assert all(len(row) == len(head) for row in rows)
    (one,) = exported(client, "?person=u-helen")[1:]
    assert one[2:8] == [
        "AI systems", made["system"].reference, "Ward pager", "changed", "2",
        "Intended purpose: Pages. → Pages everybody.; Topic: — → Nursing",
    ]  # fmt: skip
    assert one[8:] == ["Helen Okafor", "u-helen", "in the browser", "She said so", "req-1"]
    assert client.get("/changes/export.csv?from=x").status_code == 422


def test_formulas_in_the_file_are_neutralized(auditor: User, client: Client) -> None:
    with acting(Actor("=1+1", "+cmd|' /C calc'!A0", Source.UI, request_id="@x", reason="-2+3")):
        create(Vendor, name="=HYPERLINK(1)")
    client.force_login(auditor)
    (row,) = exported(client)[1:]
    assert not [cell for cell in row if cell[:1] in "=+-@\t\r" and cell[:1]]


def test_hostile_text_is_shown_as_text(auditor: User, client: Client) -> None:
    with acting(Actor(HOSTILE, HOSTILE, Source.UI, request_id=HOSTILE, reason=HOSTILE)):
        create(Vendor, name=HOSTILE)
    client.force_login(auditor)
    response = client.get("/changes/", {"request": HOSTILE, "person": HOSTILE})
    page = response.content.decode().split("<main")[1]
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert len(ENTRY.findall(page)) == 1
    link = re.search(r'href="(/changes/\?request=[^"]+)"', page)
    assert link
    assert len(ENTRY.findall(text(client, link[1].replace("&amp;", "&")))) == 1, "the link finds what it stands at"


def test_an_empty_register_says_what_comes_here(viewer: User, client: Client) -> None:
    client.force_login(viewer)
    assert "Nothing has been changed yet" in text(client, "/changes/")
    assert "No results" in text(client, "/changes/?source=ui")


def test_the_side_bar_leads_here(viewer: User, client: Client) -> None:
    client.force_login(viewer)
    assert 'href="/changes/"' in client.get("/").content.decode()


def test_every_register_is_in_it(viewer: User) -> None:
    assert {one.kind for one in Wanted().branches(viewer)} == {one.slug for one in registers()}
    assert len(Wanted(register=get_register("vendors")).branches(viewer)) == 1
