"""Consents that take the place of others, purposes taken back one by one, receipts issued anew, and reminders."""

import django.db.models.deletion
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

STATUSES = ["requested", "given", "withdrawn", "expired", "superseded"]
KINDS = ["ends-in-30-days", "ends-in-7-days", "notice-changed"]


class Migration(migrations.Migration):
    dependencies = [("consent", "0006_receipt_tokens")]

    operations = [
        migrations.RemoveConstraint("consentrecord", "consent_status_known"),
        migrations.AlterField(
            "consentrecord",
            "status",
            models.CharField(
                choices=[(status, status.title()) for status in STATUSES], default="requested", max_length=16
            ),
        ),
        migrations.AddConstraint(
            "consentrecord",
            models.CheckConstraint(condition=models.Q(("status__in", STATUSES)), name="consent_status_known"),
        ),
        migrations.AddField(
            "consentrecord",
            "replaces",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="consent.consentrecord",
            ),
        ),
        migrations.AddConstraint(
            "consentrecord",
            models.UniqueConstraint(
                condition=models.Q(("given_at__isnull", False)),
                fields=("replaces",),
                name="one_consent_takes_the_place",
            ),
        ),
        KeepWithinOrganisation("consent_consentrecord", "replaces_id", parent="consent_consentrecord"),
        migrations.AddField("consentpurpose", "taken_back_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "consentpurpose",
            models.CheckConstraint(
                condition=models.Q(("active", False), ("taken_back_at__isnull", True), _connector="OR"),
                name="purpose_taken_back_is_not_active",
            ),
        ),
        migrations.AlterField(
            "receipt",
            "consent",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="consent.consentrecord"
            ),
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(choices=[(kind, kind.replace("-", " ").title()) for kind in KINDS], max_length=32)),
                ("notice_version", models.CharField(blank=True, max_length=32)),
                ("sent_at", models.DateTimeField(auto_now_add=True)),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
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
                    models.CheckConstraint(condition=models.Q(("kind__in", KINDS)), name="reminder_kind_known"),
                    models.UniqueConstraint(fields=("consent", "kind", "notice_version"), name="reminded_once"),
                ],
            },
        ),
        EnableRowSecurity("consent_reminder"),
        KeepWithinOrganisation("consent_reminder", "consent_id", parent="consent_consentrecord"),
    ]
