"""The names that other systems give a record belong to its timeline, also those taken away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0007_readings"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="historicalexternalid",
            index=models.Index(
                condition=models.Q(("record_id__isnull", False)),
                fields=["record_id", "-history_id"],
                name="hist_externalid_record_id",
            ),
        ),
    ]
