"""One timeline over a record and what belongs to it, now or ever; and any two versions side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import (
    AISystem,
    DataFlow,
    DataSource,
    Deployment,
    OrganizationUnit,
    RoleAssignment,
    SystemVersion,
    Vendor,
)
from portal.access.models import User
from portal.history import timeline
from portal.history.context import Actor, Source, acting
from portal.history.feed import Window, page_of
from portal.history.timeline import link_branches, own_branch
from portal.records.models import CustomField, ExternalId, RecordQuerySet
from portal.records.register import get_register
from portal.ui.differences import changes_from, word_diff
from tests.conftest import SETUP
from tests.factories import create

pytestmark = pytest.mark.django_db

SYSTEMS = get_register("ai-systems")
ENTRY = re.compile(r'id="entry-(\d+)"')
HOSTILE = "<script>alert(1)</script>\"'&{{ 7|add:1 }}"


@pytest.fixture
def system() -> AISystem:
    with acting(SETUP):
        made: AISystem = create(AISystem, name="Ward pager", purpose="Pages the ward.")
    return made


def url(system: AISystem, query: str = "") -> str:
    return f"/ai-systems/{system.reference}/history/{query}"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode().split("<main")[1]


def keys(system: AISystem, user: User) -> list[tuple[int, str]]:
    branches = [own_branch(SYSTEMS, system), *link_branches(SYSTEMS, system, user)]
    return page_of(branches, Window(size=1000)).keys


def test_it_tells_who_when_from_where_why_and_what(system: AISystem, viewer: User, client: Client) -> None:
    who = Actor("u-1", "Helen Okafor", Source.IMPORT, request_id="req-77", reason="The committee said so")
    with acting(who):
        AISystem.objects.filter(pk=system.pk).update(purpose="Pages everybody.", autonomy="in_the_loop")
    client.force_login(viewer)
    page = text(client, url(system))
    row = AISystem.history.filter(id=system.pk).latest("history_id")
    for words in (
        "<strong>Helen Okafor</strong> changed intended purpose and autonomy",
        "by a file import",
        "The committee said so",
        "/changes/?request=req-77",
        "Version 2",
        f"entry {row.history_id}",
        "<del>Unknown</del>",
        "<ins>Human in the loop</ins>",
        "?from=1&amp;to=2",
        f'datetime="{row.history_date:%Y-%m-%dT%H:%M:%SZ}"',
        "<strong>The test&#x27;s set-up</strong> registered this AI system",
    ):
        assert words in page, words


def test_links_of_every_kind_are_there(system: AISystem, viewer: User, client: Client) -> None:
    with acting(SETUP):
        version = create(SystemVersion, system=system, name="Release one")
        create(Deployment, system_version=version, region="Dublin")
        create(RoleAssignment, system=system, person_name="Dana Whitfield")
        create(DataFlow, system=system)
        ExternalId.objects.create(register="ai-systems", record_id=system.pk, source="CMDB", key="CI-4711")
        create(DataFlow)  # somebody else's
    kinds = {kind for _entry, kind in keys(system, viewer)}
    assert kinds == {
        "ai-systems", "system-versions", "deployments", "role-assignments", "data-flows", "external-ids",
    }  # fmt: skip
    client.force_login(viewer)
    page = text(client, url(system))
    for words in ("Release one", "Dublin", "Dana Whitfield", "noted that CMDB calls it CI-4711"):
        assert words in page, words
    assert len(ENTRY.findall(page)) == 6


def test_filters(system: AISystem, viewer: User, client: Client) -> None:
    with acting(SETUP):
        create(RoleAssignment, system=system, person_name="Dana Whitfield")
        create(SystemVersion, system=system)
    client.force_login(viewer)
    counts = {"": 3, "?show=record": 1, "?show=links": 2, "?show=role-assignments": 1, "?show=nonsense": 3}
    for query, expected in counts.items():
        assert len(ENTRY.findall(text(client, url(system, query)))) == expected, query
    page = text(client, url(system))
    assert '?show=role-assignments"' in page
    assert "?show=agents" not in page, "a kind of which there is nothing is not offered"


@pytest.mark.parametrize("hub", [1, timeline.HUB], ids=["a hub", "an ordinary record"])
def test_a_link_that_moved_away_is_told_until_then(
    hub: int, system: AISystem, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "HUB", hub)
    with acting(SETUP):
        other = create(AISystem)
        flow = create(DataFlow, system=system, purpose="First")
        DataFlow.objects.filter(pk=flow.pk).update(purpose="Second")
        DataFlow.objects.filter(pk=flow.pk).update(system=other)
        DataFlow.objects.filter(pk=flow.pk).update(purpose="Third, elsewhere")
    rows = list(DataFlow.history.filter(id=flow.pk).order_by("history_id").values_list("history_id", flat=True))
    here = {entry for entry, kind in keys(system, viewer) if kind == "data-flows"}
    there = {entry for entry, kind in keys(other, viewer) if kind == "data-flows"}
    assert here == set(rows[:3]), "what it was while here, and that it left"
    assert there == set(rows[2:])


def test_a_link_that_was_deleted_is_told(system: AISystem, viewer: User, client: Client) -> None:
    with acting(SETUP):
        made = create(RoleAssignment, system=system, person_name="Dana Whitfield")
        reference = made.reference
        made.delete()
    client.force_login(viewer)
    page = text(client, url(system))
    assert "deleted role assignment" in page
    assert f"({reference})" in page
    assert f'href="/role-assignments/{reference}/"' in page  # where it was registered; the page itself is gone


def test_a_change_that_comes_by_two_ways_counts_once(viewer: User) -> None:
    register = get_register("organization-units")
    with acting(SETUP):
        unit = create(OrganizationUnit, name="Top")
        system = create(AISystem, unit=unit)
        create(RoleAssignment, system=None, unit=unit, person_name="Dana")
    branches = [own_branch(register, unit), *link_branches(register, unit, viewer)]
    found = page_of([*branches, *branches], Window(size=100)).keys
    assert len(found) == len(set(found)) == 3
    assert system.unit_id == unit.pk


def test_names_are_those_of_that_time(viewer: User, client: Client) -> None:
    with acting(SETUP):
        old = create(Vendor, name="Acme")
        flow = create(DataFlow, vendor=old)
        new = create(Vendor, name="Bolt")
        DataFlow.objects.filter(pk=flow.pk).update(vendor=new)
        Vendor.objects.filter(pk=old.pk).update(name="Acme of old, renamed")
        Vendor.objects.filter(pk=new.pk).update(name="Bolt, renamed")
    client.force_login(viewer)
    page = text(client, f"/data-flows/{flow.reference}/history/?show=record")
    assert "<del>Acme</del>" in page
    assert "<ins>Bolt</ins>" in page
    assert "renamed" not in page


def test_pages_without_loss_or_doubles(system: AISystem, viewer: User, client: Client) -> None:
    with acting(SETUP):
        for n in range(70):
            AISystem.objects.filter(pk=system.pk).update(topic=f"Topic {n}")
            if n % 2:
                create(RoleAssignment, system=system, person_name=f"Person {n}")
    client.force_login(viewer)
    expected = [entry for entry, _kind in keys(system, viewer)]
    assert len(expected) == 1 + 70 + 35
    found: list[int] = []
    address, pages = url(system), []
    while address:
        page = text(client, address)
        pages.append(page)
        found += [int(one) for one in ENTRY.findall(page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = url(system, older[1].replace("&amp;", "&")) if older else ""
    assert found == expected
    assert [len(ENTRY.findall(page)) for page in pages] == [50, 50, 6]
    newer = re.search(r'rel="prev" href="([^"]+)"', pages[2])
    assert newer
    assert ENTRY.findall(text(client, url(system, newer[1]))) == ENTRY.findall(pages[1])
    assert "The latest 50 changes" in pages[0]
    for query in ("?before=nonsense", "?before=-1", "?after=" + "9" * 30, "?before=²"):
        assert client.get(url(system, query)).status_code == 200


def counted(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow(system: AISystem, viewer: User, client: Client) -> None:
    client.force_login(viewer)

    def grow() -> None:
        for _n in range(3):
            version = create(SystemVersion, system=system)
            create(Deployment, system_version=version)
            create(DataFlow, system=system, vendor=create(Vendor), data_source=create(DataSource))
            AISystem.objects.filter(pk=system.pk).update(unit=create(OrganizationUnit))

    with acting(SETUP):
        grow()
    few = counted(client, url(system)), counted(client, url(system, "diff/?from=1&to=3"))
    with acting(SETUP):
        grow()
    assert (counted(client, url(system)), counted(client, url(system, "diff/?from=1&to=5"))) == few


# What one may not see


@pytest.fixture
def hidden() -> Iterator[Callable[[Any], None]]:
    """Hide records from everybody, as a role scoped to units would."""
    unseen: set[Any] = set()
    whole = RecordQuerySet.restrict

    def restrict(self: Any, user: Any, action: Any) -> Any:
        found = whole(self, user, action)
        return found.exclude(pk__in=unseen) if unseen else found

    with mock.patch.object(RecordQuerySet, "restrict", restrict):
        yield lambda record: unseen.add(record.pk)


def test_an_outsider_sees_nothing(system: AISystem, outsider: User, client: Client) -> None:
    with acting(SETUP):
        create(RoleAssignment, system=system)
    client.force_login(outsider)
    assert client.get(url(system)).status_code == 404
    assert client.get(url(system, "diff/?from=1&to=1")).status_code == 404
    assert link_branches(SYSTEMS, system, outsider)[:-1] == []


def test_hidden_records_and_their_names_do_not_leak(
    system: AISystem, viewer: User, client: Client, hidden: Callable[[Any], None]
) -> None:
    with acting(SETUP):
        secret, open_one = create(Vendor, name="Secret Ltd"), create(Vendor, name="Open Ltd")
        flow = create(DataFlow, system=system, vendor=open_one)
        DataFlow.objects.filter(pk=flow.pk).update(vendor=secret)
        unseen = create(DataFlow, system=system, purpose="Secret purpose")
    hidden(secret)
    hidden(unseen)
    client.force_login(viewer)
    for address in (
        url(system),
        f"/data-flows/{flow.reference}/history/",
        f"/data-flows/{flow.reference}/history/diff/?from=1&to=2",
    ):
        page = text(client, address)
        assert "Open Ltd" in page
        assert "a record not shown to you" in page
        assert "Secret" not in page, address
    assert client.get(f"/vendors/{secret.reference}/history/").status_code == 404


def test_hostile_text_is_shown_as_text(client: Client, viewer: User) -> None:
    who = Actor("u-1", HOSTILE, Source.SHELL, request_id=HOSTILE, reason=HOSTILE)
    with acting(who):
        system = create(AISystem, name=HOSTILE, purpose=HOSTILE * 3, unit=create(OrganizationUnit, name=HOSTILE))
        create(RoleAssignment, system=system, person_name=HOSTILE)
        ExternalId.objects.create(register="ai-systems", record_id=system.pk, source=HOSTILE, key=HOSTILE)
        AISystem.objects.filter(pk=system.pk).update(purpose=HOSTILE * 4, topic=HOSTILE)
    client.force_login(viewer)
    for query in ("", "diff/?from=1&to=2"):
        page = text(client, url(system, query))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "{{ 7|add:1 }}" in page


# Two versions


def test_any_two_versions_field_by_field(viewer: User, client: Client) -> None:
    with acting(SETUP):
        CustomField.objects.create(register="ai-systems", key="cost", label="Cost center")
        system = create(AISystem, name="Pager", purpose="It pages the ward at night and by day. " * 3, topic="Nursing")
    steps: list[dict[str, Any]] = [
        {"topic": "Wards"}, {"custom": {"cost": "17"}}, {"purpose": "It pages the ward by day. " * 3},
    ]  # fmt: skip
    for n, values in enumerate(steps):
        with acting(Actor(f"u-{n}", f"Person {n}", Source.UI, reason=f"Reason {n}")):
            AISystem.objects.filter(pk=system.pk).update(**values)
    client.force_login(viewer)
    page = text(client, url(system, "diff/?from=1&to=4"))
    for words in (
        "3 facts differ", "Cost center", "<ins>17</ins>", "<del>Nursing</del>", "<ins>Wards</ins>",
        "<del>at night and</del>", "with 2 between them", "Person 2", "Reason 2", "are the same in both",
        "<dt>Name</dt>",
    ):  # fmt: skip
        assert words in page, words
    assert "Person 1" not in page
    assert text(client, url(system, "diff/?from=4&to=1")) == page, "the older one stands first"
    two = text(client, url(system, "diff/?from=2&to=3"))
    assert "1 fact differs" in two
    assert "Nursing" not in two
    assert "Version 3 beside version 4" in text(client, url(system, "diff/"))
    assert "Nothing differs." in text(client, url(system, "diff/?from=2&to=2"))


@pytest.mark.parametrize("query", ["from=0&to=1", "from=1&to=9", "from=x&to=1", "from=1&to=99999999999", "from=²&to=1"])
def test_a_version_that_never_was(query: str, system: AISystem, viewer: User, client: Client) -> None:
    client.force_login(viewer)
    assert client.get(url(system, f"diff/?{query}")).status_code == 404


def test_words_are_compared_not_blobs() -> None:
    assert word_diff("It pages the ward", "It pages every ward & <b>") == (
        "It pages <del>the</del> <ins>every</ins> ward <ins>&amp; &lt;b&gt;</ins>"
    )


def test_each_change_is_worded_by_its_register(system: AISystem, viewer: User) -> None:
    with acting(SETUP):
        flow = create(DataFlow, system=system)
    changes = {change.row.history_id: change for change in changes_from(keys(system, viewer), viewer)}
    own = changes[AISystem.history.get(id=system.pk).history_id]
    link = changes[DataFlow.history.get(id=flow.pk).history_id]
    assert (own.title, own.act) == ("Ward pager", "registered")
    assert link.title == str(flow)
    assert link.url == f"/data-flows/{flow.reference}/"
