"""What auditors looked at is kept."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from portal.history.operations import AppendOnly


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0006_retention"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("path", models.TextField(verbose_name="page")),
                ("request", models.TextField(blank=True, verbose_name="request")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "reading",
                "verbose_name_plural": "readings",
                "indexes": [models.Index(fields=["user", "-id"], name="portal_read_user_id_b287bb_idx")],
            },
        ),
        AppendOnly("reading", by_triggers=False),
    ]
