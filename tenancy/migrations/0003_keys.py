"""Keys get versions, states and secrets, and every subject's key names the organisation's key that wraps it."""

import django.db.models.deletion
from django.db import migrations, models

from tenancy.rls import KeepWithinOrganisation

TABLES = ("tenancy_organisationkey", "tenancy_subjectkey")
# Forced row security shows the owner no rows: it is lifted for this one statement, in the migration's transaction.
NAME_THE_WRAPPING_KEY = (
    *(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY' for table in TABLES),
    "UPDATE tenancy_subjectkey AS s SET organisation_key_id = o.id FROM tenancy_organisationkey AS o "
    "WHERE o.organisation_id = s.organisation_id AND s.wrapped IS NOT NULL",
    "SET CONSTRAINTS ALL IMMEDIATE",
    *(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY' for table in TABLES),
)


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0002_row_security")]

    operations = [
        migrations.RemoveConstraint(model_name="organisationkey", name="one_key_per_organisation"),
        migrations.RemoveConstraint(model_name="subjectkey", name="subject_key_present_or_shredded"),
        migrations.AddField("organisationkey", "version", models.PositiveIntegerField(default=1)),
        migrations.AddField("organisationkey", "state", models.CharField(default="active", max_length=16)),
        migrations.AddField("organisationkey", "wrapped_secret", models.BinaryField(null=True)),
        migrations.AlterField("organisationkey", "wrapped", models.BinaryField(null=True)),
        migrations.AlterField("organisationkey", "key_management_id", models.CharField(max_length=300)),
        migrations.AddField("subjectkey", "wrapped_secret", models.BinaryField(null=True)),
        migrations.AddField(
            "subjectkey",
            "organisation_key",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="subject_keys",
                to="tenancy.organisationkey",
            ),
        ),
        migrations.RunSQL(NAME_THE_WRAPPING_KEY, migrations.RunSQL.noop),
        KeepWithinOrganisation("tenancy_subjectkey", "organisation_key_id", parent="tenancy_organisationkey"),
        migrations.AddConstraint(
            "organisationkey",
            models.UniqueConstraint(fields=["organisation", "version"], name="one_organisation_key_per_version"),
        ),
        migrations.AddConstraint(
            "organisationkey",
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(state="active"), name="one_active_key_per_organisation"
            ),
        ),
        migrations.AddConstraint(
            "organisationkey",
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "retiring", "destroyed"]), name="organisation_key_state_known"
            ),
        ),
        migrations.AddConstraint(
            "organisationkey",
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "retiring"], wrapped__isnull=False)
                | models.Q(state="destroyed", wrapped__isnull=True, wrapped_secret__isnull=True),
                name="organisation_key_present_or_destroyed",
            ),
        ),
        migrations.AddConstraint(
            "subjectkey",
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=False, organisation_key__isnull=False, shredded_at__isnull=True)
                | models.Q(
                    wrapped__isnull=True,
                    wrapped_secret__isnull=True,
                    organisation_key__isnull=True,
                    shredded_at__isnull=False,
                ),
                name="subject_key_present_or_shredded",
            ),
        ),
    ]
