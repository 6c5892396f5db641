"""Row-level security on the tables of `voices`."""

from django.db import migrations

from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation


class Migration(migrations.Migration):
    dependencies = [("voices", "0001_initial"), ("consent", "0002_row_security")]

    operations = [
        EnableRowSecurity("voices_voice"),
        EnableRowSecurity("voices_sample"),
        EnableRowSecurity("voices_reference"),
        EnableRowSecurity("voices_preparedvoice"),
        KeepWithinOrganisation("voices_voice", "speaker_id", parent="consent_speaker"),
        KeepWithinOrganisation("voices_voice", "consent_id", parent="consent_consentrecord"),
        KeepWithinOrganisation("voices_sample", "voice_id", parent="voices_voice"),
        KeepWithinOrganisation("voices_reference", "voice_id", parent="voices_voice"),
        KeepWithinOrganisation("voices_preparedvoice", "voice_id", parent="voices_voice"),
    ]
