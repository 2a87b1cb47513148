"""What the machine itself must bring along, and the exact line that adds what is missing."""

import ctypes
import ctypes.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import Say
from .processes import run

_MANAGERS = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "apk": "apk add",
    "brew": "brew install",
}
_FONT_DIRECTORIES = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "/System/Library/Fonts",
    "/opt/homebrew/share/fonts",
)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Need:
    """One thing that a machine may lack."""

    name: str
    present: Callable[[], bool]
    packages: dict[str, list[str]]
    without: str
    required: bool = False


def _has_library(soname: str) -> bool:
    """Whether a shared library loads, asked the way WeasyPrint will: by loading it."""
    names = [soname]
    if sys.platform == "darwin":
        stem = soname.partition(".so")[0]
        names = [f"{prefix}/lib/{stem}.dylib" for prefix in ("/opt/homebrew", "/usr/local")]
        names += [ctypes.util.find_library(stem.removeprefix("lib")) or ""]
    for name in filter(None, names):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def _has_pango() -> bool:
    return _has_library("libpango-1.0.so.0") and _has_library("libpangoft2-1.0.so.0")


def _has_noto() -> bool:
    for directory in _FONT_DIRECTORIES:
        for _folder, _subfolders, names in os.walk(Path(directory).expanduser()):
            if any(name.startswith("Noto") for name in names):
                return True
    return bool(shutil.which("fc-list")) and "Noto" in run(["fc-list", ":", "family"]).stdout


def has_chromium() -> bool:
    """Whether a browser for the browser tests is here."""
    return any(shutil.which(name) for name in _CHROMIUM)


PDF_NEEDS = (
    Need(
        "Pango",
        _has_pango,
        {
            "apt-get": ["libpango-1.0-0", "libpangoft2-1.0-0"],
            "dnf": ["pango"],
            "apk": ["pango"],
            "brew": ["pango"],
        },
        "PDF reports cannot be made",
        required=True,
    ),
    Need(
        "HarfBuzz subsetter",
        lambda: _has_library("libharfbuzz-subset.so.0"),
        {"apt-get": ["libharfbuzz-subset0"], "dnf": ["harfbuzz"], "apk": ["harfbuzz"], "brew": ["harfbuzz"]},
        "PDF reports are slower and not the same byte for byte",
    ),
    Need(
        "Noto fonts",
        _has_noto,
        {
            "apt-get": ["fonts-noto-core"],
            "dnf": ["google-noto-sans-fonts"],
            "apk": ["font-noto"],
            "brew": ["--cask font-noto-sans"],
        },
        "PDF reports lack the letters of some scripts",
    ),
)
CHROMIUM = Need(
    "Chromium",
    has_chromium,
    {
        "apt-get": ["chromium", "libatomic1"],
        "dnf": ["chromium"],
        "apk": ["chromium"],
        "brew": ["--cask chromium"],
    },
    "./muster test skips the browser tests",
)

GO = Need(
    "Go and x/mod",
    lambda: bool(shutil.which("go")) and Path("/usr/share/gocode/src/golang.org/x/mod/sumdb").is_dir(),
    {"apt-get": ["golang-go", "golang-golang-x-mod-dev"]},
    "./muster test skips the check of the ledger by Go's own code",
)


def packages_line(packages: dict[str, list[str]]) -> str:
    """The line that installs packages with the package manager of this machine, ready to be copied."""
    manager = next((name for name in packages if shutil.which(name)), "apt-get")
    names = " ".join(packages.get(manager) or packages["apt-get"])
    sudo = "" if os.geteuid() == 0 or manager == "brew" else "sudo "
    return f"{sudo}{_MANAGERS[manager]} {names}"


def install_missing(say: Say, *, python_venv: bool) -> None:
    """Add what the PDF reports need. Only root on Debian or Ubuntu gets it installed; others get the line.

    Nothing here stops a start: all but the reports works without it.
    """
    missing = [need for need in PDF_NEEDS if not need.present()]
    packages = [package for need in missing for package in need.packages["apt-get"]]
    if python_venv:
        packages.append("python3-venv")
    if not packages:
        return
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        say(f"Installing Debian packages: {' '.join(packages)} …")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [apt, "install", "-y", "-q", "--no-install-recommends", *packages]
        for command in ([apt, "update", "-q"], install):
            result = run(command, env=quiet)
        if result.returncode == 0:
            return
        say("apt-get could not install them; its last words:")
        for line in result.stdout.strip().splitlines()[-3:]:
            say(f"    {line}")
    for need in missing:
        say(f"{need.name}: missing, so {need.without}. To add it: {packages_line(need.packages)}")


def examine(say: Say, *, postgres: str | None, embedded: bool, venv: bool, venv_line: str) -> int:
    """Tell for each thing whether it is there, and the line that adds it; 0 if the portal can run."""
    able = True

    def tell(name: str, state: str, note: str = "") -> None:
        say(f"{name:<20} {state:<8} {note}".rstrip())

    for need in (*PDF_NEEDS, CHROMIUM, GO):
        if need.present():
            tell(need.name, "OK")
            continue
        tell(need.name, "missing", f"{need.without}. To add it: {packages_line(need.packages)}")
        able = able and not need.required
    line = packages_line({"apt-get": ["postgresql"], "dnf": ["postgresql-server"], "brew": ["postgresql@17"]})
    if postgres:
        tell("PostgreSQL", "OK", postgres)
    elif embedded:
        tell("PostgreSQL", "OK", f"none here, the one from the Python package is used. To add one: {line}")
    else:
        tell("PostgreSQL", "missing", f"version 15 or newer is needed. To add it: {line}")
    if venv:
        tell("Python environments", "OK")
    else:
        tell("Python environments", "missing", f"To add them: {venv_line}")
    return 0 if able and venv and (postgres or embedded) else 1
