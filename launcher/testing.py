"""`./muster test` and `bench`: the same environment against a PostgreSQL that is thrown away afterwards."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from . import REPOSITORY, doctor, environment
from .database import choose_programs
from .environment import Environment
from .errors import say, warn
from .instance import Instance
from .postgres import Cluster
from .processes import LINUX, Account, raise_on_termination, run_foreground
from .roles import SUPERUSER

_CHOICES_OF_DISTRIBUTION = ("-n", "--numprocesses", "--pdb", "--trace", "-pno:xdist")


def test(instance: Instance, arguments: list[str]) -> int:
    """Run the tests, on all processors unless told otherwise; the exit code is pytest's."""
    full = "--full" in arguments
    arguments = [argument for argument in arguments if argument != "--full"]
    if not doctor.has_chromium():
        line = doctor.packages_line(doctor.CHROMIUM.packages)
        warn(f"WITHOUT CHROMIUM ALL BROWSER TESTS ARE SKIPPED. To run them: {line}")
    command = ["-m", "pytest", *([] if _chooses_distribution(arguments) else ["-n", str(_processors())])]
    return _run(instance, [*command, *arguments], {"MUSTER_FULL": "1"} if full else {}, durable=False)


def bench(instance: Instance, arguments: list[str]) -> int:
    """Run the measurements, with the database as durable as a real one so that the numbers are honest."""
    return _run(instance, ["-m", "bench", *arguments], {}, durable=True)


def _run(instance: Instance, command: list[str], extra: dict[str, str], *, durable: bool) -> int:
    python = environment.ensure(environment.DEVELOPMENT, instance.directory, say)
    raise_on_termination()
    with _throw_away(instance, python, durable=durable) as addresses:
        env = python.variables() | addresses | extra
        return run_foreground([str(python.python), *command], env=env, cwd=REPOSITORY)


@contextmanager
def _throw_away(instance: Instance, python: Environment, *, durable: bool) -> Iterator[dict[str, str]]:
    """A cluster and a data directory that are gone afterwards, or the server of TEST_DATABASE_URL."""
    with temporary_directory() as directory:
        data = directory / "data"
        data.mkdir(mode=0o700)
        env = {
            "SECRET_KEY": "test-" + "0123456789" * 5,
            "PROBE_KEY": "test-probe-key",
            "MUSTER_DATA": str(data),
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        outside = os.environ.get("TEST_DATABASE_URL")
        if outside:
            migrate = os.environ.get("TEST_MIGRATE_DATABASE_URL") or outside
            superuser = os.environ.get("TEST_SUPERUSER_DATABASE_URL") or migrate
            yield env | _addresses(outside, migrate, superuser)
            return
        cluster = Cluster(directory / "postgres", directory / "postgres.json", Account.for_postgres(), throw_away=True)
        cluster.use(choose_programs(cluster, python, instance.directory, say), durable=durable)
        owner, app, superuser = (secrets.token_urlsafe(24) for _ in range(3))
        with cluster.running(directory / "postgres.log", lambda _line: None):
            cluster.set_up_roles(owner, app, superuser=superuser, createdb=True)
            yield env | _addresses(
                cluster.url("muster_app", app),
                cluster.url("muster_owner", owner),
                cluster.url(SUPERUSER, superuser, "postgres"),
            )


def _addresses(app: str, owner: str, superuser: str) -> dict[str, str]:
    return {"DATABASE_URL": app, "MIGRATE_DATABASE_URL": owner, "SUPERUSER_DATABASE_URL": superuser}


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory that PostgreSQL's user can pass through, which root's own one for temporary files may not be."""
    account = Account.for_postgres()
    parent = Path(tempfile.gettempdir())
    if account and not account.can_enter(parent):
        parent = Path("/tmp")
    directory = Path(tempfile.mkdtemp(prefix="muster-test-", dir=parent))
    try:
        if account:
            directory.chmod(0o711)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _chooses_distribution(arguments: list[str]) -> bool:
    pairs = pairwise(arguments)
    single = any(
        argument.startswith(_CHOICES_OF_DISTRIBUTION) and not argument.startswith("--no") for argument in arguments
    )
    return single or ("-p", "no:xdist") in pairs


def _processors() -> int:
    if LINUX:
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
