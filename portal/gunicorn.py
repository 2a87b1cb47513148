"""gunicorn's configuration: threads, because requests wait on PostgreSQL, and a quiet garbage collector."""

import gc
import os
from typing import Any

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 20
accesslog = "-"
# gunicorn 27 would open a control socket in the home directory; nobody here uses it.
control_socket_disable = True
# Heartbeat files belong in memory: a slow disk must not make a worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a fixed kernel mount


def post_worker_init(worker: Any) -> None:
    """Move everything loaded so far out of the collector's sight: full collections cost up to 500 ms without it."""
    gc.collect()
    gc.freeze()
