"""Every kind of page, in light and dark, wide and narrow: nothing for axe, nothing in the console, no overflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page

from inventory.models import AISystem, DataFlow, Document, OrganizationUnit, SystemVersion, Vendor
from portal.access.models import User
from portal.jobs.models import Job, JobState
from portal.records.models import CustomField, ExternalId
from portal.records.register import registers
from tests.browser.conftest import Site
from tests.factories import create

WIDTHS = (1440, 390, 320)
HOSTILE = "<script>alert(1)</script>\"'&{{ 7|add:1 }} "
LONG = ("Early-warning-and-deterioration-score " * 5)[:180].strip()
ENDLESS = "x" * 180
# Best practices included; what a page may not break is in WCAG 2.2 AA.
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def filled(site: Site) -> dict[str, str]:
    """One row of every register, and some that are hard to show. Its value: words for addresses."""
    with site.rows():
        CustomField.objects.create(register="ai-systems", key="cost_center", label="Cost center")
        CustomField.objects.create(register="ai-systems", key="link", label="Wiki", kind="link")
        unit = create(OrganizationUnit, name=HOSTILE + "unit")
        full = create(
            AISystem,
            name=LONG,
            purpose="It sorts.\n\nIt never decides.",
            unit=unit,
            stage="monitoring",
            health_data="yes",
            topic=ENDLESS[:100],
            next_review_on=date(2026, 1, 1),
            tags=["a tag", "another"],
            custom={"cost_center": ENDLESS, "link": "https://example.org/" + ENDLESS},
        )
        bare = create(AISystem, name=HOSTILE + "system", unit=unit, purpose="")
        create(AISystem, name=ENDLESS, unit=unit)
        vendor = create(Vendor, name=LONG)
        create(DataFlow, system=full, vendor=vendor, health_data="yes")
        create(SystemVersion, system=full)
        create(Document, attached_to=full.reference, name=ENDLESS[:150], url="https://example.org/")
        ExternalId.objects.create(
            register="ai-systems",
            record_id=full.pk,
            source="cmdb",
            key=ENDLESS,
            as_imported={"A column": HOSTILE, ENDLESS: ENDLESS},
            row_number=7,
        )
        for register in registers():
            if not register.model.objects.exists():
                create(register.model)
        full.topic = "Changed"
        full.custom = {"cost_center": "1"}
        full.save()
        helen = User.objects.get(username="helen")
        jobs = {}
        for state in JobState.values:
            job = Job.objects.create(
                kind="import", title=f"Check of {ENDLESS}.csv", requested_by=helen, requested_name="Helen Okafor",
                state=state, stage="Checking rows", done=3, total=10, started_at=timezone.now(),
                error=ENDLESS if state == JobState.FAILED else "",
                params={"register": "ai-systems", "dry_run": True},
            )  # fmt: skip
            job.lines.create(message=ENDLESS)
            jobs[state] = str(job.pk)
        field = CustomField.objects.get(key="cost_center")
        User.objects.create_user("olive", "a long pass phrase", full_name="Olive " + "N" * 80)
    site.passwords["olive"] = "a long pass phrase"
    return {"full": full.reference, "bare": bare.reference, "field": str(field.pk)} | jobs


PAGES = {
    "home": "/",
    "list": "/ai-systems/",
    "list, filtered": "/ai-systems/?stage=monitoring&risk_class__isnull=true&q=early&compact=1",
    "list, all columns": "/vendors/?columns=name&columns=legal_name&columns=notes&columns=updated_at&columns=tags",
    "list, no results": "/vendors/?q=nothinglikethis",
    "record": "/ai-systems/{full}/",
    "record, hardly anything known": "/ai-systems/{bare}/",
    "history": "/ai-systems/{full}/history/",
    "form, new": "/ai-systems/new/",
    "form, edit": "/ai-systems/{full}/edit/",
    "import": "/ai-systems/import/",
    "import, failed": "/ai-systems/import/{failed}/",
    "import, canceled": "/ai-systems/import/{canceled}/",
    "jobs": "/jobs/",
    "job": "/jobs/{succeeded}/",
    "job, running": "/jobs/{running}/",
    "search": "/search/?q=early",
    "search, nothing found": "/search/?q=nothinglikethis",
    "not found": "/ai-systems/SYS-999999/",
    "not allowed": "/administration/fields/",
    "packs": "/packs/",
    "new pack": "/packs/new/",
    "frameworks": "/frameworks/",
}


def inspect(page: Page) -> list[str]:
    """What axe finds in light and dark, and the widths at which the page is wider than the window."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        results = Axe().run(page, options=OPTIONS)
        for violation in results.response["violations"]:
            nodes = "; ".join(f"{n['html'][:120]} {n.get('failureSummary', '')[:200]}" for n in violation["nodes"][:3])
            found.append(f"{scheme}: {violation['id']}: {nodes}")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide in a window of {width}")
    return found


def policy_of(page: Page, address: str) -> str:
    answer = page.goto(address)
    assert answer is not None
    return answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_used_by_everyone(name: str, filled: dict[str, str], log_in: Callable[..., Page]) -> None:
    page = log_in("helen")
    policy = policy_of(page, PAGES[name].format(**filled))
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert inspect(page) == []


@pytest.mark.parametrize(
    "address", ["/administration/fields/", "/administration/fields/new/", "/administration/fields/{field}/"]
)
def test_an_administrators_page(address: str, filled: dict[str, str], log_in: Callable[..., Page]) -> None:
    page = log_in("ada")
    page.goto(address.format(**filled))
    assert inspect(page) == []


def test_a_person_without_any_role(filled: dict[str, str], log_in: Callable[..., Page]) -> None:
    page = log_in("olive")
    page.goto("/")
    assert page.get_by_role("heading", name="You have no role yet").is_visible()
    assert inspect(page) == []


def test_the_log_in_page(site: Site, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/login/")
    assert inspect(page) == []
    page.get_by_label("User name").fill("helen")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").wait_for()
    assert inspect(page) == []


def test_pages_that_follow_an_action(filled: dict[str, str], log_in: Callable[..., Page]) -> None:
    """Errors at their fields, open panels, matching columns."""
    page = log_in("helen")
    page.goto("/ai-systems/new/")
    page.get_by_label("Unit").fill("No such unit")
    page.get_by_role("button", name="Register an AI system").click()
    page.get_by_role("alert").first.wait_for()
    assert inspect(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})

    page.goto("/ai-systems/?stage=monitoring")
    page.get_by_text("Add filter").click()
    assert inspect(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_text("Columns", exact=True).click()
    assert inspect(page) == []

    text = f"Name,{ENDLESS},Unit\n{HOSTILE.replace(',', '')},{ENDLESS},x\n"
    page.goto("/ai-systems/import/")
    page.get_by_label("File").set_input_files(
        {"name": f"{ENDLESS}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Check this file").click()
    page.get_by_role("heading", name="Match the columns").wait_for()
    assert inspect(page) == []
    page.get_by_role("button", name="Check this file").click()
    page.get_by_text("Errors in the file").wait_for(timeout=30_000)
    assert inspect(page) == []
