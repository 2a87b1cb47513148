"""The ground: extensions, and what the history triggers stand on."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

from portal.history.operations import InstallHistoryBase


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [TrigramExtension(), InstallHistoryBase()]
