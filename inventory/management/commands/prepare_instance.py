"""`prepare_instance [--empty] --users-file PATH`: what a fresh instance needs before the first log-in. Repeatable."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from inventory.defaults import ensure_opening, ensure_risk_classes
from inventory.retention import ensure_retention_rules
from inventory.sample import load_sample
from portal.access.commands import acting_user
from portal.access.demo import ensure_people
from portal.history.context import Actor, Source, announced


class Command(BaseCommand):
    help = "Log-ins, risk classes, the opening balance, retention rules and, unless --empty, the sample organization."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--empty", action="store_true", help="without the sample organization")
        parser.add_argument("--users-file", type=Path, required=True, help="where the log-ins are written (mode 0600)")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_people(options["users_file"])
        with announced(Actor("muster", "Muster", Source.SHELL)):
            ensure_risk_classes()
            ensure_opening()
            ensure_retention_rules()
            if not options["empty"]:
                load_sample(acting_user(None))
