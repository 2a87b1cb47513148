"""`./muster up` and `down`: from an empty checkout to an address with log-ins, and back."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import REPOSITORY, daemon, doctor, environment
from .database import Database, choose_database, variables
from .environment import Environment
from .errors import LaunchError, Say, StopRequested, say, tail
from .instance import Instance, read_json, schema_fingerprint, write_json
from .postgres import Cluster, free_port, stop
from .processes import spawn
from .readiness import wait_ready
from .supervisor import Child, Supervisor
from .table import login_lines

DEFAULT_PORT = 8000
_STOPPING_TAKES = 90.0
_CELERY = ["-m", "celery", "-A", "portal"]


@dataclass(frozen=True)
class Options:
    """What `up` was asked for."""

    instance: Instance
    port: int | None
    host: str
    empty: bool
    detach: bool


def up(options: Options) -> int:
    """Start the instance: in the foreground until it is stopped, or as a daemon until it is ready."""
    instance = options.instance
    instance.create()
    if not instance.lock.acquire("up"):
        return _already_running(options)
    Supervisor(instance.children_file, say).end_leftovers()
    port = _claim(options.host, DEFAULT_PORT if options.port is None else options.port)
    doctor.install_missing(say, python_venv=not environment.can_make_environments())
    python = environment.ensure(environment.RUNTIME, instance.directory, say)
    start = Start(options, port, python, choose_database(instance, python, say))
    if options.detach:
        return daemon.detach(instance, start.serve)
    return start.serve(say, lambda: say("Press Ctrl-C to stop."))


def down(instance: Instance) -> int:
    """Stop the instance, or what a crash left of it."""
    if not instance.directory.exists() or instance.lock.acquire("down"):
        left = instance.directory.exists() and _end_leftovers(instance)
        say("Stopped what an earlier start had left behind." if left else "Nothing is running.")
        return 0
    pid, purpose = instance.lock.holder()
    if purpose != "up":
        raise LaunchError(f"./muster {purpose} is using {instance.directory} (process {pid}); wait for it to end.")
    say("Stopping …")
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError:
        raise LaunchError("Muster was started by another user; stop it as that user.") from None
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + _STOPPING_TAKES
    while not instance.lock.acquire("down"):
        if time.monotonic() > deadline:
            raise LaunchError(f"Process {pid} has not ended after {_STOPPING_TAKES:g} s.")
        time.sleep(0.1)
    say("Muster is stopped.")
    return 0


def _end_leftovers(instance: Instance) -> bool:
    children = Supervisor(instance.children_file, say).end_leftovers()
    instance.instance_file.unlink(missing_ok=True)
    if not instance.postgres_file.exists():
        return children
    return Cluster.of(instance.directory, instance.postgres_file, say).end_leftover() or children


def _already_running(options: Options) -> int:
    pid, purpose = options.instance.lock.holder()
    running = read_json(options.instance.instance_file)
    if purpose != "up":
        raise LaunchError(
            f"./muster {purpose} is using {options.instance.directory} (process {pid}); wait for it to end."
        )
    if running.get("pid") != pid:
        raise LaunchError(f"Muster is just being started or stopped (process {pid}); try again in a moment.")
    for line in [f"Muster already runs at {running['url']}", *login_lines(running)]:
        say(line)
    if options.port is not None and options.port != running.get("port"):
        raise LaunchError(f"To move it to port {options.port}, stop it first: ./muster down")
    return 0


def _claim(host: str, port: int) -> int:
    """The port to use, free at this moment; 0 asks for any."""
    if port == 0:
        return free_port()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise LaunchError(f"Port {port} is reserved for root; choose one above 1023 with --port.") from None
        except OSError as error:
            raise LaunchError(
                f"Port {port} on {host} is taken or cannot be used ({error.strerror}); "
                f"choose another: ./muster up --port {port + 1}"
            ) from None
    return port


@dataclass(frozen=True)
class Start:
    """One start: what was found out before, and the steps that remain."""

    options: Options
    port: int
    python: Environment
    database: Database

    @property
    def instance(self) -> Instance:
        return self.options.instance

    @property
    def url(self) -> str:
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self.port}/"

    def serve(self, tell: Say, ready: Callable[[], None]) -> int:
        """Bring everything up, tell the address, and watch until asked to stop."""
        supervisor = Supervisor(self.instance.children_file, tell)
        supervisor.listen()
        try:
            self._bring_up(supervisor, tell)
            ready()
            supervisor.watch()
        except StopRequested:
            tell("Stopping …")
        finally:
            self.instance.instance_file.unlink(missing_ok=True)
            supervisor.stop()
            if self.database.cluster:
                self.database.cluster.clear_socket_directory()
        tell("Muster is stopped.")
        return 0

    def _bring_up(self, supervisor: Supervisor, tell: Say) -> None:
        if self.database.cluster:
            self._start_postgres(self.database.cluster, supervisor, tell)
        env = variables(self.instance, self.python, self.database, self.options.host)
        self._prepare(supervisor, env, tell)
        for name, arguments in self._programs().items():
            command = [str(self.python.python), *arguments]
            log = self.instance.log(name)
            supervisor.add(Child(name, partial(spawn, command, env=env, log=log, cwd=REPOSITORY), log))
        tell("Waiting for the portal and its worker …")
        wait_ready(supervisor, host=self.options.host, port=self.port, probe_key=env["PROBE_KEY"])
        self._announce(tell)

    def _start_postgres(self, cluster: Cluster, supervisor: Supervisor, tell: Say) -> None:
        log = self.instance.log("postgres")
        cluster.prepare(tell)
        tell(f"Starting PostgreSQL {cluster.programs.version} …")
        process = cluster.start(log, tell)
        supervisor.add(Child("postgres", partial(cluster.spawn, log), log, stop, process, started=time.monotonic()))
        self.database.set_up_roles()

    def _programs(self) -> dict[str, list[str]]:
        address = self.url.removeprefix("http://").rstrip("/")
        worker = [*_CELERY, "worker", "--loglevel=INFO"]
        schedule = str(self.instance.directory / "beat-schedule")
        return {
            "web": ["-m", "gunicorn", "portal.wsgi:application", "-c", "portal/gunicorn.py", "-b", address],
            # Two at a time: a long import must not keep the ledger waiting.
            "worker-default": [*worker, "-c", "2", "-Q", "default", "-n", "default@muster"],
            "worker-packs": [*worker, "-c", "1", "-Q", "packs", "-n", "packs@muster"],
            "beat": [*_CELERY, "beat", "-s", schedule, "--pidfile=", "--loglevel=INFO"],
        }

    def _prepare(self, supervisor: Supervisor, env: dict[str, str], tell: Say) -> None:
        """Migrate and fill the database, unless both were done for exactly this code and this database."""
        schema = schema_fingerprint(self.database.identity)
        content = f"{schema} {'empty' if self.options.empty else 'sample'}"
        if not self.instance.stamped("migrated", schema):
            tell("Migrating the database …")
            self._manage(supervisor, env, "migrate", "--no-input")
            self.instance.stamp("migrated", schema)
        users = self.instance.users_file
        if not self.instance.stamped("prepared", content) or not users.exists():
            tell("Preparing the instance …" if self.options.empty else "Preparing the sample organization …")
            empty = ["--empty"] if self.options.empty else []
            self._manage(supervisor, env, "prepare_instance", *empty, "--users-file", str(users))
            users.chmod(0o600)
            self.instance.stamp("prepared", content)

    def _manage(self, supervisor: Supervisor, env: dict[str, str], *arguments: str) -> None:
        log = self.instance.log(arguments[0])
        command = [str(self.python.python), "manage.py", *arguments]
        process = spawn(command, env=env, log=log, cwd=REPOSITORY)
        try:
            with supervisor.interruptible():
                code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
        if code:
            raise LaunchError(f"manage.py {arguments[0]} failed. The end of {log}:\n{tail(log)}")

    def _announce(self, tell: Say) -> None:
        kept = read_json(self.instance.users_file)
        facts = {
            "url": self.url,
            "port": self.port,
            "pid": os.getpid(),
            "database_url": self.database.url,
            "migrate_database_url": self.database.migrate_url,
            "users": kept.get("users", []),
            "api_token": kept.get("api_token", ""),
        }
        write_json(self.instance.instance_file, facts)
        for line in [f"Muster runs at {self.url}", *login_lines(facts)]:
            tell(line)
