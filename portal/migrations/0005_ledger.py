"""The log over all entries: places, tiles, keys, checkpoints, anchors, verifications."""

from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from portal.history.operations import AppendOnly

LEDGER_SQL = Path(__file__).resolve().parent.parent / "ledger" / "ledger.sql"
ADD_ONLY = ("ledgerleaf", "ledgertile", "ledgerkey", "checkpoint", "anchor", "verification")


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0004_history_changed_columns"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verifier", models.CharField(max_length=300, unique=True, verbose_name="verifier key")),
                ("statement", models.TextField(verbose_name="statement")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="in use since")),
            ],
            options={
                "verbose_name": "signing key",
                "verbose_name_plural": "signing keys",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("finished_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="finished")),
                ("since", models.BigIntegerField(default=0, verbose_name="from leaf")),
                ("size", models.BigIntegerField(verbose_name="entries")),
                ("root", models.BinaryField(max_length=32, verbose_name="root")),
                ("erased", models.BigIntegerField(default=0, verbose_name="erased entries")),
                ("waiting", models.BigIntegerField(default=0, verbose_name="not in the log yet")),
                ("findings", models.JSONField(default=list, verbose_name="findings")),
                ("findings_count", models.BigIntegerField(default=0, verbose_name="number of findings")),
            ],
            options={
                "verbose_name": "verification",
                "verbose_name_plural": "verifications",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(verbose_name="entries")),
                ("root", models.BinaryField(max_length=32, verbose_name="root")),
                ("note", models.TextField(verbose_name="signed note")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="signed")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checkpoints",
                        to="portal.ledgerkey",
                        verbose_name="signing key",
                    ),
                ),
            ],
            options={
                "verbose_name": "checkpoint",
                "verbose_name_plural": "checkpoints",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="LedgerLeaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="leaf_of",
                        to="portal.ledgerentry",
                    ),
                ),
            ],
            options={
                "verbose_name": "leaf",
                "verbose_name_plural": "leaves",
            },
        ),
        migrations.CreateModel(
            name="LedgerTile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField(verbose_name="level")),
                ("number", models.BigIntegerField(verbose_name="number")),
                ("hashes", models.BinaryField(verbose_name="hashes")),
                ("root", models.BinaryField(max_length=32, verbose_name="root")),
            ],
            options={
                "verbose_name": "tile",
                "verbose_name_plural": "tiles",
                "constraints": [models.UniqueConstraint(fields=("level", "number"), name="one_tile_at_a_place")],
            },
        ),
        migrations.CreateModel(
            name="Anchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "File"), ("email", "E-mail"), ("timestamp", "Time stamp (RFC 3161)")],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("target", models.CharField(max_length=500, verbose_name="where")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="when")),
                ("receipt", models.BinaryField(blank=True, default=bytes, verbose_name="receipt")),
                ("error", models.TextField(blank=True, verbose_name="error")),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="anchors",
                        to="portal.checkpoint",
                        verbose_name="checkpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "anchor",
                "verbose_name_plural": "anchors",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["kind", "target", "-id"], name="portal_anch_kind_56cc7b_idx")],
            },
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(fields=("size", "key"), name="one_checkpoint_per_size_and_key"),
        ),
        *(AppendOnly(name, by_triggers=False) for name in ADD_ONLY),
        migrations.RunSQL(
            [
                LEDGER_SQL.read_text(encoding="utf-8"),
                # What was recorded before there was a log gets its place like anything else.
                "INSERT INTO muster.pending (entry_id) SELECT id FROM public.portal_ledgerentry ON CONFLICT DO NOTHING",
            ],
            "DROP FUNCTION muster.sequence_entries(integer); DROP FUNCTION muster.enqueue_entries() CASCADE;"
            " DROP TABLE muster.pending",
        ),
    ]
