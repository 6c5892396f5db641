"""Certificates of destruction: fenced by organisation, and never changed once they are signed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0002_row_security"),
        ("governance", "0002_row_security"),
        ("tenancy", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="DestructionCertificate",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reason", models.CharField(max_length=64)),
                ("key_shredded", models.BooleanField()),
                ("entry_id", models.UUIDField()),
                ("body", models.JSONField()),
                ("signature", models.TextField()),
                ("key_id", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField(auto_now_add=True)),
                (
                    "consent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="certificates",
                        to="consent.consentrecord",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
                (
                    "speaker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="certificates", to="consent.speaker"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "speaker"], name="certificate_of_speaker")],
            },
        ),
        EnableRowSecurity("governance_destructioncertificate"),
        KeepWithinOrganisation("governance_destructioncertificate", "speaker_id", parent="consent_speaker"),
        KeepWithinOrganisation("governance_destructioncertificate", "consent_id", parent="consent_consentrecord"),
        migrations.RunSQL(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON governance_destructioncertificate FROM {APPLICATION}",
            f"GRANT UPDATE, DELETE ON governance_destructioncertificate TO {APPLICATION}",
        ),
    ]
