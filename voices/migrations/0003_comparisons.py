"""How a voice compared with the ceremony's, and how much speech, how wide, stands behind a reference."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voices", "0002_row_security")]

    operations = [
        migrations.AddField("voice", "comparison", models.JSONField(default=dict)),
        migrations.AddField("reference", "seconds", models.FloatField(blank=True, null=True)),
        migrations.AddField("reference", "bandwidth_hz", models.FloatField(blank=True, null=True)),
    ]
