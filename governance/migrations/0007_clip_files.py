"""A clip's files, one row for every form it is delivered in; what was kept as WAV and MP3 moves there."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenancy.ids
from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation

APPLICATION = '"' + str(settings.DATABASES["default"]["USER"]).replace('"', '""') + '"'
COLUMNS = (("wav_blob", 200), ("mp3_blob", 200), ("wav_sha256", 64), ("mp3_sha256", 64))
TABLES = ("governance_clip", "governance_clipfile")
# The owner is fenced too, and in no organisation's scope: for this one move the fence does not hold for it.
OPEN = tuple(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY' for table in TABLES)
CLOSED = tuple(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY' for table in TABLES)
NOW = "SET CONSTRAINTS ALL IMMEDIATE"  # or their pending checks would keep the fence from being closed again


def _moved(form: str) -> str:
    return (
        "INSERT INTO governance_clipfile (id, organisation_id, clip_id, form, blob, sha256) "
        f"SELECT gen_random_uuid(), organisation_id, id, '{form}', {form}_blob, {form}_sha256 FROM governance_clip"
    )


def _returned(form: str) -> str:
    return (
        f"UPDATE governance_clip c SET {form}_blob = f.blob, {form}_sha256 = f.sha256 "
        f"FROM governance_clipfile f WHERE f.clip_id = c.id AND f.form = '{form}'"
    )


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_reviews")]

    operations = [
        migrations.CreateModel(
            name="ClipFile",
            fields=[
                ("id", models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("form", models.CharField(max_length=8)),
                ("blob", models.CharField(blank=True, default="", max_length=200)),
                ("sha256", models.CharField(max_length=64)),
                (
                    "clip",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="files", to="governance.clip"
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
                    models.UniqueConstraint(fields=["clip", "form"], name="one_file_per_form"),
                    models.CheckConstraint(
                        condition=models.Q(form__in=["wav", "mp3", "flac", "m4a"]), name="form_of_a_clip_known"
                    ),
                ],
            },
        ),
        EnableRowSecurity("governance_clipfile"),
        KeepWithinOrganisation("governance_clipfile", "clip_id", parent="governance_clip"),
        *(  # on the way back the columns come again before what belongs in them
            migrations.AlterField("clip", column, models.CharField(max_length=length, default=""))
            for column, length in COLUMNS
        ),
        migrations.RunSQL(
            (*OPEN, _moved("wav"), _moved("mp3"), NOW, *CLOSED),
            (*OPEN, _returned("wav"), _returned("mp3"), NOW, *CLOSED),
        ),
        migrations.RunSQL(
            f"REVOKE DELETE, TRUNCATE ON governance_clipfile FROM {APPLICATION}",
            f"GRANT DELETE ON governance_clipfile TO {APPLICATION}",
        ),
        *(migrations.RemoveField("clip", column) for column, _ in COLUMNS),
    ]
