"""Which secrets messages are signed with, and until when: fenced by organisation, never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    dependencies = [("governance", "0010_case_holds")]

    operations = [
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("retires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["organisation", "purpose"], name="one_webhook_secret_per_purpose"
                    ),
                    models.UniqueConstraint(
                        fields=["organisation"],
                        condition=models.Q(retires_at__isnull=True),
                        name="one_present_webhook_secret",
                    ),
                ],
            },
        ),
        EnableRowSecurity("governance_webhooksecret"),
        migrations.RunSQL(
            [
                f"REVOKE UPDATE, DELETE, TRUNCATE ON governance_webhooksecret FROM {APPLICATION}",
                f"GRANT UPDATE (retires_at) ON governance_webhooksecret TO {APPLICATION}",
            ],
            f"GRANT UPDATE, DELETE ON governance_webhooksecret TO {APPLICATION}",
        ),
    ]
