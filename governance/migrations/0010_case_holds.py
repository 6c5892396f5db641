"""Legal holds on the files of a case: fenced by organisation, lifted but never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_disclosure")]

    operations = [
        migrations.CreateModel(
            name="CaseHold",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("case_number", models.CharField(max_length=100)),
                ("reason", models.TextField()),
                ("placed_by", models.CharField(max_length=200)),
                ("placed_at", models.DateTimeField(auto_now_add=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "case_number"], name="hold_by_case")],
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(case_number="") & ~models.Q(reason="") & ~models.Q(placed_by=""),
                        name="case_hold_says_which_why_and_who",
                    )
                ],
            },
        ),
        EnableRowSecurity("governance_casehold"),
        migrations.RunSQL(
            [
                f"REVOKE UPDATE, DELETE, TRUNCATE ON governance_casehold FROM {APPLICATION}",
                f"GRANT UPDATE (lifted_at) ON governance_casehold TO {APPLICATION}",
            ],
            f"GRANT UPDATE, DELETE ON governance_casehold TO {APPLICATION}",
        ),
    ]
