"""The record of events only grows."""

from django.db import migrations

from audit.append_only import MakeAppendOnly


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_row_security")]

    operations = [MakeAppendOnly("audit_entry")]
