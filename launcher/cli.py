"""The command line: verbs, their options, and one clear sentence for every failure."""

import argparse
import ipaddress
import os
import sys
import traceback
from pathlib import Path

from . import REPOSITORY, binaries, doctor, environment, manage, testing, up
from .errors import LaunchError, StopRequested, say, warn
from .instance import Instance

_INTERRUPTED = 130
_PASSED_ON = ("manage", "test", "bench")  # verbs whose arguments belong to another program


def main(arguments: list[str]) -> int:
    """Do what the command line says. Foreseeable failures end in a sentence; so do others, unless MUSTER_DEBUG=1."""
    try:
        return _dispatch(arguments)
    except LaunchError as error:
        warn(str(error))
    except (KeyboardInterrupt, StopRequested):
        warn("Interrupted.")
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 (a person at a terminal is not helped by a traceback)
        if os.environ.get("MUSTER_DEBUG") == "1":
            traceback.print_exc()
        else:
            warn(f"Unexpected: {type(error).__name__}: {error} (MUSTER_DEBUG=1 shows where)")
    return 1


def _dispatch(arguments: list[str]) -> int:
    if os.name != "posix":
        raise LaunchError("Linux or macOS is needed; on Windows use WSL or docker-compose.yml.")
    parser = _parser()
    before, verb, after = _split(arguments)
    if verb in _PASSED_ON:
        options = parser.parse_args([*before, verb])
        instance = _instance(options)
        if verb == "manage":
            return manage.manage(instance, after)
        return testing.test(instance, after) if verb == "test" else testing.bench(instance, after)
    options = parser.parse_args(arguments)
    if options.verb == "up":
        host = _loopback(options.host)
        return up.up(up.Options(_instance(options), options.port, host, options.empty, options.detach))
    if options.verb == "down":
        return up.down(_instance(options))
    return _doctor()


def _split(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    """What stands before the verb, the verb, and what stands after it."""
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] == "--data" else 1
    verb = arguments[position] if position < len(arguments) else ""
    return arguments[:position], verb, arguments[position + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./muster", description="Muster on one machine.")
    where = "where the instance keeps its data (default: $MUSTER_DATA, or var in the checkout)"
    parser.add_argument("--data", metavar="DIR", help=where)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    start = verbs.add_parser("up", help="install what is missing, start everything, print address and log-ins")
    start.add_argument("--port", type=_port, help=f"port of the portal (default: {up.DEFAULT_PORT}; 0: any)")
    start.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: 127.0.0.1)")
    start.add_argument("--empty", action="store_true", help="without the sample organization")
    start.add_argument("--detach", action="store_true", help="go to the background once everything is ready")
    stop = verbs.add_parser("down", help="stop everything")
    for verb in (start, stop):
        verb.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help=where)
    verbs.add_parser("manage", help="a command of manage.py against these data", add_help=False)
    verbs.add_parser("test", help="[--full] [pytest arguments]: the tests, on a throw-away database", add_help=False)
    verbs.add_parser("bench", help="the measurements, on a throw-away database", add_help=False)
    verbs.add_parser("doctor", help="what this machine lacks, and the line that adds it")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004 (the highest port)
        raise argparse.ArgumentTypeError(f"{text!r} is no port number (0 to 65535)")
    return int(text)


def _loopback(host: str) -> str:
    """Refuse every address that another machine could reach: the sample's log-ins are public knowledge."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise LaunchError(
        f"--host {host} is refused: demo log-ins are never offered to a network. "
        "To serve other machines, use docker-compose.yml."
    )


def _instance(options: argparse.Namespace) -> Instance:
    chosen = options.data or os.environ.get("MUSTER_DATA")
    return Instance(Path(chosen) if chosen else REPOSITORY / "var")


def _doctor() -> int:
    found = binaries.on_this_machine()
    return doctor.examine(
        say,
        postgres=f"{found[0].version} in {found[0].directory}" if found else None,
        embedded=binaries.embedded_is_possible(),
        venv=environment.can_make_environments(),
        venv_line=environment.venv_line(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
