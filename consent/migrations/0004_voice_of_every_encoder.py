"""A ceremony keeps the voice as every encoder heard it; what one alone heard is heard again when it is needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_jurisdictions")]

    operations = [
        migrations.RenameField("ceremonyrecording", "embedding_model", "embedding_models"),
        migrations.AlterField("ceremonyrecording", "embedding_models", models.JSONField(default=list)),
    ]
