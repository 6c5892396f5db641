"""Row-level security on the tables of `governance`."""

from django.db import migrations

from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial"), ("voices", "0002_row_security")]

    operations = [
        EnableRowSecurity("governance_synthesisrequest"),
        EnableRowSecurity("governance_decision"),
        EnableRowSecurity("governance_permit"),
        EnableRowSecurity("governance_clip"),
        EnableRowSecurity("governance_detection"),
        KeepWithinOrganisation("governance_synthesisrequest", "voice_id", parent="voices_voice"),
        KeepWithinOrganisation("governance_decision", "request_id", parent="governance_synthesisrequest"),
        KeepWithinOrganisation("governance_permit", "request_id", parent="governance_synthesisrequest"),
        KeepWithinOrganisation("governance_permit", "decision_id", parent="governance_decision"),
        KeepWithinOrganisation("governance_clip", "permit_id", parent="governance_permit"),
        KeepWithinOrganisation("governance_clip", "voice_id", parent="voices_voice"),
    ]
