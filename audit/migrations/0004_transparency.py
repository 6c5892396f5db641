"""Staged entries, leaves, the state of the log and its checkpoints."""

import django.db.models.functions.datetime
from django.db import migrations, models

from audit.log_tables import EMPTY_LOG, LEAF_SIZES, KeepRows, StageEarlierEntries, StageEntries

GROWN = "NEW.id = OLD.id AND (NEW.size > OLD.size OR NEW.size = OLD.size AND NEW.root = OLD.root)"
ONLY_COSIGNED = """(NEW.size, NEW.root, NEW.note, NEW.published_at)
            IS NOT DISTINCT FROM (OLD.size, OLD.root, OLD.note, OLD.published_at)"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_append_only")]

    operations = [
        migrations.AddField(
            model_name="entry",
            name="commitments",
            field=models.BinaryField(db_default=b""),
        ),
        migrations.CreateModel(
            name="Staged",
            fields=[
                ("entry_id", models.UUIDField(primary_key=True, serialize=False)),
                ("event", models.CharField(max_length=64)),
                ("occurred_at", models.DateTimeField()),
                ("organisation_id", models.UUIDField()),
                ("commitments", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.UUIDField(unique=True)),
                ("leaf", models.BinaryField()),
                ("leaf_hash", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "leaves",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("index__gte", 0)), name="leaf_index_counts")
                ],
            },
        ),
        migrations.CreateModel(
            name="LogState",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField()),
                ("range", models.BinaryField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_log_state")],
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("cosigned", models.TextField(blank=True, default="")),
                ("witnessed", models.BooleanField(default=False)),
                (
                    "published_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.RunSQL(LEAF_SIZES, "ALTER TABLE audit_leaf DROP CONSTRAINT leaf_sizes"),
        migrations.RunSQL(EMPTY_LOG, migrations.RunSQL.noop),
        StageEarlierEntries(),
        StageEntries("audit_entry"),
        KeepRows("audit_leaf", granted="INSERT"),
        KeepRows("audit_logstate", granted="UPDATE", allowed=GROWN),
        KeepRows("audit_checkpoint", granted="INSERT, UPDATE (cosigned, witnessed)", allowed=ONLY_COSIGNED),
    ]
