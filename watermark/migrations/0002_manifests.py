"""Manifests of clips, which never change and which the platform may look up; keys of provenance, the platform's own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'
PLATFORM = "current_setting('vivavoce.platform', true) = 'on'"


class Migration(migrations.Migration):
    dependencies = [("watermark", "0001_marked_clips")]

    operations = [
        migrations.CreateModel(
            name="ProvenanceCredential",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("root", "Root"), ("leaf", "Leaf")], max_length=8)),
                (
                    "standing",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("active", "Active"), ("retired", "Retired")], max_length=8
                    ),
                ),
                ("issued_by_us", models.BooleanField()),
                ("wrapped", models.BinaryField(null=True)),
                ("chain", models.TextField(blank=True, default="")),
                ("anchor", models.TextField(blank=True, default="")),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("sign_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("standing", "active")),
                        fields=("kind",),
                        name="one_active_credential_per_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["root", "leaf"])), name="credential_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("standing__in", ["waiting", "active", "retired"])),
                        name="credential_standing_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("standing", "retired"), ("wrapped__isnull", True)),
                            models.Q(("standing__in", ["waiting", "active"]), ("wrapped__isnull", False)),
                            _connector="OR",
                        ),
                        name="credential_has_its_key_or_is_retired",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClipManifest",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("clip_id", models.UUIDField(db_index=True, editable=False)),
                ("form", models.CharField(max_length=8)),
                ("label", models.CharField(max_length=120, unique=True)),
                ("manifest", models.BinaryField()),
                ("audio_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("clip_id", "form"), name="one_manifest_per_form")
                ],
            },
        ),
        migrations.RunSQL(
            sql=(
                'ALTER TABLE "watermark_provenancecredential" ENABLE ROW LEVEL SECURITY',
                'ALTER TABLE "watermark_provenancecredential" FORCE ROW LEVEL SECURITY',
                f'CREATE POLICY platform_only ON "watermark_provenancecredential" '
                f"USING ({PLATFORM}) WITH CHECK ({PLATFORM})",
            ),
            reverse_sql=(
                'DROP POLICY platform_only ON "watermark_provenancecredential"',
                'ALTER TABLE "watermark_provenancecredential" NO FORCE ROW LEVEL SECURITY',
                'ALTER TABLE "watermark_provenancecredential" DISABLE ROW LEVEL SECURITY',
            ),
        ),
        EnableRowSecurity("watermark_clipmanifest", also_select=PLATFORM),
        migrations.RunSQL(
            f"REVOKE UPDATE, DELETE, TRUNCATE ON watermark_clipmanifest FROM {APPLICATION}",
            f"GRANT UPDATE, DELETE ON watermark_clipmanifest TO {APPLICATION}",
        ),
    ]
