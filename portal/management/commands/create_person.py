"""`create_person USERNAME --name "Ada Lindgren" --role administrator`: the first log-in of a real instance."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.access.models import RoleGrant, User
from portal.access.roles import Role
from portal.history.context import Actor, Source, acting


class Command(BaseCommand):
    help = "Create a person with roles and print a generated password, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="full name, as history shows it")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--role", action="append", choices=Role.values, default=[], help="may be given several times"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(15)
        try:
            with acting(Actor("shell", "Command line", Source.SHELL), reason="create_person"):
                user = User.objects.create_user(
                    options["username"], password, full_name=options["name"], email=options["email"]
                )
                RoleGrant.objects.bulk_create(
                    [RoleGrant(user=user, role=role) for role in dict.fromkeys(options["role"])]
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.username} can log in with: {password}")
