"""Lists of protected voices with owner and revision, changes by two people, appeals, and people's own requests."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import tenancy.ids
from django.db import migrations, models

from tenancy.rls import PLATFORM_ROWS, PLATFORM_WRITES, PRESENTED_TOKEN, EnableRowSecurity, KeepWithinOrganisation


class Migration(migrations.Migration):

    dependencies = [
        ('safety', '0002_row_security'),
        ('tenancy', '0003_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProtectionAppeal',
            fields=[
                ('id', models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('grounds', models.TextField()),
                ('status', models.CharField(choices=[('open', 'Open'), ('granted', 'Granted'), ('dismissed', 'Dismissed')], default='open', max_length=16)),
                ('filed_by', models.CharField(max_length=100)),
                ('filed_at', models.DateTimeField(auto_now_add=True)),
                ('decided_by', models.CharField(blank=True, max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('statement', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='ProtectionRequest',
            fields=[
                ('id', models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('aliases', models.JSONField(default=list)),
                ('locale', models.CharField(max_length=16)),
                ('phrase', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('asked', 'Asked'), ('received', 'Received'), ('verified', 'Verified'), ('refused', 'Refused')], default='asked', max_length=16)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField()),
                ('received_at', models.DateTimeField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('recording', models.BinaryField(blank=True, null=True)),
                ('wrapped_key', models.BinaryField(blank=True, null=True)),
                ('reasons', models.JSONField(default=list)),
            ],
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='aliases',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='name_keys',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='revision',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='source',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.CreateModel(
            name='ProtectedList',
            fields=[
                ('id', models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('owner', models.CharField(max_length=200)),
                ('source', models.CharField(blank=True, max_length=200)),
                ('action', models.CharField(choices=[('deny', 'deny'), ('hold', 'hold')], default='deny', max_length=8)),
                ('threshold_offset', models.FloatField(default=0.0)),
                ('expires_after_days', models.PositiveIntegerField(blank=True, null=True)),
                ('revision', models.BigIntegerField(default=0)),
                ('wrapped_key', models.BinaryField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='ListChange',
            fields=[
                ('id', models.UUIDField(default=tenancy.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('add', 'add'), ('remove', 'remove'), ('settings', 'settings')], max_length=16)),
                ('particulars', models.JSONField(default=dict)),
                ('embedding', models.BinaryField(blank=True, null=True)),
                ('status', models.CharField(choices=[('proposed', 'Proposed'), ('applied', 'Applied'), ('rejected', 'Rejected')], default='proposed', max_length=16)),
                ('proposed_by', models.CharField(max_length=100)),
                ('proposed_at', models.DateTimeField(auto_now_add=True)),
                ('approvals', models.JSONField(default=list)),
                ('decided_by', models.CharField(blank=True, max_length=100)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('statement', models.TextField(blank=True)),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation')),
                ('voice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='safety.protectedvoice')),
                ('listing', models.ForeignKey(db_column='list_id', on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='safety.protectedlist')),
            ],
        ),
        migrations.AddField(
            model_name='protectedvoice',
            name='listing',
            field=models.ForeignKey(blank=True, db_column='list_id', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='voices', to='safety.protectedlist'),
        ),
        migrations.AddIndex(
            model_name='protectedvoice',
            index=models.Index(fields=['listing', 'revision'], name='protected_voice_changes'),
        ),
        migrations.AddIndex(
            model_name='protectedvoice',
            index=django.contrib.postgres.indexes.GinIndex(fields=['name_keys'], name='protected_voice_names'),
        ),
        migrations.AddField(
            model_name='protectionappeal',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation'),
        ),
        migrations.AddField(
            model_name='protectionappeal',
            name='voice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='safety.protectedvoice'),
        ),
        migrations.AddField(
            model_name='protectionrequest',
            name='change',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='safety.listchange'),
        ),
        migrations.AddField(
            model_name='protectionrequest',
            name='organisation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.organisation'),
        ),
        migrations.AddConstraint(
            model_name='protectedlist',
            constraint=models.UniqueConstraint(fields=('organisation', 'name'), name='one_protected_list_per_name'),
        ),
        migrations.AddConstraint(
            model_name='protectedlist',
            constraint=models.UniqueConstraint(condition=models.Q(('organisation__isnull', True)), fields=('name',), name='one_platform_list_per_name'),
        ),
        migrations.AddConstraint(
            model_name='protectedlist',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['deny', 'hold'])), name='protected_list_action_known'),
        ),
        migrations.AddConstraint(
            model_name='listchange',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['proposed', 'applied', 'rejected'])), name='list_change_status_known'),
        ),
        migrations.AddConstraint(
            model_name='listchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'applied'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('proposed_by__startswith', 'operator'), _connector='OR'), name='list_change_needs_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='protectionappeal',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['open', 'granted', 'dismissed'])), name='appeal_status_known'),
        ),
        migrations.AddConstraint(
            model_name='protectionappeal',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'open'), models.Q(models.Q(('decided_by', models.F('filed_by')), _negated=True), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='appeal_is_decided_by_another'),
        ),
        migrations.AddConstraint(
            model_name='protectionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['asked', 'received', 'verified', 'refused'])), name='protection_request_status'),
        ),
        EnableRowSecurity("safety_protectedlist", also_select=PLATFORM_ROWS, also_write=PLATFORM_WRITES),
        EnableRowSecurity("safety_listchange", also_select=PLATFORM_WRITES, also_write=PLATFORM_WRITES),
        EnableRowSecurity("safety_protectionappeal"),
        EnableRowSecurity(
            "safety_protectionrequest",
            also_select=f"organisation_id IS NULL AND ({PRESENTED_TOKEN} OR {PLATFORM_WRITES})",
            also_write=PLATFORM_WRITES,
        ),
        KeepWithinOrganisation("safety_protectedvoice", "list_id", parent="safety_protectedlist"),
        KeepWithinOrganisation("safety_listchange", "list_id", parent="safety_protectedlist"),
        KeepWithinOrganisation("safety_listchange", "voice_id", parent="safety_protectedvoice"),
    ]
