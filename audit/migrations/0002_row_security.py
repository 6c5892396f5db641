"""Row-level security on the tables of `audit`."""

from django.db import migrations

from tenancy.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        EnableRowSecurity("audit_entry"),
    ]
