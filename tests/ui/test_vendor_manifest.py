"""What is vendored is what the manifest says, and our templates hold nothing inline."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.ui.vocabulary import VOCABULARY

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
STYLES = ROOT / "static" / "muster"
MANIFEST: list[dict[str, str]] = json.loads((VENDOR / "MANIFEST.json").read_text())
# One folder for all apps; an app's own templates count as ours too.
TEMPLATES = sorted(
    path
    for folder in ("templates", "portal", "inventory", "governance", "operations", "reports")
    for path in (ROOT / folder).rglob("*.html")
)
INLINE = {
    "style attribute": re.compile(r"\sstyle\s*="),
    "style element": re.compile(r"<style\b"),
    "script without src": re.compile(r"<script\b(?![^>]*\ssrc=)"),
    "event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "javascript address": re.compile(r"javascript:"),
}
ICON = re.compile(r"{%\s*icon\s+[\"']([^\"']+)[\"']")


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_vendored_file_is_the_one_in_the_manifest(entry: dict[str, str]) -> None:
    content = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert entry["license"] in {"MIT", "OFL-1.1"}
    assert "copyright" in (VENDOR / entry["license_file"]).read_text().lower()


def test_nothing_is_vendored_without_an_entry() -> None:
    listed = {entry[key] for entry in MANIFEST for key in ("file", "license_file")} | {"MANIFEST.json"}
    assert {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()} == listed


@pytest.mark.parametrize("path", sorted([*VENDOR.glob("*.css"), *STYLES.glob("*.css")]), ids=lambda path: path.name)
def test_styles_ask_only_for_files_that_are_here(path: Path) -> None:
    css = path.read_text()
    assert "@import" not in css
    assert "sourceMappingURL" not in css
    addresses = re.findall(r"url\(\s*[\"']?([^\"')]+)", css)
    ours = [address for address in addresses if not address.startswith("data:")]
    assert [address for address in ours if not (path.parent / address).is_file()] == []


def inline_code(path: Path) -> Iterator[str]:
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    return (name for name, pattern in INLINE.items() if pattern.search(text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_has_nothing_inline(path: Path) -> None:
    assert list(inline_code(path)) == []


def test_every_icon_asked_for_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (STYLES / "icons.svg").read_text()))
    asked = {name for path in TEMPLATES for name in ICON.findall(path.read_text())}
    asked |= {state.icon for state in VOCABULARY.values()}
    assert asked - sprite == set()
