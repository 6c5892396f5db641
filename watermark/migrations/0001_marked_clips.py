"""The register of marks: fenced by organisation; nothing of it changes but the fingerprint that is erased."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    initial = True
    dependencies = [("tenancy", "0002_row_security")]

    operations = [
        migrations.CreateModel(
            name="MarkedClip",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("clip_id", models.UUIDField(editable=False, unique=True)),
                ("subject_id", models.UUIDField(editable=False)),
                ("epoch", models.PositiveIntegerField()),
                ("content", models.BinaryField(max_length=32)),
                ("seconds", models.FloatField()),
                ("fingerprint_blob", models.CharField(blank=True, default="", max_length=200)),
                ("marked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "marked_at"], name="marked_clips_in_order")],
            },
        ),
        EnableRowSecurity("watermark_markedclip"),
        migrations.RunSQL(
            "ALTER TABLE watermark_markedclip ADD CONSTRAINT mark_content_is_a_digest "
            "CHECK (octet_length(content) = 32)",
            "ALTER TABLE watermark_markedclip DROP CONSTRAINT mark_content_is_a_digest",
        ),
        migrations.RunSQL(
            (
                f"REVOKE UPDATE, DELETE, TRUNCATE ON watermark_markedclip FROM {APPLICATION}",
                f"GRANT UPDATE (fingerprint_blob) ON watermark_markedclip TO {APPLICATION}",
            ),
            (
                f"REVOKE UPDATE (fingerprint_blob) ON watermark_markedclip FROM {APPLICATION}",
                f"GRANT UPDATE, DELETE ON watermark_markedclip TO {APPLICATION}",
            ),
        ),
    ]
