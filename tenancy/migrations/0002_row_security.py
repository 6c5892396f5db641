"""Row-level security on the tables of `tenancy`."""

from django.db import migrations

from tenancy.rls import OWN_MEMBERSHIPS, PRESENTED_TOKEN, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial")]

    operations = [
        EnableRowSecurity("tenancy_membership", also_select=OWN_MEMBERSHIPS),
        EnableRowSecurity("tenancy_apikey", also_select=PRESENTED_TOKEN),
        EnableRowSecurity("tenancy_organisationkey"),
        EnableRowSecurity("tenancy_subjectkey"),
    ]
