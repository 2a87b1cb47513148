"""Looking back: a record as it stood, everything around it as it stood, the way back; and the ledger's page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from inventory.models import AISystem, OrganizationUnit
from portal.ledger.sequencer import sequence
from tests.browser.conftest import Site
from tests.browser.test_every_page import inspect
from tests.conftest import using_database
from tests.factories import create


@pytest.fixture(scope="module")
def moved(site: Site) -> tuple[str, str]:
    """A system that was renamed and moved: its reference, and an instant between."""
    with site.rows():
        old = create(OrganizationUnit, name="Old clinic")
        made = create(AISystem, name="Ward pager", unit=old)
    between = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with site.rows():
        made.name, made.unit = "Night pager", create(OrganizationUnit, name="New clinic")
        made.save()
        OrganizationUnit.objects.filter(pk=old.pk).update(name="Clinic that was")
        create(AISystem, name="Came later")
    return str(made.reference), between


def test_a_record_and_all_around_it_as_it_stood(moved: tuple[str, str], log_in: Callable[..., Page]) -> None:
    reference, _between = moved
    page = log_in("helen")
    page.goto(f"/ai-systems/{reference}/history/")
    first = page.get_by_role("listitem").filter(has_text="registered this AI system")
    first.get_by_role("link", name="See it as it stood then").click()
    expect(page.get_by_role("heading", name="Ward pager", level=1)).to_be_visible()
    expect(page.get_by_text("Nothing can be changed here.")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    expect(page.get_by_role("link", name="Old clinic").first).to_be_visible()
    # Every link stays where one stands.
    page.get_by_role("navigation", name="Main").get_by_role("link", name="AI systems").click()
    assert "/as-of/" in page.url
    expect(page.get_by_role("link", name="Ward pager")).to_be_visible()
    expect(page.get_by_text("Came later")).to_have_count(0)
    page.get_by_role("link", name="Back to now").first.click()
    assert "/as-of/" not in page.url
    expect(page.get_by_text("Came later")).to_be_visible()
    expect(page.get_by_role("link", name="Night pager")).to_be_visible()


@pytest.mark.parametrize("address", ["/", "/ai-systems/", "/ai-systems/{}/", "/ai-systems/{}/history/", "/jobs/"])
def test_every_page_of_the_past_can_be_used_by_everyone(
    address: str, moved: tuple[str, str], log_in: Callable[..., Page]
) -> None:
    reference, between = moved
    page = log_in("helen").context.new_page()  # nobody listens to it: a refusal is an answer here
    page.goto(f"/as-of/{between}" + address.format(reference))
    assert inspect(page) == []


def test_the_ledgers_page_and_the_proof_of_a_change(
    site: Site, moved: tuple[str, str], log_in: Callable[..., Page]
) -> None:
    reference, _between = moved
    with site.unblock(), using_database(site.database):
        sequence()
    page = log_in("august")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Ledger").click()
    expect(page.get_by_role("heading", name="Ledger", level=1)).to_be_visible()
    expect(page.get_by_text(re.compile("— muster-"))).to_be_visible()
    assert inspect(page) == []
    page.goto(f"/ai-systems/{reference}/history/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Proof").first.click()
    proof = json.loads(download.value.path().read_text())
    assert proof["size"] > proof["index"] >= 0
    assert proof["checkpoint"].startswith("muster-")
