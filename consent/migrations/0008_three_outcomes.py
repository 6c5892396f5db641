"""Held recordings, their fingerprints under a key of the platform's own, and representatives of speakers."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

PLATFORM = "current_setting('vivavoce.platform', true) = 'on'"
STATUS = [("received", "Received"), ("accepted", "Accepted"), ("held", "Held"), ("refused", "Refused")]
STANDING = [("held", "Held"), ("accepted", "Accepted"), ("refused", "Refused")]
CAPACITY = [("guardian", "Guardian"), ("estate", "Estate"), ("power-of-attorney", "Power Of Attorney")]


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0003_keys"), ("consent", "0007_lifecycle")]

    operations = [
        migrations.RemoveConstraint("ceremonyrecording", "ceremony_recording_status_known"),
        migrations.AlterField(
            "ceremonyrecording", "status", models.CharField(choices=STATUS, default="received", max_length=16)
        ),
        migrations.AddConstraint(
            "ceremonyrecording",
            models.CheckConstraint(
                condition=models.Q(status__in=["received", "accepted", "held", "refused"]),
                name="ceremony_recording_status_known",
            ),
        ),
        migrations.AddField("ceremonyrecording", "parts", models.PositiveSmallIntegerField(default=1)),
        migrations.AddField("ceremonyrecording", "findings", models.JSONField(default=dict)),
        migrations.AddField("ceremonyrecording", "fingerprinted_at", models.DateTimeField(blank=True, null=True)),
        migrations.CreateModel(
            name="HeardBefore",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=64, unique=True)),
                ("hashes", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["hashes"], name="heard_before_hashes")
                ],
            },
        ),
        migrations.RunSQL(
            sql=(
                'ALTER TABLE "consent_heardbefore" ENABLE ROW LEVEL SECURITY',
                'ALTER TABLE "consent_heardbefore" FORCE ROW LEVEL SECURITY',
                f'CREATE POLICY platform_only ON "consent_heardbefore" USING ({PLATFORM}) WITH CHECK ({PLATFORM})',
            ),
            reverse_sql=(
                'DROP POLICY platform_only ON "consent_heardbefore"',
                'ALTER TABLE "consent_heardbefore" NO FORCE ROW LEVEL SECURITY',
                'ALTER TABLE "consent_heardbefore" DISABLE ROW LEVEL SECURITY',
            ),
        ),
        migrations.CreateModel(
            name="Representative",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("capacity", models.CharField(choices=CAPACITY, max_length=32)),
                ("statement", models.TextField()),
                ("document_blob", models.CharField(blank=True, max_length=200)),
                ("document_type", models.CharField(max_length=64)),
                ("document_sha256", models.CharField(max_length=64)),
                ("status", models.CharField(choices=STANDING, default="held", max_length=16)),
                ("reasons", models.JSONField(default=list)),
                ("named_at", models.DateTimeField(auto_now_add=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="representatives",
                        to="consent.consentrecord",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(status__in=["held", "accepted", "refused"]),
                        name="representative_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(capacity__in=["guardian", "estate", "power-of-attorney"]),
                        name="representative_capacity_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(status="held"),
                        fields=["consent"],
                        name="one_representative_waits_per_consent",
                    ),
                ],
            },
        ),
        EnableRowSecurity("consent_representative"),
        KeepWithinOrganisation("consent_representative", "consent_id", parent="consent_consentrecord"),
    ]
