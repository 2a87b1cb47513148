"""Two people at once, hands on the keyboard only, and a browser without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from inventory.models import AISystem, OrganizationUnit
from tests.browser.conftest import Site
from tests.factories import create


@pytest.fixture
def system(site: Site) -> str:
    """A system of its own for each test. Its value is the reference."""
    with site.rows():
        unit, _made = OrganizationUnit.objects.get_or_create(name="Cardiology")
        return str(create(AISystem, name="Ward pager", purpose="Pages the ward.", unit=unit).reference)


def test_nobody_overwrites_a_change_unseen(system: str, log_in: Callable[..., Page]) -> None:
    mine, theirs = log_in("helen"), log_in("tomas")
    for page in (mine, theirs):
        page.goto(f"/ai-systems/{system}/edit/")
    theirs.get_by_label("Topic").fill("Nursing")
    theirs.get_by_role("button", name="Save changes").click()
    expect(theirs.get_by_role("status").filter(has_text="Saved.")).to_be_visible()

    mine.get_by_label("Intended purpose").fill("Pages the ward and the night desk.")
    mine.get_by_role("button", name="Save changes").click()
    conflict = mine.get_by_role("alert").filter(
        has_text="Dr Tomas Lindqvist changed this record while you were editing"
    )
    expect(conflict).to_contain_text("Nursing")
    expect(mine.get_by_label("Intended purpose")).to_have_value("Pages the ward and the night desk.")
    mine.get_by_label("Topic").fill("Nursing")
    mine.get_by_label("Why?").fill("The night desk asked for it.")
    mine.get_by_role("button", name="Save changes").click()
    expect(mine.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(mine.get_by_text("Pages the ward and the night desk.")).to_be_visible()


FOCUSED = """() => {
  const element = document.activeElement;
  return (element.labels?.[0] ?? element).innerText?.trim() || element.getAttribute("aria-label") || "";
}"""


def tab_to(page: Page, words: str, limit: int = 90) -> None:
    """Press Tab until what has the focus is called this."""
    seen = []
    for _press in range(limit):
        page.keyboard.press("Tab")
        seen.append(str(page.evaluate(FOCUSED)))
        if re.match(words, seen[-1]):
            return
    raise AssertionError(f"Tab never came to {words}: {seen}")


def test_the_keyboard_alone_is_enough(site: Site, system: str, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/login/")
    expect(page.get_by_label("User name")).to_be_focused()  # from the start
    page.keyboard.type("tomas")
    page.keyboard.press("Tab")
    page.keyboard.type(site.passwords["tomas"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome, Tomas")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Skip to content"
    tab_to(page, "AI systems$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="AI systems")).to_be_visible()

    # A panel opens, and Escape closes it and gives the focus back.
    for summary, inside in (("Add filter", "Show"), ("Columns", "Show these")):
        tab_to(page, summary)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=inside, exact=True)).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name=inside, exact=True)).to_be_hidden()
        assert page.evaluate(FOCUSED) == summary

    # "/" searches everything; a reference finds its record.
    page.keyboard.press("/")
    page.keyboard.type("ward pag")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search for")).to_be_visible()
    tab_to(page, "Ward pager")  # a result
    page.keyboard.press("/")
    page.keyboard.type(system)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ward pager")).to_be_visible()
    tab_to(page, "Edit$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Edit Ward pager")).to_be_visible()
    tab_to(page, "Topic")
    page.keyboard.type("Alarm")
    tab_to(page, "Unit")
    page.keyboard.press("Control+a")
    page.keyboard.type("Cardi")
    expect(page.locator("#id_unit-options option")).to_have_count(1)
    page.keyboard.type("ology")
    tab_to(page, "Save changes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(page.get_by_text("Alarm")).to_be_visible()


def test_everything_essential_works_without_javascript(
    site: Site, system: str, open_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto(f"/ai-systems/{system}/")
    page.get_by_label("User name").fill("helen")
    page.get_by_label("Password").fill(site.passwords["helen"])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Ward pager")).to_be_visible()  # where the link led

    page.goto("/ai-systems/")
    page.get_by_label("Find in this list").fill("pager")
    page.get_by_label("Find in this list").press("Enter")
    expect(page.get_by_role("rowheader").first).to_contain_text("Ward pager")
    page.locator("summary", has_text="Add filter").click()
    page.get_by_role("group", name="Stage").get_by_label("Retirement").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="No results")).to_be_visible()
    page.get_by_role("link", name="Remove filter Stage: Retirement").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("Ward pager")

    page.goto(f"/ai-systems/{system}/edit/")
    page.get_by_label("Name", exact=False).first.fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    page.get_by_label("Name", exact=False).first.fill("Ward pager, renamed")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("heading", name="Ward pager, renamed")).to_be_visible()

    page.goto("/organization-units/import/")
    path = tmp_path / "units.csv"
    path.write_text("Name,Remark\nOncology,new\n")
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_role("heading", name="Match the columns")).to_be_visible()
    page.get_by_role("button", name="Check this file").click()
    page.wait_for_url("**/organization-units/import/*/")
    for _look in range(60):  # nothing updates itself here: one loads the page again
        again = page.get_by_role("link", name="Look again")
        if not again.is_visible():
            break
        page.wait_for_timeout(250)
        again.click()
    expect(page.get_by_role("main")).to_contain_text("Ready to import")
    page.get_by_role("button", name="Import this row").click()
    page.goto("/jobs/")
    expect(page.get_by_role("rowheader").first).to_contain_text("units.csv")
