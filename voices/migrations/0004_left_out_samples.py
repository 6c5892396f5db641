"""Why a sample was left out of the reference."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voices", "0003_comparisons")]

    operations = [
        migrations.AddField("sample", "left_out", models.CharField(blank=True, default="", max_length=40)),
    ]
