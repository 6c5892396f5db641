"""What is audible at the start of a clip, and what a request wants to be."""

from django.db import migrations, models

SIGNS = [("none", "none"), ("rhythm", "rhythm"), ("words", "words")]


class Migration(migrations.Migration):
    dependencies = [("governance", "0008_forensics")]

    operations = [
        migrations.AddField("clip", "disclosure", models.CharField(choices=SIGNS, default="none", max_length=8)),
        migrations.AddField("clip", "disclosure_seconds", models.FloatField(default=0.0)),
        migrations.AddField(
            "synthesisrequest", "audible_disclosure", models.CharField(choices=SIGNS, default="none", max_length=8)
        ),
        migrations.AddConstraint(
            "clip",
            models.CheckConstraint(
                condition=models.Q(disclosure="none", disclosure_seconds=0.0)
                | models.Q(disclosure__in=["rhythm", "words"], disclosure_seconds__gt=0.0),
                name="disclosure_of_a_clip_known",
            ),
        ),
        migrations.AddConstraint(
            "synthesisrequest",
            models.CheckConstraint(
                condition=models.Q(audible_disclosure__in=["none", "rhythm", "words"]),
                name="disclosure_asked_for_known",
            ),
        ),
    ]
