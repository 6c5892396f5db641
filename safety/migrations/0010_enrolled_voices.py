"""Copies of enrolled voices under a key of the platform's own, by which a second enrolment of a voice is found."""

import django.db.models.deletion
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity

PLATFORM = "current_setting('vivavoce.platform', true) = 'on'"


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial"), ("safety", "0003_protected_lists")]

    operations = [
        migrations.CreateModel(
            name="PlatformKey",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=40, unique=True)),
                ("wrapped", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="EnrolledVoice",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("speaker_id", models.UUIDField()),
                ("voice_id", models.UUIDField(unique=True)),
                ("encoders", models.JSONField()),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.organisation"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(
            sql=(
                'ALTER TABLE "safety_platformkey" ENABLE ROW LEVEL SECURITY',
                'ALTER TABLE "safety_platformkey" FORCE ROW LEVEL SECURITY',
                f'CREATE POLICY platform_only ON "safety_platformkey" USING ({PLATFORM}) WITH CHECK ({PLATFORM})',
            ),
            reverse_sql=(
                'DROP POLICY platform_only ON "safety_platformkey"',
                'ALTER TABLE "safety_platformkey" NO FORCE ROW LEVEL SECURITY',
                'ALTER TABLE "safety_platformkey" DISABLE ROW LEVEL SECURITY',
            ),
        ),
        EnableRowSecurity("safety_enrolledvoice", also_select=PLATFORM),
    ]
