"""Sentences that a speaker recorded for enrolment, before they are handed in."""

import django.db.models.deletion
import tenancy.ids
from django.db import migrations, models

from tenancy.rls import EnableRowSecurity, KeepWithinOrganisation


class Migration(migrations.Migration):

    dependencies = [
        ("consent", "0005_requests_and_second_factor"),
        ('tenancy', '0003_keys'),
        ('voices', '0004_left_out_samples'),
    ]

    operations = [
        migrations.CreateModel(
            name='OfferedSample',
            fields=[
                ('id', models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('status', models.CharField(choices=[('checking', 'Checking'), ('good', 'Good'), ('refused', 'Refused')], default='checking', max_length=16)),
                ('blob', models.CharField(max_length=200)),
                ('sha256', models.CharField(max_length=64)),
                ('net_speech_seconds', models.FloatField(blank=True, null=True)),
                ('reasons', models.JSONField(default=list)),
                ('offered_at', models.DateTimeField(auto_now_add=True)),
                ('consent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='consent.consentrecord')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['checking', 'good', 'refused'])), name='offer_status_known'), models.UniqueConstraint(fields=('consent', 'number'), name='sentence_offered_once')],
            },
        ),
        EnableRowSecurity("voices_offeredsample"),
        KeepWithinOrganisation("voices_offeredsample", "consent_id", parent="consent_consentrecord"),
    ]
