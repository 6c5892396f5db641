"""Legal holds: fenced by organisation, lifted but never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_jurisdictions"), ("governance", "0003_erasure")]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("placed_by", models.CharField(max_length=200)),
                ("placed_at", models.DateTimeField(auto_now_add=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("covers_biometric", models.BooleanField(default=False)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
                (
                    "speaker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="legal_holds", to="consent.speaker"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(reason="") & ~models.Q(placed_by=""), name="hold_says_why_and_who"
                    )
                ],
            },
        ),
        EnableRowSecurity("governance_legalhold"),
        KeepWithinOrganisation("governance_legalhold", "speaker_id", parent="consent_speaker"),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON governance_legalhold FROM {APPLICATION}",
            f"GRANT DELETE ON governance_legalhold TO {APPLICATION}",
        ),
    ]
