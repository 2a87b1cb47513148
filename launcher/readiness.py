"""Asking the running portal whether it answers and whether its worker does tasks."""

import http.client
import time

from .errors import LaunchError, tail
from .supervisor import Supervisor

_PATIENCE = 90.0


def wait_ready(supervisor: Supervisor, *, host: str, port: int, probe_key: str) -> None:
    """Wait for the portal to answer, and for one task to go through the worker and back.

    A child that keeps dying ends the waiting at once.
    """
    deadline = time.monotonic() + _PATIENCE
    web_answers = False
    last = "no answer"
    while time.monotonic() < deadline:
        supervisor.tick()
        supervisor.check_start()
        with supervisor.interruptible():
            if not web_answers:
                status, last = _ask(host, port, "GET", "/readyz", {}, seconds=5)
                web_answers = status == http.client.OK
            if web_answers:
                headers = {"X-Probe-Key": probe_key}
                status, last = _ask(host, port, "POST", "/readyz/roundtrip", headers, seconds=20)
                if status == http.client.OK:
                    return
        supervisor.rest()
    what = "the worker did no task" if web_answers else "the portal does not answer"
    log = next((child.log for child in supervisor.children if child.name == "web"), None)
    if web_answers:
        log = next((child.log for child in supervisor.children if child.name == "worker-default"), log)
    end = f"\nThe end of {log}:\n{tail(log)}" if log else ""
    raise LaunchError(f"After {_PATIENCE:g} s {what} ({last}).{end}")


def _ask(host: str, port: int, method: str, path: str, headers: dict[str, str], *, seconds: float) -> tuple[int, str]:
    """One request without any proxy between; status 0 if there was no answer."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error) or type(error).__name__
    finally:
        connection.close()
    return response.status, f"{path}: {response.status} {body}"
