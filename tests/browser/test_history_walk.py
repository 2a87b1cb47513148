"""History as people use it: a change that is asked why, its timeline, two versions side by side, the way back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from inventory.models import AISystem, OrganizationUnit, RoleAssignment
from portal.records.models import ExternalId
from tests.browser.conftest import Site
from tests.browser.test_every_page import ENDLESS, HOSTILE, inspect
from tests.factories import create

PURPOSE = "Pages the nurse in charge when a patient on the ward gets worse, at night and by day."


@pytest.fixture
def system(site: Site) -> str:
    """A system with an owner, known elsewhere. Its value is the reference."""
    with site.rows():
        unit, _made = OrganizationUnit.objects.get_or_create(name="Cardiology")
        made = create(AISystem, name="Ward pager", purpose=PURPOSE, unit=unit, topic="Nursing")
        create(RoleAssignment, system=made, person_name="Dana Whitfield", role="business_owner")
        ExternalId.objects.create(register="ai-systems", record_id=made.pk, source="CMDB", key=str(made.reference))
        return str(made.reference)


def test_from_the_edit_to_the_way_back(system: str, log_in: Callable[..., Page]) -> None:
    page = log_in("tomas")
    page.goto(f"/ai-systems/{system}/edit/")
    page.get_by_label("Intended purpose").fill(PURPOSE.replace("at night and by day", "by day"))
    page.get_by_label("Topic").fill("Wards")
    page.get_by_role("button", name="Save changes").click()

    # Asked why: what was typed stays, and the summary leads to the reason.
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("A change of this needs a reason: Intended purpose.")
    expect(page.get_by_label("Topic")).to_have_value("Wards")
    problem.get_by_role("link", name="Why?").click()
    expect(page.get_by_label("Why?")).to_be_focused()
    page.get_by_label("Why?").fill("The night desk has a pager of its own.")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()

    # The timeline: the change, and the people around it.
    page.get_by_role("link", name="History", exact=True).click()
    change = page.get_by_role("listitem").filter(has_text="Version 2")
    expect(change).to_contain_text("Dr Tomas Lindqvist changed intended purpose and topic")
    expect(change).to_contain_text("in the browser")
    expect(change).to_contain_text("The night desk has a pager of its own.")
    expect(change.locator("del").first).to_have_text("at night and")
    expect(page.get_by_role("list", name="").filter(has_text="Dana Whitfield").first).to_be_visible()
    page.get_by_role("link", name="This record").click()
    expect(page.get_by_text("Dana Whitfield")).to_have_count(0)

    # All that one request did; back; two versions side by side.
    page.get_by_role("listitem").filter(has_text="Version 2").get_by_role(
        "link", name="All changes made by this request"
    ).click()
    expect(page.get_by_role("heading", name="Changes", exact=True)).to_be_visible()
    expect(page.get_by_text("1 change, all there is")).to_be_visible()
    page.go_back()
    page.get_by_label("Compare version").fill("1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="2 facts differ")).to_be_visible()
    assert page.url.endswith("/history/diff/?from=1&to=2")
    expect(page.get_by_role("row").filter(has_text="Topic")).to_contain_text("Wards")
    expect(page.get_by_text("Cardiology")).to_be_hidden()
    page.get_by_text("are the same in both").click()
    expect(page.get_by_text("Cardiology")).to_be_visible()

    # The way back, and why.
    page.get_by_role("link", name="Restore version 1").click()
    expect(page.get_by_role("heading", name="2 facts go back to what they were")).to_be_visible()
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why this version is restored.")
    page.get_by_label("Why?").fill("The pager of the night desk was returned.")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_role("status").filter(has_text="Version 1 is restored, as version 3.")).to_be_visible()
    newest = page.get_by_role("listitem").filter(has_text="Version 3")
    expect(newest).to_contain_text("Restored version 1: The pager of the night desk was returned.")


def test_the_change_log_by_filters_and_its_file(system: str, log_in: Callable[..., Page]) -> None:
    page = log_in("helen")
    page.goto(f"/ai-systems/{system}/edit/")
    page.get_by_label("Topic").fill("Alarm")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Changes").click()
    page.get_by_text("Add filter").click()
    page.get_by_label("Who").fill("Helen Okafor")
    page.get_by_label("What", exact=True).select_option(label="AI systems")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.url.endswith("/changes/?person=Helen+Okafor&register=ai-systems"), page.url
    expect(page.get_by_role("link", name="Remove filter Who: Helen Okafor")).to_be_visible()
    page.get_by_text("Add filter").click()
    page.get_by_label("Field").select_option(label="Topic")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Helen Okafor changed topic").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("Ledger entry,")
    assert "Topic: Nursing → Alarm" in lines[1]
    page.get_by_role("link", name=re.compile("Remove filter Field")).click()
    page.get_by_role("link", name="Clear all").click()
    assert page.url.endswith("/changes/?")


def test_all_of_it_without_javascript(site: Site, system: str, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto(f"/ai-systems/{system}/edit/")
    page.get_by_label("User name").fill("helen")
    page.get_by_label("Password").fill(site.passwords["helen"])
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Autonomy").select_option(label="Human in the loop")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a reason: Autonomy")
    page.get_by_label("Why?").fill("Seen on the ward")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_role("link", name="History", exact=True).click()
    page.locator("summary", has_text="One kind").click()
    page.get_by_role("link", name="Role assignments").click()
    expect(page.get_by_role("listitem").filter(has_text="registered role assignment")).to_be_visible()
    page.get_by_role("link", name="This record").click()
    page.get_by_role("link", name="Restore version 1").click()
    page.get_by_label("Why?").fill("Not seen after all")
    page.get_by_role("button", name="Restore version 1").click()
    expect(page.get_by_text("Restored version 1: Not seen after all")).to_be_visible()
    page.goto("/changes/")
    page.locator("summary", has_text="Add filter").click()
    page.get_by_label("From where").select_option(label="In the browser")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("From where: in the browser")).to_be_visible()


def test_being_asked_why_can_be_used_by_everyone(system: str, log_in: Callable[..., Page]) -> None:
    # A page that nobody listens to: one that is looked at for long says of its font that it came from elsewhere.
    page = log_in("helen").context.new_page()
    page.goto(f"/ai-systems/{system}/edit/")
    page.get_by_label("Autonomy").select_option(label="Human on the loop")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_role("alert").wait_for()
    assert inspect(page) == []


@pytest.fixture(scope="module")
def hard(site: Site) -> str:
    """A system whose history is hard to show. Its value is the reference."""
    with site.rows():
        unit = create(OrganizationUnit, name=HOSTILE + ENDLESS[:150])
        made = create(AISystem, name=ENDLESS, purpose=ENDLESS * 3, unit=unit, tags=["a tag", ENDLESS[:60]])
        create(RoleAssignment, system=made, person_name=HOSTILE)
        ExternalId.objects.create(register="ai-systems", record_id=made.pk, source=ENDLESS[:90], key=ENDLESS)
        made.topic, made.purpose, made.autonomy = ENDLESS[:100], HOSTILE * 9, "in_the_loop"
        made.save()
        made.name, made.tags, made.problem, made.outputs, made.kind = HOSTILE, [], HOSTILE, ENDLESS, "other"
        made.save()
        return str(made.reference)


@pytest.mark.parametrize(
    "address",
    [
        "/ai-systems/{}/history/",
        "/ai-systems/{}/history/?show=external-ids",
        "/ai-systems/{}/history/?before=1",
        "/ai-systems/{}/history/diff/?from=1&to=3",
        "/ai-systems/{}/history/1/restore/",
        "/changes/",
        "/changes/?register=ai-systems&from=2026-01-01&request=" + ENDLESS,
        "/changes/?from=never",
        "/changes/?source=nowhere&register=ai-systems&person=" + HOSTILE.replace("&", "%26").replace(" ", "+"),
    ],
)
def test_every_page_of_history_can_be_used_by_everyone(address: str, hard: str, log_in: Callable[..., Page]) -> None:
    page = log_in("helen")
    answer = page.goto(address.format(hard))
    assert answer is not None
    assert "unsafe" not in answer.headers["content-security-policy"]
    for summary in page.locator(".event details > summary, .fold > summary").all()[:8]:
        summary.click()
    assert inspect(page) == []
