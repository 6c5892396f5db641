"""The right to decide what waits for a reviewer, granted to one member on their own membership."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0003_keys")]

    operations = [
        migrations.AlterModelOptions(
            "membership", {"permissions": [("review", "May decide what waits for a reviewer")]}
        ),
    ]
