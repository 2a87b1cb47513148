"""A real Chromium before a real gunicorn, with a real Celery worker behind it, on a database of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from inventory.defaults import ensure_opening, ensure_risk_classes
from portal.access.demo import ensure_people
from portal.history.context import acting
from tests.conftest import SETUP, fresh_database, using_database

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 10_000  # milliseconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                reason = "NO BROWSER: chromium is not on the PATH, so no page was walked. apt-get install chromium"
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Site:
    """A running instance: where it is, who may log in, and its database for a test's own rows."""

    url: str
    database: str
    passwords: dict[str, str]
    unblock: Callable[[], Any]
    states: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def rows(self) -> Iterator[None]:
        """Write records from the test, as its set-up."""
        with self.unblock(), using_database(self.database), acting(SETUP):
            yield


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server did not start"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer in time")


@pytest.fixture(scope="module")
def site(
    chromium: Browser, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An instance without any record, as it is after the first start: people, risk classes, an opening balance."""
    data = tmp_path_factory.mktemp("muster")
    with ExitStack() as stack:
        name = stack.enter_context(fresh_database())
        port = _free_port()
        environment = {
            "DATABASE_URL": os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + name,
            "MUSTER_DATA": str(data),
            "WEB_WORKERS": "1",
            "LOG_LEVEL": "WARNING",
            "SECURE": "false",
            "ALLOWED_HOSTS": "127.0.0.1",
        }
        worker = ["celery", "--app", "portal", "worker", "-Q", "default,packs", "-c", "1", "-n", f"browser{port}@test"]
        stack.enter_context(_process(*worker, "--loglevel=WARNING", **environment))
        web = ["gunicorn", "-c", "portal/gunicorn.py", "-b", f"127.0.0.1:{port}", "--access-logfile", os.devnull]
        server = stack.enter_context(_process(*web, "portal.wsgi:application", **environment))
        with django_db_blocker.unblock(), using_database(name):
            people = ensure_people(data / "people.json")
            with acting(SETUP):
                ensure_risk_classes()
                ensure_opening()
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/healthz", server)
        passwords = {one["username"]: one["password"] for one in people["users"]}
        yield Site(url, name, passwords, django_db_blocker.unblock)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright's synchronous face keeps an event loop in this thread, in which Django would refuse to reach for its
    # database. Nothing here is asynchronous: the tests take turns with the browser. Other tests must not inherit the
    # permission, so the browser ends with its module.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Said(list[str]):
    """What the browser complained about. A page that is itself an error is no complaint."""

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        is_the_page = message.text.startswith("Failed to load resource") and not Path(message.location["url"]).suffix
        if not is_the_page:
            self.append(f"{message.text} ({message.location['url']})")


@pytest.fixture
def said() -> Iterator[Said]:
    """Fails the test if the browser had something to complain about."""
    complaints = Said()
    yield complaints
    assert complaints == []


@pytest.fixture
def open_context(chromium: Browser, site: Site) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser of one's own: `open_context(color_scheme="dark")`."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1440, "height": 900}, "base_url": site.url, "locale": "en-US"} | options
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def log_in(site: Site, said: Said, open_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """A page of a browser of one's own in which somebody is logged in. The log-in itself happens once a person."""

    def enter(username: str, **options: Any) -> Page:
        if username in site.states:
            context = open_context(storage_state=site.states[username], **options)
            page = context.new_page()
        else:
            context = open_context(**options)
            page = context.new_page()
            page.goto("/login/")
            page.get_by_label("User name").fill(username)
            page.get_by_label("Password").fill(site.passwords[username])
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/")
            site.states[username] = context.storage_state()
        said.listen(page)
        return page

    return enter
