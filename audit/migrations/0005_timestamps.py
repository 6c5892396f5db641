"""RFC 3161 time-stamps of checkpoints; a granted one stays as it is."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from audit.log_tables import KeepRows

NOT_YET_GRANTED = """OLD.status <> 'granted' AND (NEW.id, NEW.checkpoint_id, NEW.authority)
            IS NOT DISTINCT FROM (OLD.id, OLD.checkpoint_id, OLD.authority)"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_transparency")]

    operations = [
        migrations.CreateModel(
            name="Timestamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("authority", models.URLField(max_length=500)),
                (
                    "status",
                    models.CharField(
                        choices=[("requested", "Requested"), ("granted", "Granted"), ("failed", "Failed")],
                        default="requested",
                        max_length=9,
                    ),
                ),
                ("token", models.BinaryField(null=True)),
                ("token_hash", models.BinaryField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "next_attempt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True),
                ),
                ("granted_at", models.DateTimeField(null=True)),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="timestamps",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("checkpoint", "authority"), name="one_timestamp_per_authority"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("granted_at", None),
                                ("status__in", ["requested", "failed"]),
                                ("token", None),
                                ("token_hash", None),
                            ),
                            models.Q(
                                ("granted_at__isnull", False),
                                ("status", "granted"),
                                ("token__isnull", False),
                                ("token_hash__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="granted_timestamp_has_its_token",
                    ),
                ],
            },
        ),
        KeepRows(
            "audit_timestamp",
            granted="INSERT, UPDATE (status, token, token_hash, attempts, next_attempt_at, granted_at)",
            allowed=NOT_YET_GRANTED,
        ),
    ]
