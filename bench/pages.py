"""How long pages take, through gunicorn and HTTP, at 1,000 and at 100,000 systems."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from portal.access.models import User

LISTS = {
    "list": "/ai-systems/",
    "sorted list": "/ai-systems/?sort=-next_review_on",
    "filtered list": "/ai-systems/?stage=monitoring&health_data=yes",
    "search": "/ai-systems/?q=sepsis+assist",
    "broad search": "/ai-systems/?q=imaging+assistant",
    "its last page": "/ai-systems/?q=imaging+assistant&page=100",
}
PAGES = {**LISTS, "home": "/", "API page": "/api/v1/ai-systems"}
ROUNDS = 40


def _session(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


@contextmanager
def _server() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    connection.close()
    url = os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + str(connection.settings_dict["NAME"])
    command = [
        sys.executable, "-m", "gunicorn", "portal.wsgi:application", "-c", "portal/gunicorn.py",
        "-b", f"127.0.0.1:{port}", "--log-level", "error", "--access-logfile", "/dev/null",
    ]  # fmt: skip
    environment = {**os.environ, "DATABASE_URL": url, "WEB_WORKERS": "1", "ALLOWED_HOSTS": "127.0.0.1"}
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(150):
            try:
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                client.request("GET", "/healthz")
                client.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def measure(user: User) -> dict[str, tuple[float, float]]:
    """Page → (p50, p95) in milliseconds, one client after another on one connection."""
    cookie = _session(user)
    results = {}
    with _server() as port:
        for name, path in PAGES.items():
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            times = []
            for turn in range(ROUNDS + 5):
                start = time.perf_counter()
                client.request("GET", path, headers={"Cookie": cookie})
                response = client.getresponse()
                body = response.read()
                if response.status != http.HTTPStatus.OK:
                    raise RuntimeError(f"{path} answered {response.status}: {body[:200]!r}")
                if turn >= 5:  # the first ones warm caches
                    times.append((time.perf_counter() - start) * 1000)
            times.sort()
            results[name] = (statistics.median(times), times[int(len(times) * 0.95) - 1])
    return results
