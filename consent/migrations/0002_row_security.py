"""Row-level security on the tables of `consent`."""

from django.db import migrations

from tenancy.rls import PRESENTED_TOKEN, EnableRowSecurity, KeepWithinOrganisation


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial")]

    operations = [
        EnableRowSecurity("consent_speaker"),
        EnableRowSecurity("consent_consentrecord"),
        EnableRowSecurity("consent_consentpurpose"),
        EnableRowSecurity("consent_speakerlink", also_select=PRESENTED_TOKEN),
        EnableRowSecurity("consent_challenge"),
        EnableRowSecurity("consent_ceremonyrecording"),
        EnableRowSecurity("consent_receipt"),
        KeepWithinOrganisation("consent_consentrecord", "speaker_id", parent="consent_speaker"),
        KeepWithinOrganisation("consent_consentpurpose", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("consent_consentpurpose", "speaker_id", parent="consent_speaker"),
        KeepWithinOrganisation("consent_speakerlink", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("consent_challenge", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("consent_ceremonyrecording", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("consent_ceremonyrecording", "challenge_id", parent="consent_challenge"),
        KeepWithinOrganisation("consent_receipt", "consent_id", parent="consent_consentrecord"),
    ]
