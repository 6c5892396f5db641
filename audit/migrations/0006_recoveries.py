"""Which leaves a restored database took over from the published log; what is noted stays noted."""

import django.db.models.functions.datetime
from django.db import migrations, models

from audit.log_tables import KeepRows


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_timestamps")]

    operations = [
        migrations.CreateModel(
            name="Recovery",
            fields=[
                ("first", models.BigIntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                (
                    "recovered_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "verbose_name_plural": "recoveries",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first__gte", 0), ("size__gt", models.F("first"))),
                        name="recovery_spans_leaves",
                    )
                ],
            },
        ),
        KeepRows("audit_recovery", granted="INSERT"),
    ]
