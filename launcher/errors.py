"""Failures that a person can act on, and the way progress is told."""

import sys
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]


class LaunchError(Exception):
    """A foreseeable failure: its message is one sentence that says what to do, and is shown alone."""


class StopRequested(BaseException):
    """SIGTERM, SIGHUP or Ctrl-C as an exception, so that waiting ends and clean-up runs."""


def say(line: str) -> None:
    """Tell progress at once, also when the output is a pipe."""
    print(line, flush=True)


def warn(line: str) -> None:
    """Tell something that must not be lost in redirected output."""
    print(f"muster: {line}", file=sys.stderr, flush=True)


def tail(path: Path, lines: int = 15) -> str:
    """The end of a log, for a message about why something stopped."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
