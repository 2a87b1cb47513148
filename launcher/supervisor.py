"""Children that are kept running: started, watched, restarted with patience, stopped in order."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .errors import LaunchError, Say, StopRequested, tail
from .instance import read_json, write_json
from .processes import birth, end_stranger, signal_quietly

FIRST_DELAY, LONGEST_DELAY, HEALTHY_AFTER = 0.5, 30.0, 30.0
PATIENCE = 20.0  # how long a child may take to stop by itself; a worker finishes its task in this time
DEATHS_BEFORE_GIVING_UP = 3  # counts only while starting; later we never give up
_TICK = 0.1


@dataclass
class Child:
    """One program that must keep running. One with a way of its own to stop is stopped after the others."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    stop_last: Callable[[subprocess.Popen[bytes]], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    delay: float = FIRST_DELAY
    started: float = 0.0
    due: float = 0.0

    def launch(self) -> None:
        """Start it now."""
        self.process = self.start()
        self.started = time.monotonic()

    def note_death(self) -> None:
        """Decide when to start it again: soon after a long life, later and later after short ones."""
        now = time.monotonic()
        if now - self.started >= HEALTHY_AFTER:
            self.delay, self.deaths = FIRST_DELAY, 0
        self.deaths += 1
        self.due = now + self.delay
        self.delay = min(self.delay * 2, LONGEST_DELAY)
        self.process = None


@dataclass
class Supervisor:
    """Watches children in one thread: Linux tells a child about its parent's death per thread, not per process."""

    children_file: Path
    say: Say
    children: list[Child] = field(default_factory=list)
    _stopping: bool = False
    _interruptible: bool = False

    def listen(self) -> None:
        """Take SIGTERM, SIGINT and SIGHUP as the request to stop everything."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: object) -> None:
        already, self._stopping = self._stopping, True
        if self._interruptible and not already:
            raise StopRequested

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Around waiting: a request to stop ends it at once. Elsewhere it waits until the step is done."""
        if self._stopping:
            raise StopRequested
        self._interruptible = True
        try:
            yield
        finally:
            self._interruptible = False

    def end_leftovers(self) -> bool:
        """End children that outlived an earlier supervisor; a process is known by number and time of birth."""
        found = False
        for name, kept in read_json(self.children_file).items():
            pid, born = int(kept["pid"]), str(kept["birth"])
            if birth(pid) == born:
                self.say(f"Ending {name} of an earlier start (process {pid}).")
                end_stranger(pid, born, seconds=PATIENCE)
                found = True
        self.children_file.unlink(missing_ok=True)
        return found

    def add(self, child: Child) -> None:
        """Start a child (unless it runs already) and keep it running from now on."""
        if child.process is None:
            child.launch()
        self.children.append(child)
        self._remember()

    def _remember(self) -> None:
        living = {child.name: child.process.pid for child in self.children if child.process and not child.stop_last}
        record = {name: {"pid": pid, "birth": birth(pid)} for name, pid in living.items()}
        write_json(self.children_file, record)

    def tick(self) -> None:
        """Look after every child once."""
        changed = False
        for child in self.children:
            if child.process is None:
                if time.monotonic() >= child.due:
                    child.launch()
                    changed = True
                continue
            code = child.process.poll()
            if code is None:
                continue
            signal_quietly(child.process.pid, signal.SIGKILL, group=True)  # its helpers would hold ports and tasks
            delay = FIRST_DELAY if time.monotonic() - child.started >= HEALTHY_AFTER else child.delay
            self.event(f"{child.name} ended ({_reason(code)}); starting it again in {delay:g} s.")
            child.note_death()
            changed = True
        if changed:
            self._remember()

    def event(self, line: str) -> None:
        """Tell something that happened by itself, with the time."""
        self.say(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {line}")

    def rest(self, seconds: float = _TICK) -> None:
        """Wait a moment."""
        with self.interruptible():
            time.sleep(seconds)

    def check_start(self) -> None:
        """Fail at once if a child cannot get going, with its own last words."""
        for child in self.children:
            if child.deaths >= DEATHS_BEFORE_GIVING_UP:
                raise LaunchError(f"{child.name} does not stay up. The end of {child.log}:\n{tail(child.log)}")

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while True:
            self.tick()
            self.rest()

    def stop(self) -> None:
        """Ask all children to end, and after a while make them; what they stand on is stopped last."""
        self._stopping = True
        ordinary = [child for child in self.children if not child.stop_last]
        living = [child.process for child in ordinary if child.process and child.process.poll() is None]
        for process in living:
            signal_quietly(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while any(process.poll() is None for process in living) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in ordinary:
            if child.process is None:
                continue
            if child.process.poll() is None:
                self.event(f"{child.name} did not end within {PATIENCE:g} s; it is killed.")
            signal_quietly(child.process.pid, signal.SIGKILL, group=True)
            child.process.wait()
        for child in self.children:
            if child.stop_last and child.process:
                child.stop_last(child.process)
        self.children.clear()
        self.children_file.unlink(missing_ok=True)


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
