"""A receipt is an SD-JWT as well, whose standing anyone who holds it can ask for, and knows its entry in the log."""

from django.db import migrations, models

# As `tenancy.rls.PRESENTED_TOKEN`: a row is seen by whoever presents what it is found by.
PRESENTED = "standing_hash = nullif(current_setting('vivavoce.token_hash', true), '')"


class Migration(migrations.Migration):
    dependencies = [("consent", "0005_requests_and_second_factor")]

    operations = [
        migrations.AddField("receipt", "sd_jwt", models.TextField(default="")),
        migrations.AddField("receipt", "standing_hash", models.CharField(max_length=64, null=True, unique=True)),
        migrations.AddField("receipt", "log_entry", models.UUIDField(null=True)),
        migrations.RunSQL(
            f"CREATE POLICY also_select ON consent_receipt FOR SELECT TO PUBLIC USING ({PRESENTED})",
            "DROP POLICY also_select ON consent_receipt",
        ),
    ]
