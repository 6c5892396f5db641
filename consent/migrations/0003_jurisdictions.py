"""Whose laws on keeping and destroying apply to a consent, when its proof was destroyed, when a link was last used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_row_security")]

    operations = [
        migrations.AddField("consentrecord", "jurisdictions", models.JSONField(blank=True, default=list)),
        migrations.AddField("consentrecord", "proof_destroyed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("speakerlink", "last_used_at", models.DateTimeField(blank=True, null=True)),
    ]
