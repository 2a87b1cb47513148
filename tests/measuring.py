"""Commands in a process of their own, with the seconds and the memory that they took."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The process tells its peak itself: what `wait4` reports begins with the memory of whoever forked it.
_COMMAND = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
with open("/proc/self/status") as status:
    print([line.split()[1] for line in status if line.startswith("VmHWM")][0])
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and MB at the most."""

    seconds: float
    megabytes: float


def manage(environment: dict[str, str], *arguments: str) -> Cost:
    """Run a command of manage.py. Fails with what it said if it fails. Linux only."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, *arguments],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return Cost(time.monotonic() - start, int(done.stdout.split()[-1]) / 1024)
