"""What reviewers decided, and why; fenced by organisation, never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'
KINDS = [("recording", "Recording"), ("representative", "Representative"), ("voice", "Voice"), ("clip", "Clip")]
OUTCOMES = [("approve", "Approve"), ("refuse", "Refuse")]


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_incidents"), ("consent", "0008_three_outcomes")]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=KINDS, max_length=16)),
                ("about_id", models.UUIDField()),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=8)),
                ("reviewer", models.CharField(max_length=100)),
                ("asked_by", models.CharField(max_length=100)),
                ("words", models.TextField()),
                ("reasons", models.JSONField()),
                ("decided_at", models.DateTimeField(auto_now_add=True)),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="consent.consentrecord"
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="consent.speaker"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["recording", "representative", "voice", "clip"]),
                        name="review_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(outcome__in=["approve", "refuse"]), name="review_outcome_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(reviewer__startswith="member:") & ~models.Q(reviewer=models.F("asked_by")),
                        name="review_is_decided_by_another",
                    ),
                    models.CheckConstraint(condition=~models.Q(words=""), name="review_says_why"),
                    models.CheckConstraint(
                        condition=~models.Q(kind="clip", outcome="approve"), name="withheld_clip_is_never_approved"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(kind="clip"), fields=["about_id"], name="withheld_clip_is_reviewed_once"
                    ),
                ],
            },
        ),
        EnableRowSecurity("governance_review"),
        KeepWithinOrganisation("governance_review", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("governance_review", "speaker_id", parent="consent_speaker"),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON governance_review FROM {APPLICATION}",
            f"GRANT DELETE ON governance_review TO {APPLICATION}",
        ),
    ]
