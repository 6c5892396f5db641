"""What a request must say, the speaker's sealed address, codes, sessions and mails; and guesses at links."""

import django.db.models.deletion
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation


def identity():
    return models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)


def reference(to, related_name, **further):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to, **further)


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_voice_of_every_encoder")]

    operations = [
        migrations.AddField("speaker", "contact_blob", models.CharField(blank=True, max_length=200)),
        migrations.AddField("consentrecord", "territory", models.JSONField(blank=True, default=list)),
        migrations.AddField("consentrecord", "compensation", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("consentrecord", "recipients", models.JSONField(blank=True, default=list)),
        migrations.AddField("consentrecord", "clips_may_be_distributed", models.BooleanField(default=False)),
        migrations.AddField("consentrecord", "adult", models.BooleanField(blank=True, null=True)),
        migrations.CreateModel(
            name="CeremonyCode",
            fields=[
                ("id", identity()),
                ("code_hash", models.CharField(max_length=64)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("issued_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("organisation", reference("tenancy.organisation", "+")),
                ("link", reference("consent.speakerlink", "codes")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="CeremonySession",
            fields=[
                ("id", identity()),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("organisation", reference("tenancy.organisation", "+")),
                ("link", reference("consent.speakerlink", "sessions")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="SpeakerMail",
            fields=[
                ("id", identity()),
                ("kind", models.CharField(max_length=32)),
                ("sealed", models.BinaryField(blank=True, null=True)),
                ("written_at", models.DateTimeField(auto_now_add=True)),
                ("useful_until", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("organisation", reference("tenancy.organisation", "+")),
                ("consent", reference("consent.consentrecord", "mails")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="LinkGuess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"indexes": [models.Index(fields=["address_hash", "at"], name="link_guess_by_address")]},
        ),
        migrations.AddField(
            "challenge", "session", reference("consent.ceremonysession", "challenges", blank=True, null=True)
        ),
        EnableRowSecurity("consent_ceremonycode"),
        EnableRowSecurity("consent_ceremonysession"),
        EnableRowSecurity("consent_speakermail"),
        KeepWithinOrganisation("consent_ceremonycode", "link_id", parent="consent_speakerlink"),
        KeepWithinOrganisation("consent_ceremonysession", "link_id", parent="consent_speakerlink"),
        KeepWithinOrganisation("consent_speakermail", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("consent_challenge", "session_id", parent="consent_ceremonysession"),
    ]
