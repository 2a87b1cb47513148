"""Running the supervisor in the background, while the command waits for good or bad news from it."""

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable

from .errors import LaunchError, Say, say, tail
from .instance import Instance

Serve = Callable[[Say, Callable[[], None]], int]
_READY, _FAILED, _SAY = "ready", "failed", "say"


def detach(instance: Instance, serve: Serve) -> int:
    """Fork the supervisor off and wait until it is ready. It inherits the instance's lock."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os._exit(_run(instance, serve, writing))
    os.close(writing)
    try:
        return _listen(instance, reading)
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        raise


def _listen(instance: Instance, reading: int) -> int:
    with os.fdopen(reading) as news:
        for line in news:
            kind, text = json.loads(line)
            if kind == _READY:
                return 0
            if kind == _FAILED:
                raise LaunchError(text)
            say(text)
    log = instance.logs / "supervisor.log"
    raise LaunchError(f"The supervisor ended before the portal was ready. The end of {log}:\n{tail(log)}")


def _run(instance: Instance, serve: Serve, writing: int) -> int:
    """The daemon's life: in its own session, with its output in a log."""
    os.setsid()
    os.chdir("/")
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(instance.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    instance.lock.describe("up")
    news: list[int] = [writing]

    def send(kind: str, text: str = "") -> None:
        if news:
            with contextlib.suppress(OSError):  # nobody waits any more
                os.write(news[0], (json.dumps([kind, text]) + "\n").encode())

    def tell(line: str) -> None:
        say(line)
        send(_SAY, line)

    def ready() -> None:
        send(_READY)
        os.close(news.pop())

    try:
        return serve(tell, ready)
    except LaunchError as error:
        say(str(error))
        send(_FAILED, str(error))
    except BaseException as error:  # noqa: BLE001 (the last place that can still write it down)
        traceback.print_exc()
        send(_FAILED, f"Unexpected: {type(error).__name__}: {error}")
    return 1
