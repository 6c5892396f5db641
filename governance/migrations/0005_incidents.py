"""Withheld output kept sealed for a reviewer, and incidents; both fenced by organisation, incidents never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    dependencies = [("governance", "0004_retention"), ("voices", "0002_row_security")]

    operations = [
        migrations.AddField("permit", "withheld_blob", models.CharField(blank=True, default="", max_length=200)),
        migrations.AddField("permit", "withheld_sha256", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("permit", "examination", models.JSONField(default=dict)),
        migrations.AddConstraint(
            "permit",
            models.CheckConstraint(
                condition=models.Q(withheld_blob="") | models.Q(status="withheld"),
                name="only_withheld_output_is_kept",
            ),
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("other-voice", "Other Voice"), ("protected-voice", "Protected Voice")], max_length=32
                    ),
                ),
                ("reasons", models.JSONField()),
                ("engine_release", models.JSONField()),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
                (
                    "permit",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="incident", to="governance.permit"
                    ),
                ),
                (
                    "voice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="incidents", to="voices.voice"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["other-voice", "protected-voice"]), name="incident_kind_known"
                    )
                ],
            },
        ),
        EnableRowSecurity("governance_incident"),
        KeepWithinOrganisation("governance_incident", "permit_id", parent="governance_permit"),
        KeepWithinOrganisation("governance_incident", "voice_id", parent="voices_voice"),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON governance_incident FROM {APPLICATION}",
            f"GRANT DELETE ON governance_incident TO {APPLICATION}",
        ),
    ]
