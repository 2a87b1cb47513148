"""A private PostgreSQL cluster: one data directory, one port on the loopback address, two roles."""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from .binaries import SHARED_HOME, Programs
from .errors import LaunchError, Say, tail
from .instance import read_json, write_json
from .processes import Account, birth, command_line, end_stranger, run, spawn
from .roles import SUPERUSER, setup_sql

_LONGEST_SOCKET_DIRECTORY = 80  # the kernel allows about 100 bytes, and the file name needs 20 of them
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """PostgreSQL for one instance, run as an unprivileged user and reachable from this machine only."""

    def __init__(self, home: Path, state: Path, account: Account | None, *, throw_away: bool = False) -> None:
        self.home = home
        self.data = home / "data"
        self.account = account
        self._state_file = state
        self._throw_away = throw_away
        self._settings: dict[str, str] = {}
        self._sockets = Path()
        self._programs: Programs | None = None
        self.port, self.identity = 0, ""
        self.reload()

    def reload(self) -> None:
        """Read again what was written down last; another command may have moved it to another port."""
        kept = read_json(self._state_file)
        self.port = int(kept.get("port", 0))
        self.identity = str(kept.get("identity", ""))

    @classmethod
    def of(cls, directory: Path, state: Path, say: Say) -> "Cluster":
        """The cluster of an instance: in its data directory, unless PostgreSQL's user cannot get there."""
        kept = read_json(state).get("home")
        home = Path(str(kept)) if kept else directory / "postgres"
        account = Account.for_postgres()
        if account is not None:
            with contextlib.suppress(FileNotFoundError):
                owner = (home / "data").stat().st_uid
                account = Account.of_uid(owner) if owner else account
            if not kept and not account.can_enter(directory):
                name = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
                home = SHARED_HOME / name
                say(f"User {account.name} cannot enter {directory}; the database is kept in {home}.")
        return cls(home, state, account)

    @property
    def major(self) -> int | None:
        """The major version that made the data; None if there are no data yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except PermissionError:
            raise LaunchError(f"{self.home} belongs to another user; start Muster as that user.") from None

    def use(self, programs: Programs, *, durable: bool = True) -> None:
        """Decide which programs run it, and whether the data must survive a power cut."""
        self._programs = programs
        self._settings = {} if durable else _NOT_DURABLE

    @property
    def programs(self) -> Programs:
        if self._programs is None:
            raise LaunchError("No PostgreSQL was chosen.")
        return self._programs

    def prepare(self, say: Say) -> None:
        """Make the data directory if there is none, and clear away what a crash left behind."""
        if self.major is None:
            say(f"Making a PostgreSQL {self.programs.version} cluster in {self.home} …")
            self._initialize()
        self.end_leftover()
        if not self.port or not _is_free(self.port):
            self.port = free_port()
        self._choose_socket_directory()
        self._save()

    def _initialize(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self.home.parent == SHARED_HOME:
            SHARED_HOME.chmod(0o755)
        self.home.chmod(0o700)
        if self.account:
            os.chown(self.home, self.account.uid, self.account.gid)
        draft = self.home / "data.new"
        command = [self.programs.path("initdb"), "-D", str(draft), "--username", SUPERUSER, "--encoding=UTF8"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums", "--no-instructions"]
        command += ["--no-sync"] if self._throw_away else []
        result = None
        for locale in self._locales():
            shutil.rmtree(draft, ignore_errors=True)
            result = run([*command, *locale, "--lc-messages=C"], env=self._variables(), account=self.account)
            if result.returncode == 0:
                break
        if result is None or result.returncode:
            said = "" if result is None else result.stdout.strip()
            raise LaunchError(f"initdb could not make a cluster in {self.home}:\n{said}")
        draft.rename(self.data)
        self.identity = secrets.token_hex(8)

    def _locales(self) -> list[list[str]]:
        """The same order of text everywhere: by code point, with Unicode's letters and cases."""
        if self.programs.major >= 17:  # noqa: PLR2004 (the version that brought the builtin provider)
            return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        return [["--locale=C.UTF-8"], ["--locale=C"]]

    def _variables(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(self.home)}

    def _choose_socket_directory(self) -> None:
        """A directory that only PostgreSQL's user can enter, which is why the socket asks for no password."""
        directory = self.home / "run"
        plain = all(character.isalnum() or character in "/._-" for character in str(directory))
        if plain and len(os.fsencode(directory)) <= _LONGEST_SOCKET_DIRECTORY:
            directory.mkdir(exist_ok=True)
        else:
            directory = Path(tempfile.mkdtemp(prefix="muster-", dir="/tmp"))
        directory.chmod(0o700)
        if self.account:
            os.chown(directory, self.account.uid, self.account.gid)
        self._sockets = directory

    def _save(self) -> None:
        state = {"home": str(self.home), "port": self.port, "identity": self.identity}
        write_json(self._state_file, state | {"major": self.programs.major, "programs": str(self.programs.directory)})

    def spawn(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the server. SIGINT is its "fast" shutdown, which does not wait for clients."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "log_destination": "stderr",
            "logging_collector": "off",
            **self._settings,
        }
        command = [self.programs.path("postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return spawn(
            command,
            env=self._variables(),
            log=log,
            cwd=Path("/"),
            account=self.account,
            death_signal=signal.SIGINT,
        )

    def start(self, log: Path, say: Say) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers; on a port that was taken meanwhile, on another."""
        for attempt in range(3):
            beginning = log.stat().st_size if log.exists() else 0
            process = self.spawn(log)
            try:
                if self.wait_ready(process):
                    return process
            except BaseException:
                stop(process)
                raise
            with log.open(errors="replace") as stream:
                stream.seek(beginning)
                said = stream.read()
            if "could not bind" not in said or attempt == 2:  # noqa: PLR2004 (the last attempt)
                break
            self.port = free_port()
            self._save()
            say(f"PostgreSQL's port was taken; trying {self.port}.")
        stop(process)
        raise LaunchError(f"PostgreSQL does not start. The end of {log}:\n{tail(log)}")

    def wait_ready(self, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
        """Wait until the server takes connections; it says so in its own process file."""
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            if self._ready_process() == process.pid:
                return True
            time.sleep(0.03)
        return False

    def serving(self) -> int | None:
        """The number of the server process if one is ready on these data."""
        pid = self._postmaster()
        return pid if pid is not None and pid == self._ready_process() else None

    def _ready_process(self) -> int | None:
        lines = self._process_file()
        ready = len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 (the line's place)
        return int(lines[0]) if ready else None

    def _process_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError:
            raise LaunchError(f"{self.home} belongs to another user; start Muster as that user.") from None

    def _postmaster(self) -> int | None:
        """The living server on these data, if any. After a crash the file may name somebody else's process."""
        lines = self._process_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        if birth(pid) is None:
            return None
        return pid if str(self.data) in command_line(pid) else None

    def end_leftover(self) -> bool:
        """Stop a server that outlived its supervisor, and drop a process file that no server holds."""
        pid = self._postmaster()
        if pid is not None:
            end_stranger(pid, birth(pid) or "", polite=signal.SIGINT)
        with contextlib.suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()
        return pid is not None

    def set_up_roles(self, owner: str, app: str, *, superuser: str | None = None, createdb: bool = False) -> None:
        """Bring roles and database into the state they must have, whatever they are now."""
        command = [self.programs.path("psql"), "-X", "-q", "-h", str(self._sockets), "-p", str(self.port)]
        sql = setup_sql(owner, app, superuser=superuser, createdb=createdb)
        result = run(
            [*command, "-U", SUPERUSER, "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env={**self._variables(), "PGCONNECT_TIMEOUT": "20"},
            stdin=sql,
        )
        if result.returncode:
            raise LaunchError(f"PostgreSQL's roles could not be set up:\n{result.stdout.strip()}")

    def url(self, role: str, password: str, database: str = "muster") -> str:
        """How a role reaches the cluster."""
        return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def clear_socket_directory(self) -> None:
        """Remove a socket directory that was made for one run only."""
        if self._sockets.parent == Path("/tmp"):
            shutil.rmtree(self._sockets, ignore_errors=True)

    @contextlib.contextmanager
    def running(self, log: Path, say: Say) -> Iterator[None]:
        """The server for as long as a block runs."""
        self.prepare(say)
        process = self.start(log, say)
        try:
            yield
        finally:
            stop(process)
            self.clear_socket_directory()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Shut a server down: fast, then at once, then by force."""
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def free_port() -> int:
    """A port on the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
