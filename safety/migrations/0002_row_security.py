"""Row-level security on the tables of `safety`."""

from django.db import migrations

from tenancy.rls import PLATFORM_ROWS, PLATFORM_WRITES, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("safety", "0001_initial")]

    operations = [
        EnableRowSecurity("safety_protectedvoice", also_select=PLATFORM_ROWS, also_write=PLATFORM_WRITES),
    ]
