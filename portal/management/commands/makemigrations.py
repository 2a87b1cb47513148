"""Django's makemigrations, with the history triggers kept in step."""

from django.core.management.commands import makemigrations

from portal.history.autodetector import HistoryAutodetector


class Command(makemigrations.Command):
    autodetector = HistoryAutodetector
