"""A writer for tests: transactions of every kind, some slow, some rolled back, until it is told to stop or killed.

`python -m tests.ledger.writing SEED SECONDS ROWS FILE` creates up to ROWS records at a time and notes in FILE which
history rows were committed and which rolled back, each line written after the fact: a writer that is killed in between
leaves a transaction unmentioned.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import Error, transaction  # noqa: E402 - after setup

from inventory.models import Vendor  # noqa: E402
from portal.history.context import Actor, Source, acting  # noqa: E402

HOT = 20  # records that all writers change


def write_once(chance: random.Random, request: str, rows: int) -> tuple[str, list[int]]:
    """One transaction. Returns what became of it and the numbers of its history rows."""
    entries: list[int] = []
    try:
        with acting(Actor(request, "Writer", Source.API, request_id=request)):
            for step in range(chance.randint(1, 3)):
                _change(chance, f"{request}-{step}", rows)
            entries = list(Vendor.history.filter(history_request=request).values_list("history_id", flat=True))
            if chance.random() < 0.02:
                time.sleep(chance.uniform(0.5, 1.5))  # a slow one: its numbers are old when it commits
            elif chance.random() < 0.5:
                time.sleep(chance.uniform(0, 0.02))
            undo = chance.random() < 0.25
            transaction.set_rollback(undo)
    except Error:  # a deadlock or a lost connection: what became of it is not known
        return "unknown", entries
    return "rolled back" if undo else "committed", entries


def _change(chance: random.Random, label: str, rows: int) -> None:
    kind = chance.random()
    hot = [row["pk"] for row in Vendor.objects.order_by("pk").values("pk")[:HOT]]
    some = chance.sample(hot, min(len(hot), chance.randint(1, 5)))
    if kind < 0.5:
        Vendor.objects.bulk_create(
            (Vendor(name=label, reference=f"{label}-{n}") for n in range(chance.randint(1, rows))), batch_size=1000
        )
    elif kind < 0.9:
        Vendor.objects.filter(pk__in=some).update(notes=label)
    else:
        Vendor.objects.filter(pk__in=some[:1]).delete()


def main(seed: str, seconds: str, rows: str, path: str) -> None:
    chance, name = random.Random(int(seed)), f"w{seed}-{os.getpid()}"
    until, number = time.monotonic() + float(seconds), 0
    with Path(path).open("a") as log:
        while time.monotonic() < until:
            number += 1
            outcome, entries = write_once(chance, f"{name}-{number}", int(rows))
            log.write(f"{outcome}:{','.join(map(str, entries))}\n")
            log.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
