"""`./muster manage`: Django's commands in the instance's environment, against its data."""

import time

from . import REPOSITORY, environment
from .database import Database, choose_database, variables
from .environment import Environment
from .errors import LaunchError, warn
from .instance import Instance
from .processes import raise_on_termination, run_foreground

_PATIENCE = 60.0


def manage(instance: Instance, arguments: list[str]) -> int:
    """Run one command. The private PostgreSQL is used as it runs, or runs for as long as the command does."""
    instance.create()
    python = environment.ensure(environment.RUNTIME, instance.directory, warn)
    database = choose_database(instance, python, warn)
    if database.cluster is None:
        return _run(instance, python, database, arguments)
    if instance.lock.acquire("manage"):
        raise_on_termination()
        with database.running(warn):
            return _run(instance, python, database, arguments)
    with instance.database_lock.shared():
        _wait_for_server(database)
        return _run(instance, python, database, arguments)


def _run(instance: Instance, python: Environment, database: Database, arguments: list[str]) -> int:
    env = variables(instance, python, database)
    return run_foreground([str(python.python), "manage.py", *arguments], env=env, cwd=REPOSITORY)


def _wait_for_server(database: Database) -> None:
    """The holder of the lock is starting the server or has done so; its port is read again until it answers."""
    cluster = database.cluster
    deadline = time.monotonic() + _PATIENCE
    while cluster is not None and cluster.serving() is None:
        if time.monotonic() > deadline:
            raise LaunchError("The database is being started or stopped by another command; try again.")
        time.sleep(0.1)
    if cluster is not None:
        cluster.reload()
