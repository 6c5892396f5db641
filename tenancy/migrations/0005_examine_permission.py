"""The right to examine files for their marks, granted to one member on their own membership."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0004_review_permission")]

    operations = [
        migrations.AlterModelOptions(
            "membership",
            {
                "permissions": [
                    ("review", "May decide what waits for a reviewer"),
                    ("examine", "May examine files and follow a clip back to its consent"),
                ]
            },
        ),
    ]
