"""Retention rules, legal holds, erasures, and the one function that takes values out of history."""

from pathlib import Path

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import portal.history.operations
import portal.records.ids

RETENTION_SQL = Path(__file__).resolve().parent.parent / "retention" / "retention.sql"


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0005_ledger"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.records.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.SlugField(max_length=60, unique=True, verbose_name="key")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "applies_to",
                    models.CharField(
                        choices=[
                            ("all", "Every register"),
                            ("registers", "Some registers"),
                            ("outside", "Nothing kept here"),
                        ],
                        default="registers",
                        max_length=10,
                        verbose_name="applies to",
                    ),
                ),
                (
                    "registers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="registers",
                    ),
                ),
                ("months", models.PositiveSmallIntegerField(default=120, verbose_name="months")),
                (
                    "counts_from",
                    models.CharField(
                        choices=[
                            ("recorded", "When it was recorded"),
                            ("replaced", "When it was last in effect"),
                            ("field", "A date of the record"),
                        ],
                        default="replaced",
                        max_length=10,
                        verbose_name="counted from",
                    ),
                ),
                ("date_field", models.CharField(blank=True, max_length=100, verbose_name="date")),
                ("ground", models.TextField(verbose_name="ground")),
                ("citation", models.CharField(max_length=300, verbose_name="citation")),
                (
                    "confidence",
                    models.CharField(
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        default="medium",
                        max_length=6,
                        verbose_name="confidence",
                    ),
                ),
                ("doubts", models.TextField(blank=True, verbose_name="doubts")),
                ("is_active", models.BooleanField(default=True, verbose_name="in force")),
            ],
            options={
                "verbose_name": "retention rule",
                "verbose_name_plural": "retention rules",
                "ordering": ["-months", "name"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalRetentionRule",
            fields=[
                ("history_user_name", models.TextField(editable=False, verbose_name="who")),
                ("history_source", models.CharField(editable=False, max_length=12, verbose_name="from where")),
                ("history_request", models.TextField(blank=True, editable=False, verbose_name="request")),
                (
                    "history_changed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="changed",
                    ),
                ),
                ("id", models.UUIDField(default=portal.records.ids.uuid7, editable=False)),
                ("key", models.SlugField(db_index=False, max_length=60, verbose_name="key")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "applies_to",
                    models.CharField(
                        choices=[
                            ("all", "Every register"),
                            ("registers", "Some registers"),
                            ("outside", "Nothing kept here"),
                        ],
                        default="registers",
                        max_length=10,
                        verbose_name="applies to",
                    ),
                ),
                (
                    "registers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="registers",
                    ),
                ),
                ("months", models.PositiveSmallIntegerField(default=120, verbose_name="months")),
                (
                    "counts_from",
                    models.CharField(
                        choices=[
                            ("recorded", "When it was recorded"),
                            ("replaced", "When it was last in effect"),
                            ("field", "A date of the record"),
                        ],
                        default="replaced",
                        max_length=10,
                        verbose_name="counted from",
                    ),
                ),
                ("date_field", models.CharField(blank=True, max_length=100, verbose_name="date")),
                ("ground", models.TextField(verbose_name="ground")),
                ("citation", models.CharField(max_length=300, verbose_name="citation")),
                (
                    "confidence",
                    models.CharField(
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        default="medium",
                        max_length=6,
                        verbose_name="confidence",
                    ),
                ),
                ("doubts", models.TextField(blank=True, verbose_name="doubts")),
                ("is_active", models.BooleanField(default=True, verbose_name="in force")),
                ("history_change_reason", models.TextField(blank=True, verbose_name="why")),
                ("history_user_id", models.TextField(verbose_name="actor key")),
                ("history_id", models.BigIntegerField(editable=False, primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical retention rule",
                "verbose_name_plural": "historical retention rules",
                "ordering": ("-history_id",),
                "get_latest_by": ("history_id",),
                "indexes": [
                    models.Index(fields=["id", "-history_id"], name="portal_hist_id_73368b_idx"),
                    models.Index(
                        condition=models.Q(("history_type", "+")),
                        fields=["id", "history_id"],
                        name="hist_retentionrule_first",
                    ),
                    models.Index(fields=["history_user_id", "-history_id"], name="portal_hist_history_d8bff6_idx"),
                    models.Index(fields=["history_source", "-history_id"], name="portal_hist_history_e2df33_idx"),
                    models.Index(fields=["history_request", "-history_id"], name="portal_hist_history_3c0613_idx"),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("history_type", "~")),
                        fields=["history_changed"],
                        name="hist_retentionrule_changed",
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.records.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Personal data"), ("prune", "End of retention")],
                        default="person",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("ground", models.CharField(max_length=300, verbose_name="ground")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when")),
                (
                    "entries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="ledger entries",
                    ),
                ),
                ("fields", models.JSONField(default=list, editable=False, verbose_name="fields")),
                ("seals", models.JSONField(default=dict, editable=False, verbose_name="seals")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "ordering": ["-at"],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["entries"], name="erasure_entries")],
            },
        ),
        migrations.CreateModel(
            name="HistoricalErasure",
            fields=[
                ("history_user_name", models.TextField(editable=False, verbose_name="who")),
                ("history_source", models.CharField(editable=False, max_length=12, verbose_name="from where")),
                ("history_request", models.TextField(blank=True, editable=False, verbose_name="request")),
                (
                    "history_changed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="changed",
                    ),
                ),
                ("id", models.UUIDField(default=portal.records.ids.uuid7, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Personal data"), ("prune", "End of retention")],
                        default="person",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("ground", models.CharField(max_length=300, verbose_name="ground")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="when")),
                (
                    "entries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="ledger entries",
                    ),
                ),
                ("fields", models.JSONField(default=list, editable=False, verbose_name="fields")),
                ("seals", models.JSONField(default=dict, editable=False, verbose_name="seals")),
                ("history_change_reason", models.TextField(blank=True, verbose_name="why")),
                ("history_user_id", models.TextField(verbose_name="actor key")),
                ("history_id", models.BigIntegerField(editable=False, primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical erasure",
                "verbose_name_plural": "historical erasures",
                "ordering": ("-history_id",),
                "get_latest_by": ("history_id",),
                "indexes": [
                    models.Index(fields=["id", "-history_id"], name="portal_hist_id_a10e9c_idx"),
                    models.Index(
                        condition=models.Q(("history_type", "+")),
                        fields=["id", "history_id"],
                        name="hist_erasure_first",
                    ),
                    models.Index(fields=["history_user_id", "-history_id"], name="portal_hist_history_275027_idx"),
                    models.Index(fields=["history_source", "-history_id"], name="portal_hist_history_9ef769_idx"),
                    models.Index(fields=["history_request", "-history_id"], name="portal_hist_history_9739b8_idx"),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("history_type", "~")),
                        fields=["history_changed"],
                        name="hist_erasure_changed",
                    ),
                    models.Index(
                        condition=models.Q(("by__isnull", False)), fields=["by", "-history_id"], name="hist_erasure_by"
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalLegalHold",
            fields=[
                ("history_user_name", models.TextField(editable=False, verbose_name="who")),
                ("history_source", models.CharField(editable=False, max_length=12, verbose_name="from where")),
                ("history_request", models.TextField(blank=True, editable=False, verbose_name="request")),
                (
                    "history_changed",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        db_default=[],
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="changed",
                    ),
                ),
                ("id", models.UUIDField(default=portal.records.ids.uuid7, editable=False)),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("everything", "Everything"),
                            ("register", "One register"),
                            ("record", "One record and what points at it"),
                            ("person", "One person"),
                        ],
                        default="everything",
                        max_length=10,
                        verbose_name="scope",
                    ),
                ),
                ("register", models.CharField(blank=True, max_length=60, verbose_name="register")),
                ("reference", models.CharField(blank=True, max_length=20, verbose_name="reference")),
                ("table_name", models.CharField(blank=True, editable=False, max_length=63)),
                ("record", models.CharField(blank=True, editable=False, max_length=60)),
                ("person_name", models.CharField(blank=True, max_length=200, verbose_name="name of the person")),
                ("since", models.DateField(default=django.utils.timezone.localdate, verbose_name="since")),
                (
                    "placed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="placed"),
                ),
                ("lifted_at", models.DateTimeField(editable=False, null=True, verbose_name="lifted")),
                ("history_change_reason", models.TextField(blank=True, verbose_name="why")),
                ("history_user_id", models.TextField(verbose_name="actor key")),
                ("history_id", models.BigIntegerField(editable=False, primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lifted by",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="placed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical legal hold",
                "verbose_name_plural": "historical legal holds",
                "ordering": ("-history_id",),
                "get_latest_by": ("history_id",),
                "indexes": [
                    models.Index(fields=["id", "-history_id"], name="portal_hist_id_54ebe7_idx"),
                    models.Index(
                        condition=models.Q(("history_type", "+")),
                        fields=["id", "history_id"],
                        name="hist_legalhold_first",
                    ),
                    models.Index(fields=["history_user_id", "-history_id"], name="portal_hist_history_a2311f_idx"),
                    models.Index(fields=["history_source", "-history_id"], name="portal_hist_history_0c882e_idx"),
                    models.Index(fields=["history_request", "-history_id"], name="portal_hist_history_c86dd7_idx"),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("history_type", "~")),
                        fields=["history_changed"],
                        name="hist_legalhold_changed",
                    ),
                    models.Index(
                        condition=models.Q(("person__isnull", False)),
                        fields=["person", "-history_id"],
                        name="hist_legalhold_person",
                    ),
                    models.Index(
                        condition=models.Q(("placed_by__isnull", False)),
                        fields=["placed_by", "-history_id"],
                        name="hist_legalhold_placed_by",
                    ),
                    models.Index(
                        condition=models.Q(("lifted_by__isnull", False)),
                        fields=["lifted_by", "-history_id"],
                        name="hist_legalhold_lifted_by",
                    ),
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.records.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("everything", "Everything"),
                            ("register", "One register"),
                            ("record", "One record and what points at it"),
                            ("person", "One person"),
                        ],
                        default="everything",
                        max_length=10,
                        verbose_name="scope",
                    ),
                ),
                ("register", models.CharField(blank=True, max_length=60, verbose_name="register")),
                ("reference", models.CharField(blank=True, max_length=20, verbose_name="reference")),
                ("table_name", models.CharField(blank=True, editable=False, max_length=63)),
                ("record", models.CharField(blank=True, editable=False, max_length=60)),
                ("person_name", models.CharField(blank=True, max_length=200, verbose_name="name of the person")),
                ("since", models.DateField(default=django.utils.timezone.localdate, verbose_name="since")),
                (
                    "placed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="placed"),
                ),
                ("lifted_at", models.DateTimeField(editable=False, null=True, verbose_name="lifted")),
                (
                    "lifted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lifted by",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="placed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
                "ordering": ["-placed_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope__in", ["register", "record"]), _negated=True),
                            models.Q(
                                models.Q(("register", ""), _negated=True), models.Q(("table_name", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="legalhold_names_its_register",
                        violation_error_message="Choose the register.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "record"), _negated=True),
                            models.Q(
                                models.Q(("record", ""), _negated=True), models.Q(("reference", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="legalhold_names_its_record",
                        violation_error_message="Give the reference of the record.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "person"), _negated=True),
                            ("person__isnull", False),
                            models.Q(("person_name", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="legalhold_names_its_person",
                        violation_error_message="Choose a person, or give a name.",
                    ),
                ],
            },
        ),
        portal.history.operations.TrackHistory(
            model_name="retentionrule",
        ),
        portal.history.operations.TrackHistory(
            model_name="erasure",
        ),
        portal.history.operations.TrackHistory(
            model_name="legalhold",
        ),
        migrations.RunSQL(
            RETENTION_SQL.read_text(encoding="utf-8"),
            # muster.refuse() as it was, and nothing more that erases.
            "CREATE OR REPLACE FUNCTION muster.refuse() RETURNS trigger"
            " LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $muster$ BEGIN"
            " RAISE EXCEPTION '% on % is refused: history only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'MU003';"
            " END $muster$;"
            " DROP FUNCTION muster.erase_entries(jsonb, jsonb, text[]); DROP FUNCTION muster.held(bigint[]);"
            " DROP FUNCTION muster.hold_stands() CASCADE;"
            " DROP FUNCTION muster.without(text, text[], boolean); DROP TABLE muster.erasing;",
        ),
    ]
