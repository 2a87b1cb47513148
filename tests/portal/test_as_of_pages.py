"""`/as-of/…/` in the address: every page, list, file and endpoint of the register, as it stood then."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from inventory.models import AISystem, OrganizationUnit, Vendor
from portal.access.models import ApiToken, User
from portal.access.roles import Role
from portal.history.context import acting
from portal.records.models import CustomField
from portal.records.register import registers
from portal.ui import asof
from tests.conftest import SETUP
from tests.factories import create

pytestmark = pytest.mark.django_db


def clock() -> datetime:
    """The database's time: transactions do not stop it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]  # a timestamptz


class Story:
    """A register with a past: what stood at `at`, and everything different now."""

    def __init__(self) -> None:
        with acting(SETUP):
            field = CustomField.objects.create(register="ai-systems", key="code", label="Cost center")
            self.unit = create(OrganizationUnit, name="Cardiology")
            self.system = create(
                AISystem, name="Old name", purpose="Sorting letters", unit=self.unit, stage="monitoring",
                risk_class=None, tags=["then"], custom={"code": "4711"},
            )  # fmt: skip
            self.gone = create(Vendor, name="Gone vendor")
        self.at = clock()
        with acting(SETUP):
            AISystem.objects.filter(pk=self.system.pk).update(
                name="New name", purpose="Summing numbers", stage="retirement", tags=["now"], custom={"code": "42"}
            )
            OrganizationUnit.objects.filter(pk=self.unit.pk).update(name="Heart center")
            CustomField.objects.filter(pk=field.pk).update(label="Project")
            Vendor.objects.filter(pk=self.gone.pk).delete()
            self.later = create(AISystem, name="Later system", unit=self.unit, stage="monitoring")

    def then(self, path: str) -> str:
        return f"/as-of/{asof.written(self.at)}{path}"


@pytest.fixture
def story(db: None) -> Story:
    return Story()


@pytest.fixture
def reader(client: Client, auditor: User) -> Client:
    client.force_login(auditor)
    return client


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


# What is shown


def test_a_list_a_filter_and_a_search(story: Story, reader: Client) -> None:
    page = text_of(reader.get(story.then("/ai-systems/")))
    assert "Old name" in page
    assert "Cardiology" in page, "the label of a relation is that of then"
    assert not {"New name", "Later system", "Heart center"} & set(re.findall(r"[A-Z]\w+ \w+", page))
    for query, there in {
        "stage=monitoring": True, "stage=retirement": False, "q=letters": True, "q=sort": True, "q=numbers": False,
        "tag=then": True, "tag=now": False, f"unit={story.unit.reference}": True, "unit=Cardiology": True,
        "unit=Heart center": False,
    }.items():  # fmt: skip
        page = text_of(reader.get(story.then("/ai-systems/?" + query)))
        assert ("Old name" in page) is there, query
        assert ("1 to 1 of 1" in page) is there, query
    assert "Gone vendor" in text_of(reader.get(story.then("/vendors/")))
    assert "Gone vendor" in text_of(reader.get(story.then("/search/?q=gone")))
    assert "New name" in text_of(reader.get("/ai-systems/"))


def test_a_record_with_its_history_so_far(story: Story, reader: Client) -> None:
    address = story.then(f"/ai-systems/{story.system.reference}/")
    page = text_of(reader.get(address))
    assert {"Old name", "Sorting letters", "Cardiology", "Cost center", "4711", "Version 1"} <= {
        word
        for word in ("Old name", "Sorting letters", "Cardiology", "Cost center", "4711", "Version 1")
        if word in page
    }
    assert not re.search("New name|Summing|Heart center|Project|Version 2", page)
    assert "New name" not in text_of(reader.get(address + "history/"))
    assert "Gone vendor" in text_of(reader.get(story.then(f"/vendors/{story.gone.reference}/")))
    found = reader.get(story.then(f"/search/?q={story.gone.reference}"))
    assert found["Location"] == story.then(f"/vendors/{story.gone.reference}/")


def test_a_record_that_was_not_there_yet_says_so(story: Story, reader: Client) -> None:
    path = f"/ai-systems/{story.later.reference}/"
    response = reader.get(story.then(path))
    assert response.status_code == 404
    page = text_of(response)
    assert "This was not in the register then" in page
    assert f'href="{path}"' in page
    assert reader.get(path).status_code == 200


def test_home_counts_what_was(story: Story, reader: Client) -> None:
    def live(prefix: str) -> dict[str, int]:
        context = reader.get(prefix + "/").context
        return {row.label: row.count for row in context["attention"]} | {"all": context["estate"]["total"]}

    with acting(SETUP):
        AISystem.objects.filter(pk=story.later.pk).update(risk_class=None)
    assert live(story.then("")) == {
        "Live systems without an owner": 1,
        "Live systems without a risk class": 1,
        "all": 1,
    }
    assert live("")["all"] == 2
    page = text_of(reader.get(story.then("/")))
    assert f'href="{story.then("/ai-systems/")}?stage=deployment' in page
    assert "New name" not in page


def test_files(story: Story, reader: Client) -> None:
    response = reader.get(story.then("/ai-systems/export.csv?columns=name&columns=unit"))
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    assert f"as-of-{story.at:%Y-%m-%d}.csv" in response["Content-Disposition"]
    assert "Old name" in text
    assert "Cardiology" in text
    assert "Cost center" in text
    assert text.count("\n") == 2
    response = reader.get(story.then("/ai-systems/export.xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    assert [row[1].value for row in sheet.iter_rows()] == ["Name", "Old name"]  # type: ignore[union-attr]  # it has one


def test_the_api(story: Story, reader: Client, auditor: User) -> None:
    listed = reader.get(story.then("/api/v1/ai-systems?q=letters")).json()["results"]
    assert [(one["name"], one["unit"]["name"], one["stage"]) for one in listed] == [
        ("Old name", "Cardiology", "monitoring")
    ]
    one = reader.get(story.then(f"/api/v1/ai-systems/{story.system.reference}")).json()
    assert (one["purpose"], one["custom"], one["version"]) == ("Sorting letters", {"code": "4711"}, 1)
    assert reader.get(story.then(f"/api/v1/ai-systems/{story.later.pk}")).status_code == 404
    with acting(SETUP):
        Vendor.objects.bulk_create([Vendor(name=f"Vendor {n}") for n in range(3)])
        _token, key = ApiToken.issue(auditor, "sync", timezone.now() + timedelta(days=1))
    path = f"/as-of/{asof.written(clock())}/api/v1/vendors?limit=2"
    bearer = {"Authorization": f"Bearer {key}"}
    body = Client().get(path, headers=bearer).json()
    assert body["next"].startswith("http://testserver" + path.partition("?")[0])
    rest = Client().get(body["next"], headers=bearer).json()
    assert {one["name"] for one in body["results"] + rest["results"]} == {"Vendor 0", "Vendor 1", "Vendor 2"}
    assert Client().get(path).status_code == 401


# Addresses


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("2026-01-02", "2026-01-02T23:59:59.999999Z"),
        ("2026-01-02T03:04", "2026-01-02T03:04:00Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500000Z"),
        ("2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T01:00:00+02:00", "2026-01-01T23:00:00Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("2026-01-02T03:04:05Z", ""),
    ],
)
def test_an_instant_has_one_address(given: str, canonical: str, reader: Client) -> None:
    response = reader.get(f"/as-of/{given}/vendors/?q=a&q=b%20c")
    if canonical:
        assert response["Location"] == f"/as-of/{canonical}/vendors/?q=a&q=b%20c"
        response = reader.get(response["Location"])
    assert response.status_code == 200
    assert reader.get(f"/as-of/{given}")["Location"] == f"/as-of/{canonical or given}/"


def test_the_date_of_today_means_now(reader: Client) -> None:
    before = timezone.now().replace(microsecond=0)
    answer = reader.get(f"/as-of/{before.astimezone(UTC):%Y-%m-%d}/")["Location"]
    assert before <= asof.parse(answer.split("/")[2]) <= timezone.now()


@pytest.mark.parametrize(
    "bad", ["yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "2026-01-01T25:00Z", "20260101", "2026-W01-1",
            "0001-01-01T00:00:00+10:00", "9999-12-31", "2999-01-01T00:00:00Z", "<script>", "x" * 5000]
)  # fmt: skip
def test_what_is_no_instant_of_the_past_is_refused_in_words(bad: str, reader: Client) -> None:
    why = "has not happened yet" if bad.startswith(("9999", "2999")) else "is not a date or a time"
    response = reader.get(f"/as-of/{bad}/vendors/")
    assert response.status_code == 400
    page = response.content.decode()
    assert why in page
    assert "<script>" not in page
    assert '<input type="hidden" name="to" value="/vendors/">' in page
    response = reader.get(f"/as-of/{bad}/api/v1/vendors")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert why in response.json()["detail"]


def test_an_address_that_is_not_there(reader: Client) -> None:
    at = "/as-of/2026-01-02T03:04:05Z"
    for path in (f"{at}{at}/vendors/", f"{at}/nothing/", f"{at}/vendors/VEN-999999/", f"{at}/static/x.css"):
        assert reader.get(path).status_code == 404, path
    assert reader.get(f"{at}/vendors")["Location"] == f"{at}/vendors/"


def test_people_who_are_not_logged_in_come_back_after_it(client: Client, story: Story) -> None:
    for path in ("/vendors/", "/login/", "/nothing/", "/"):
        response = client.get(story.then(path))
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=/as-of/2")
    assert client.get("/as-of/nonsense/")["Location"] == "/login/?next=/as-of/nonsense/"


def test_under_a_mount_point(reader: Client, story: Story) -> None:
    page = text_of(reader.get(story.then("/vendors/"), SCRIPT_NAME="/muster"))
    assert f'href="/muster{story.then(f"/vendors/{story.gone.reference}/")}"' in page
    assert 'href="/muster/vendors/">Back to now' in page
    assert '<input type="hidden" name="to" value="/vendors/">' in page
    answer = reader.get("/as-of/2026-01-02/vendors/", SCRIPT_NAME="/muster")
    assert answer["Location"] == "/muster/as-of/2026-01-02T23:59:59.999999Z/vendors/"
    assert "/as-of/" not in reader.get("/vendors/").content.decode().replace('"/as-of/', "")


def test_files_of_the_site_are_not_those_of_the_past(reader: Client, story: Story) -> None:
    page = text_of(reader.get(story.then("/")))
    assert set(re.findall(r'(?:src|href)="([^"]*)static/', page)) == {"/"}


# Looking, and nothing else


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_the_past_cannot_be_changed(method: str, client: Client, editor: User, story: Story) -> None:
    client.force_login(editor)
    path = story.then(f"/ai-systems/{story.system.reference}/edit/")
    response = getattr(client, method)(path, {"name": "x"}, content_type="application/json")
    assert response.status_code == 409
    assert "Nothing was changed" in text_of(response)
    assert 'href="/"' in text_of(response)
    response = getattr(client, method)(story.then("/api/v1/vendors"), {}, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert response.json()["present"] == "/api/v1/vendors"


def test_logging_out_works_and_is_sent_again(client: Client, editor: User, story: Story) -> None:
    client.force_login(editor)
    response = client.post(story.then("/logout/"))
    assert (response.status_code, response["Location"]) == (307, "/logout/")


@pytest.mark.parametrize(
    "path", ["/jobs/", "/packs/", "/packs/new/", "/frameworks/", "/administration/fields/", "/vendors/new/",
             "/vendors/import/", "/logout/", "/login/", "/healthz", "/readyz"]
)  # fmt: skip
def test_what_has_no_past_is_not_shown_as_if(path: str, client: Client, administrator: User, story: Story) -> None:
    client.force_login(administrator)
    response = client.get(story.then(path))
    assert response.status_code == 409
    assert f'href="{path}">Open this page as it is now' in text_of(response)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.EDITOR])
def test_every_link_of_a_page_of_the_past_leads_to_the_past_or_says_that_it_does_not(
    role: str, client: Client, make_user: Callable[..., User]
) -> None:
    with acting(SETUP):
        for register in registers():
            if not register.model.objects.exists():
                create(register.model)
    story = Story()
    client.force_login(make_user("rita", role))
    waiting, seen = [story.then("/")], set()
    while waiting:
        address = waiting.pop()
        if urlsplit(address).path in seen:
            continue
        seen.add(urlsplit(address).path)
        response = client.get(address)
        assert response.status_code == 200, address
        if "html" not in response["Content-Type"] or "/pick/" in address:
            continue
        page = text_of(response)
        assert page.count('class="asof"') == 1, address
        main = page.partition("<main")[2]
        assert not re.search(r'method="post"', main), address
        now = {urlsplit(link).path for link in re.findall(r'href="([^"]+)">Back to now', page)}
        for link in re.findall(r'(?:href|action|hx-get)="(/[^"]*)"', page):
            path = urlsplit(link).path
            if path.startswith("/static/") or path in now | {"/as-of/", story.then("/logout/")}:
                continue
            if re.match("/as-of/[0-9]", path) and not path.startswith(story.then("/")):  # another moment of the past
                assert path in seen or client.get(path).status_code == 200, f"{link} on {address}"
                seen.add(path)
                continue
            assert path.startswith(story.then("/")), f"{link} on {address}"
            waiting.append(link.partition("#")[0])
    assert len(seen) > 60


def test_what_one_may_not_see_today_one_may_not_see_then(
    client: Client, outsider: User, make_user: Callable[..., User], story: Story
) -> None:
    client.force_login(outsider)
    record = f"/ai-systems/{story.system.reference}/"
    for path, status in {"/ai-systems/": 403, record: 404, record + "history/": 404, "/search/?q=old": 403,
                         "/ai-systems/export.csv": 403, "/api/v1/ai-systems": 403, "/as-of/": 403}.items():  # fmt: skip
        assert client.get(story.then(path)).status_code == status, path
    assert "Old name" not in text_of(client.get(story.then("/")))
    client.force_login(make_user("new", Role.VIEWER))  # who has come since
    assert client.get(story.then(record)).status_code == 200
    assert client.get(story.then("/ai-systems/export.csv")).status_code == 403


# The way there


def test_a_form_leads_to_the_past_of_the_page_one_is_on(reader: Client, story: Story) -> None:
    page = text_of(reader.get("/vendors/?q=gone"))
    assert '<input type="hidden" name="to" value="/vendors/?q=gone">' in page
    answer = reader.get("/as-of/", {"day": "2026-01-02", "time": "03:04", "to": "/vendors/?q=gone"})
    assert answer["Location"] == "/as-of/2026-01-02T03:04:00Z/vendors/?q=gone"
    assert reader.get("/as-of/", {"day": "2026-01-02", "time": ""})["Location"].endswith(".999999Z/")
    for to in ("//evil.example/", "https://evil.example/", "/jobs/", "/nothing/", "/as-of/", "/api/v1/vendors", "x"):
        answer = reader.get("/as-of/", {"day": "2026-01-02", "to": to})
        assert answer["Location"] == "/as-of/2026-01-02T23:59:59.999999Z/", to
    answer = reader.get(story.then("/as-of/"), {"day": "2026-01-02", "to": "/vendors/"})
    assert answer["Location"] == "/as-of/2026-01-02T23:59:59.999999Z/vendors/"


@pytest.mark.parametrize(
    ("given", "says"),
    [({"day": "2999-01-01"}, "has not happened yet"), ({"day": ""}, "required"), ({"day": "x"}, "valid date"),
     ({"day": "2026-01-01", "time": "25:00"}, "valid time")],
)  # fmt: skip
def test_the_form_says_what_is_wrong(given: dict[str, str], says: str, reader: Client) -> None:
    response = reader.get("/as-of/", given)
    assert response.status_code == 400
    assert says in text_of(response)
    assert "There is a problem" in text_of(response)
