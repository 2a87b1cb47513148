"""Starting, recognizing and ending operating-system processes."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import LaunchError, StopRequested, say

_PR_SET_PDEATHSIG = 1
LINUX: bool = sys.platform.startswith("linux")
_LIBC = ctypes.CDLL(None) if LINUX else None
_STARTTIME_FIELD = 19  # of /proc/PID/stat, counted after the command's closing parenthesis


@dataclass(frozen=True)
class Account:
    """The unprivileged user that PostgreSQL runs as when we are root (it refuses to run as root)."""

    uid: int
    gid: int
    name: str

    @classmethod
    def of_uid(cls, uid: int) -> "Account":
        """The account with this number; PostgreSQL's programs need it to have a name."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise LaunchError(f"User number {uid} has no name on this machine; PostgreSQL needs one.") from None
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    @classmethod
    def for_postgres(cls) -> "Account | None":
        """Whom to run PostgreSQL as: ourselves (None), unless we are root."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return cls.of_uid(pwd.getpwnam(name).pw_uid)
        raise LaunchError("PostgreSQL cannot run as root and there is neither a user postgres nor nobody.")

    def can_enter(self, directory: Path) -> bool:
        """Whether this user can really reach a directory: tried, not deduced from permission bits."""
        probe = run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)], account=self)
        return probe.returncode == 0


def _before_exec(death_signal: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, death_signal)

    return ask_for_signal


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path,
    account: Account | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a long-running process in its own process group, its output appended to a log.

    Its own group keeps the terminal's Ctrl-C away from it, so that we decide the order of stopping. On
    Linux it is told when we die, so that kill -9 of the supervisor leaves nothing running.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_before_exec(death_signal),  # noqa: PLW1509 (we have a single thread)
        )


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    account: Account | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end with its output caught; the caller judges the exit code."""
    return subprocess.run(
        command,
        env=env,
        cwd=cwd or Path("/"),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def run_foreground(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Run a command that owns the terminal and return its exit code, seeing it out when interrupted.

    The terminal sends Ctrl-C to the command as well, so at first we only wait for it to finish tidily.
    """
    with subprocess.Popen(command, env=env, cwd=cwd) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            try:
                process.wait(15)
            except (KeyboardInterrupt, subprocess.TimeoutExpired):
                process.kill()
            raise
        except StopRequested:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return code if code >= 0 else 128 - code


def raise_on_termination() -> None:
    """Let SIGTERM and SIGHUP unwind the stack, instead of ending us with a cluster left behind."""

    def handler(_number: int, _frame: object) -> None:
        raise StopRequested

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGHUP, handler)


def birth(pid: int) -> str | None:
    """When a living process started, as an opaque text; None if there is none.

    A process number alone may have been given to somebody else meanwhile; with its birth it is an identity.
    """
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[_STARTTIME_FIELD]
    answer = run(["ps", "-o", "lstart=", "-p", str(pid)])
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def command_line(pid: int) -> list[str]:
    """The words a living process was started with."""
    if LINUX:
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        return []
    return run(["ps", "-ww", "-o", "command=", "-p", str(pid)]).stdout.split()


def signal_quietly(pid: int, number: int, *, group: bool = False) -> None:
    """Send a signal to a process or to its group; that it is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def wait_gone(pid: int, born: str, seconds: float) -> bool:
    """Wait for a process that is not our child to end."""
    deadline = time.monotonic() + seconds
    while birth(pid) == born:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def end_stranger(pid: int, born: str, *, polite: int = signal.SIGTERM, seconds: float = 20) -> None:
    """End a process that an earlier supervisor left behind, first politely."""
    signal_quietly(pid, polite)
    if not wait_gone(pid, born, seconds):
        say(f"Process {pid} of an earlier start did not end by itself; it is killed.")
        signal_quietly(pid, signal.SIGKILL, group=True)
        wait_gone(pid, born, 5)
