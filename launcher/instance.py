"""The data directory of one instance: its paths, secrets, stamps and locks."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import REPOSITORY
from .errors import LaunchError

_NOT_CODE = {"node_modules", "tests", "bench", "staticfiles", "__pycache__"}


class Instance:
    """Everything that one start keeps, below one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.expanduser().resolve()
        self.logs = self.directory / "logs"
        self.secrets_file = self.directory / "secrets.json"
        self.users_file = self.directory / "users.json"
        self.instance_file = self.directory / "instance.json"
        self.children_file = self.directory / "children.json"
        self.postgres_file = self.directory / "postgres.json"
        self.lock = Lock(self.directory / "lock")
        self.database_lock = Lock(self.directory / "database.lock")

    def create(self) -> None:
        """Make the directory. As root others may pass through it (PostgreSQL runs as another user), not list it."""
        try:
            if not self.directory.exists():
                self.directory.mkdir(parents=True)
                self.directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.logs.mkdir(exist_ok=True)
            self.logs.chmod(0o700)
        except OSError as error:
            raise LaunchError(
                f"Cannot write to {self.directory} ({error.strerror}); choose another directory with --data."
            ) from None

    def secrets(self) -> dict[str, str]:
        """The instance's own random secrets, made once; a missing one is added."""
        kept = read_json(self.secrets_file)
        wanted = ("SECRET_KEY", "PROBE_KEY", "owner_password", "app_password")
        missing = {name: secrets.token_urlsafe(48) for name in wanted if not kept.get(name)}
        if missing:
            write_json(self.secrets_file, {**kept, **missing})
        self.secrets_file.chmod(0o600)
        return {**kept, **missing}

    def log(self, name: str) -> Path:
        """Where a program's output goes; a long one is set aside, so that logs cannot grow for ever."""
        path = self.logs / f"{name}.log"
        with contextlib.suppress(OSError):
            if path.stat().st_size > 20_000_000:  # noqa: PLR2004 (bytes)
                path.replace(path.with_suffix(".log.1"))
        return path

    def stamped(self, name: str, value: str) -> bool:
        """Whether a step was last done for exactly this state of things."""
        try:
            return (self.directory / name).read_text().strip() == value
        except FileNotFoundError:
            return False

    def stamp(self, name: str, value: str) -> None:
        """Note that a step is done for this state of things."""
        (self.directory / name).write_text(value + "\n")


class Lock:
    """A lock file that the kernel releases when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, purpose: str) -> bool:
        """Take the lock for us alone and write down who holds it and why; False if it is held."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        self.describe(purpose)
        return True

    def describe(self, purpose: str) -> None:
        """Write down who holds the lock (a daemon does so again, having a new process number)."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "purpose": purpose}).encode(), 0)

    def release(self) -> None:
        """Give the lock up, if we hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> tuple[int, str]:
        """The process that wrote itself down last, and its purpose."""
        kept = read_json(self.path)
        return int(kept.get("pid", 0)), str(kept.get("purpose", ""))

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with others."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    def wait_for_others(self) -> None:
        """Wait until nobody shares the lock any more."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LaunchError(
                f"Cannot open {self.path} ({error.strerror}). Does {self.path.parent} belong to another user?"
            ) from None


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file; empty if there is none yet or a crash left it half written."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    except OSError as error:
        raise LaunchError(f"Cannot read {path} ({error.strerror}).") from None
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write an object so that only its owner can read it and nobody ever sees half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(content, stream, indent=2)
        stream.write("\n")
    draft.replace(path)


def schema_fingerprint(*also: str) -> str:
    """A hash over all that decides what the database looks like: migrations, SQL, versions and settings."""
    digest = hashlib.sha256("\0".join(also).encode())
    for path in sorted(_schema_files()):
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _schema_files() -> Iterator[Path]:
    yield from (path for path in [REPOSITORY / "requirements.lock"] if path.exists())
    for package in REPOSITORY.iterdir():
        if not package.is_dir() or not (package / "__init__.py").exists() or package.name in _NOT_CODE:
            continue
        for folder, subfolders, names in os.walk(package):
            subfolders[:] = [name for name in subfolders if name not in _NOT_CODE]
            here = Path(folder)
            for name in names:
                python = name.endswith(".py") and (here.name == "migrations" or name == "settings.py")
                if python or name.endswith(".sql") or (here.name == "settings" and name.endswith(".py")):
                    yield here / name
