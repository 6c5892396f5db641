"""Forensic examinations and their chains of custody, which only grow; and who asked the public detector lately."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from audit.append_only import ForApplication
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'
STATES = [("received", "Received"), ("running", "Running"), ("completed", "Completed"), ("failed", "Failed")]
WEBHOOK_STATES = [("", "None"), ("waiting", "Waiting"), ("delivered", "Delivered"), ("given-up", "Given Up")]
ACTIONS = [
    ("received", "Received"),
    ("sealed", "Sealed"),
    ("opened", "Opened"),
    ("decoded", "Decoded"),
    ("examined", "Examined"),
    ("completed", "Completed"),
    ("handed-out", "Handed Out"),
    ("deleted", "Deleted"),
]
CHANGING = (
    "blob, status, progress, attempts, result, explanation, touched_at, completed_at, "
    "webhook_state, webhook_attempts, webhook_due_at, webhook_answer"
)
FOLLOW = """
CREATE FUNCTION {table}_follow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    place integer;
    hash text;
BEGIN
    EXECUTE format('SELECT sequence, sha256 FROM %I.{table} WHERE examination_id = $1 ORDER BY sequence DESC LIMIT 1',
        TG_TABLE_SCHEMA) INTO place, hash USING NEW.examination_id;
    IF place IS NULL THEN
        place := 0;
        EXECUTE format('SELECT sha256 FROM %I.governance_examination WHERE id = $1',
            TG_TABLE_SCHEMA) INTO hash USING NEW.examination_id;
    END IF;
    IF NEW.sequence <> place + 1 OR NEW.previous_sha256 IS DISTINCT FROM hash THEN
        RAISE EXCEPTION 'a custody event must follow on the last one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$
"""
REFUSE = """
CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: a chain of custody only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
RAISED = (
    FOLLOW,
    REFUSE,
    "CREATE TRIGGER {table}_follow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_follow()",
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_follow",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change",
    "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate",
    "REVOKE ALL ON {table} FROM PUBLIC, {application}",
    "GRANT SELECT, INSERT ON {table} TO {application}",
)
LOWERED = (
    "DROP TRIGGER {table}_no_truncate ON {table}",
    "DROP TRIGGER {table}_no_change ON {table}",
    "DROP TRIGGER {table}_follow ON {table}",
    "DROP FUNCTION {table}_refuse()",
    "DROP FUNCTION {table}_follow()",
)


class Migration(migrations.Migration):
    dependencies = [("governance", "0007_clip_files"), ("tenancy", "0005_examine_permission")]

    operations = [
        migrations.CreateModel(
            name="DetectorCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["address_hash", "at"], name="detector_call_by_address")],
            },
        ),
        migrations.CreateModel(
            name="Examination",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("case_number", models.CharField(max_length=100)),
                ("question", models.TextField()),
                ("requested_by", models.CharField(max_length=100)),
                ("filename", models.CharField(max_length=255)),
                ("media_type", models.CharField(max_length=100)),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("blob", models.CharField(blank=True, max_length=200)),
                ("status", models.CharField(choices=STATES, default="received", max_length=16)),
                ("progress", models.FloatField(default=0.0)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("protocol", models.JSONField()),
                ("protocol_sha256", models.CharField(max_length=64)),
                ("protocol_entry_id", models.UUIDField()),
                ("result", models.JSONField(default=dict)),
                ("explanation", models.TextField(blank=True)),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                ("touched_at", models.DateTimeField(auto_now_add=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("webhook_url", models.CharField(blank=True, max_length=500)),
                (
                    "webhook_state",
                    models.CharField(blank=True, choices=WEBHOOK_STATES, default="", max_length=16),
                ),
                ("webhook_attempts", models.PositiveSmallIntegerField(default=0)),
                ("webhook_due_at", models.DateTimeField(blank=True, null=True)),
                ("webhook_answer", models.CharField(blank=True, max_length=300)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "case_number"], name="examination_by_case")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(status__in=["received", "running", "completed", "failed"]),
                        name="examination_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(webhook_state__in=["", "waiting", "delivered", "given-up"]),
                        name="webhook_state_known",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(case_number="") & ~models.Q(question=""),
                        name="examination_has_case_and_question",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status__in=["received", "running"], completed_at__isnull=True)
                        | models.Q(status__in=["completed", "failed"], completed_at__isnull=False),
                        name="examination_ended_at_its_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(progress__gte=0.0, progress__lte=1.0),
                        name="examination_progress_is_a_share",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CustodyEvent",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("sequence", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=100)),
                ("action", models.CharField(choices=ACTIONS, max_length=16)),
                ("in_sha256", models.CharField(max_length=64)),
                ("out_sha256", models.CharField(blank=True, max_length=64)),
                ("tool", models.CharField(blank=True, max_length=200)),
                ("parameters", models.JSONField(default=dict)),
                ("previous_sha256", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "examination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="custody",
                        to="governance.examination",
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
                    models.UniqueConstraint(fields=["examination", "sequence"], name="one_custody_event_per_place"),
                    models.CheckConstraint(
                        condition=models.Q(action__in=[action for action, _ in ACTIONS]), name="custody_action_known"
                    ),
                ],
            },
        ),
        EnableRowSecurity("governance_examination"),
        EnableRowSecurity("governance_custodyevent"),
        KeepWithinOrganisation("governance_custodyevent", "examination_id", parent="governance_examination"),
        migrations.RunSQL(
            [
                f"REVOKE UPDATE, DELETE, TRUNCATE ON governance_examination FROM {APPLICATION}",
                f"GRANT UPDATE ({CHANGING}) ON governance_examination TO {APPLICATION}",
            ],
            [f"GRANT UPDATE, DELETE ON governance_examination TO {APPLICATION}"],
        ),
        ForApplication("governance_custodyevent", raised=RAISED, lowered=LOWERED),
    ]
