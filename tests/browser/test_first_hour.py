"""A new user's first hour: an empty register, a file with a mistake, the mended file, an edit and its history."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Site

HEADER = "Name,Intended purpose,Stage,Unit,Went live\n"
GOOD = (
    "Chest X-ray triage,Sorts chest images so that urgent ones are read first.,Monitoring,Radiology,2025-03-01\n"
    "Bed demand forecast,Forecasts how many beds are needed tomorrow.,Development,Radiology,\n"
)
WRONG = "Discharge drafts,Drafts the discharge letter.,Monitoring,Radiology,2026-02-31\n"
MENDED = WRONG.replace("2026-02-31", "2026-02-28")


def upload(page: Page, text: str) -> None:
    """Give the file, match its columns as suggested, and send it to be checked."""
    payload: FilePayload = {"name": "systems.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("File").set_input_files(payload)
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_role("heading", name="Match the columns")).to_be_visible()
    for column, field in (("Name", "name"), ("Unit", "unit"), ("Went live", "live_on"), ("Stage", "stage")):
        expect(page.get_by_label(column, exact=True)).to_have_value(field)
    page.get_by_role("button", name="Check this file").click()
    # From here on the page changes by itself: a reload would lose this mark.
    page.evaluate("window.mark = 'the same page'")


def unloaded(page: Page) -> bool:
    return bool(page.evaluate("window.mark") != "the same page")


def test_the_first_hour(site: Site, log_in: Callable[..., Page]) -> None:
    page = log_in("helen")
    page.goto("/")
    expect(page.get_by_role("heading", name="Welcome, Helen")).to_be_visible()
    expect(page.get_by_role("heading", name="The register is empty")).to_be_visible()

    # A unit first, by its form.
    page.goto("/organization-units/")
    page.get_by_role("link", name="Register an organization unit").click()
    page.get_by_role("button", name="Register an organization unit").click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.click()
    expect(page.get_by_label("Name", exact=False).first).to_be_focused()
    page.keyboard.type("Radiology")
    page.get_by_role("button", name="Register an organization unit").click()
    expect(page.get_by_role("status").filter(has_text="is registered")).to_be_visible()

    # The file with its mistake: named by row and column.
    page.goto("/")
    page.get_by_role("link", name="Import your inventory").click()
    upload(page, HEADER + GOOD + WRONG)
    expect(page.get_by_text("Errors in the file")).to_be_visible(timeout=30_000)
    assert not unloaded(page)
    problem = page.get_by_role("row").filter(has_text="Went live")
    expect(problem).to_contain_text("2026-02-31")
    expect(problem.get_by_role("rowheader")).to_have_text("4")

    # The mended file: checked, then written, each without a reload.
    page.get_by_role("link", name="Upload the mended file").click()
    upload(page, HEADER + GOOD + MENDED)
    expect(page.get_by_text("Ready to import")).to_be_visible(timeout=30_000)
    assert not unloaded(page)
    page.get_by_role("button", name="Import these 3 rows").click()
    page.evaluate("window.mark = 'the same page'")
    expect(page.get_by_text("Imported", exact=True)).to_be_visible(timeout=30_000)
    assert not unloaded(page)
    page.get_by_role("link", name="Open AI systems").click()

    # The list: found while typing, filtered with a chip, cleared.
    expect(page.get_by_text("1 to 3 of 3")).to_be_visible()
    page.get_by_label("Find in this list").fill("bed dem")
    expect(page.get_by_text("1 to 1 of 1")).to_be_visible()
    assert "q=bed" in page.url
    expect(page.get_by_label("Find in this list")).to_be_focused()
    page.get_by_role("link", name="Clear all").click()
    page.get_by_text("Add filter").click()
    page.get_by_role("group", name="Stage").get_by_label("Monitoring").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="Remove filter Stage: Monitoring")).to_be_visible()
    assert page.url.endswith("?stage=monitoring"), page.url
    expect(page.get_by_text("1 to 2 of 2")).to_be_visible()
    page.get_by_text("Add filter").click()
    page.get_by_role("combobox", name="Unit").press_sequentially("radi")
    expect(page.locator("#f-unit-options option")).to_have_count(1)
    page.get_by_role("combobox", name="Unit").fill("radiology")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="Remove filter Unit: Radiology")).to_be_visible()
    expect(page.get_by_text("1 to 2 of 2")).to_be_visible()

    # The record, an edit with its reason, and what history says of it.
    page.get_by_role("link", name="Chest X-ray triage").click()
    expect(page.get_by_role("heading", name="Chest X-ray triage")).to_be_visible()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Intended purpose").fill("Sorts chest and hand images so that urgent ones are read first.")
    page.get_by_label("Autonomy").select_option(label="Human in the loop")
    page.get_by_label("Why?").fill("Hand images since March")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.get_by_role("link", name="History", exact=True).click()
    change = page.get_by_role("listitem").filter(has_text="Version 2")
    expect(change).to_contain_text("Hand images since March")
    expect(change.locator("ins").first).to_have_text("and hand")
    expect(change.locator("dd").filter(has_text="Human in the loop")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="registered this")).to_contain_text("Imported from systems.csv")

    # Home tells the import in one line.
    page.goto("/")
    expect(page.get_by_role("region", name="Latest changes")).to_contain_text("Helen Okafor registered 3 AI systems")

    # The evidence pack: asked for, watched while the worker makes it, downloaded.
    page.goto("/packs/")
    page.get_by_role("link", name="New pack").click()
    page.get_by_label("What for").fill("Internal audit")
    page.get_by_role("button", name="Make the pack").click()
    expect(page.get_by_role("heading", name=re.compile("EU AI Act"))).to_be_visible()
    page.get_by_role("link", name="Open the result").click(timeout=90_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    assert download.value.suggested_filename.endswith(".pdf")
