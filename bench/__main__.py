"""Run every measurement and print it: `./muster bench [--systems 100000] [--packs]`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import django


def main() -> None:
    parser = argparse.ArgumentParser(prog="muster bench")
    parser.add_argument("--systems", type=int, default=100_000, help="size of the large register")
    parser.add_argument("--file", type=Path, help="a real inventory to import, with --mapping")
    parser.add_argument("--mapping", default="us-federal-2024")
    parser.add_argument("--history", type=int, default=0, help="measure history at this many rows too (5000000)")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()

    from bench import data, pages, writing

    start = time.perf_counter()
    user = data.prepare()
    print(f"migrate an empty database and prepare it: {time.perf_counter() - start:.1f} s")

    plain, governed = writing.history_cost()
    print(
        f"{writing.ROWS:,} rows by bulk_create: {plain:.2f} s plain, {governed:.2f} s with history and ledger,"
        f" ratio {governed / plain:.2f} (goal 2.0)"
    )
    small_size = 1000
    data.fill(small_size)
    few = pages.measure(user)
    created, unchanged = writing.ingest_speed(user)
    print(f"ingest: {created:,.0f} rows/s created, {unchanged:,.0f} rows/s unchanged (goals 2,000 and 5,000)")

    if options.file:
        from django.core.management import call_command

        for turn in ("first import", "second import"):
            start = time.perf_counter()
            with Path(os.devnull).open("w") as nowhere:
                call_command(
                    "import_records",
                    "ai-systems",
                    str(options.file),
                    mapping=options.mapping,
                    user="bench",
                    stdout=nowhere,
                )
            print(f"{turn} of {options.file.name}: {time.perf_counter() - start:.1f} s (goal 20)")

    data.fill(options.systems)
    many = pages.measure(user)
    from inventory.models import AISystem

    print(
        f"pages through HTTP, p50 / p95 in ms, at {AISystem.objects.count():,} systems"
        " and ratio to the smaller register (goal of lists: 60 ms and 1.3)"
    )
    for name in pages.PAGES:
        ratio = many[name][0] / few[name][0]
        print(f"  {name:14} {many[name][0]:6.1f} / {many[name][1]:6.1f}   ratio {ratio:.2f}")

    from bench import ledger

    print(ledger.measure())

    if options.history:
        from bench import history

        history.run(options.history)


main()
