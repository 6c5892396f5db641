"""Consent's tasks on the queue; each may run twice, and a lost message is sent again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consent import mail, reminders, verification
from consent.models import CeremonyRecording, RecordingStatus
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

GIVE_UP_RESENDING_AFTER = timedelta(days=1)


@shared_task(name="consent.verify_recording")
def verify_recording(organisation_id: str, recording_id: str) -> None:
    """Verify one ceremony recording."""
    verification.verify_recording(UUID(recording_id), organisation_id=UUID(organisation_id))


@shared_task(name="consent.resend_recordings")
def resend_recordings() -> None:
    """Send recordings again whose message was lost."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            _resend_recordings()


@shared_task(name=mail.TASK)
def send_mail(organisation_id: str, mail_id: str) -> None:
    """Send one mail to a speaker."""
    mail.deliver(UUID(mail_id), organisation_id=UUID(organisation_id))


@shared_task(name="consent.resend_mails")
def resend_mails() -> None:
    """Send mails again that could not be sent, or whose message was lost."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            mail.resend()


@shared_task(name="consent.send_reminders")
def send_reminders() -> None:
    """Remind speakers whose consent ends soon, or whose notice has changed."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        reminders.remind_due(organisation_id)


def queue_verification(recording: CeremonyRecording) -> None:
    """Send the recording to a worker once its row is committed."""
    arguments = (str(recording.organisation_id), str(recording.id))
    transaction.on_commit(lambda: verify_recording.delay(*arguments))


def _resend_recordings() -> None:
    now = timezone.now()
    stuck = CeremonyRecording.objects.filter(
        status=RecordingStatus.RECEIVED,
        received_at__lt=now - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT),
        received_at__gt=now - GIVE_UP_RESENDING_AFTER,
    )
    for recording in stuck:
        queue_verification(recording)
