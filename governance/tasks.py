"""The queue's tasks: primitives in, one call down; the rows are the truth and a lost message is sent again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance import detection, do_not_clone, erasure_repair, expiry, permits, preparation
from governance import render as rendering
from governance.decisions import as_reasons
from governance.forensic_models import Examination
from governance.forensics import examining, webhooks
from governance.models import Detection, Permit, PermitStatus
from governance.rules import Objection
from safety import lists
from safety.models import ProtectionRequest
from tenancy.models import Organisation
from tenancy.scope import organisation_scope, platform_scope
from voices import enrolment, reenrolment
from voices.models import Voice, VoiceStatus

LOST_AFTER = timedelta(seconds=60)


@shared_task(name="governance.enrol_voice")
def enrol_voice(organisation_id: str, voice_id: str) -> None:
    """Check a voice's samples and, when they pass, let the engine prepare it."""
    with organisation_scope(UUID(organisation_id), actor="system"):
        enrolment.enrol(UUID(voice_id))
    preparation.prepare(UUID(voice_id), organisation_id=UUID(organisation_id))


@shared_task(name="governance.reenrol_voice")
def reenrol_voice(organisation_id: str, voice_id: str) -> str:
    """Make one voice's references anew by today's encoders; what came of it."""
    with organisation_scope(UUID(organisation_id), actor="system"):
        return reenrolment.reenrol(UUID(voice_id))


@shared_task(name="governance.render_clip")
def render_clip(organisation_id: str, permit_id: str) -> None:
    """Render one permit; a permit that was taken already is left alone."""
    rendering.render(UUID(permit_id), organisation_id=UUID(organisation_id))


@shared_task(name="governance.examine_upload")
def examine_upload(organisation_id: str, detection_id: str) -> None:
    """Read the marks of an upload."""
    detection.examine(UUID(detection_id), organisation_id=UUID(organisation_id))


@shared_task(name="governance.examine_file")
def examine_file(organisation_id: str, examination_id: str) -> None:
    """Examine a file that was handed in, and say so when it has ended."""
    examining.examine(UUID(examination_id), organisation_id=UUID(organisation_id))
    send_webhook.delay(organisation_id, examination_id)


@shared_task(name="governance.send_webhook")
def send_webhook(organisation_id: str, examination_id: str) -> None:
    """Send the message that an examination has ended, if one is due."""
    webhooks.deliver(UUID(examination_id), organisation_id=UUID(organisation_id))


@shared_task(name="governance.verify_protection_request")
def verify_protection_request(request_id: str) -> None:
    """Hear the recording of somebody who asks not to be cloned."""
    do_not_clone.verify(UUID(request_id))


@shared_task(name="governance.end_expired_protection")
def end_expired_protection() -> None:
    """Take off the lists whoever's protection is over, with their references."""
    with platform_scope():
        lists.end_expired(organisation_id=None)
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            lists.end_expired(organisation_id=organisation_id)


@shared_task(name="governance.requeue_lost_work")
def requeue_lost_work() -> None:
    """Take back leases of workers that died, and send again what has waited too long for its message."""
    for organisation in Organisation.objects.all():
        with organisation_scope(organisation.id, actor="system"):
            _reclaim_leases()
            _resend_messages()


@shared_task(name="governance.expire_consents")
def expire_consents() -> None:
    """End every consent whose time is over, and erase what stood on it."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        expiry.expire_due(organisation_id)


@shared_task(name="governance.repair_erasures")
def repair_erasures() -> None:
    """Finish what a crash right after an erasure left undone: the ledger's line, and files to be deleted."""
    erasure_repair.repair()


def _reclaim_leases() -> None:
    lost = Objection(
        "render-worker-lost", "deny", "The worker was lost while rendering.", "Nothing: it is tried again."
    )
    for permit in Permit.objects.filter(status=PermitStatus.REDEEMED, leased_until__lt=timezone.now()):
        permits.give_back(permit, reason=as_reasons([lost])[0])


def _resend_messages() -> None:
    old = timezone.now() - LOST_AFTER
    for permit in Permit.objects.filter(status=PermitStatus.ISSUED, issued_at__lt=old):
        if permit.expires_at > timezone.now():
            queue_render(permit)
        else:
            permits.expire(permit)
    stuck = timezone.now() - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    unfinished = [VoiceStatus.CHECKING, VoiceStatus.PREPARING]
    for voice in Voice.objects.filter(status__in=unfinished, changed_at__lt=stuck):
        queue_enrolment(voice)
    for upload in Detection.objects.filter(status="received", received_at__lt=stuck):
        queue_detection(upload)
    for examination in examining.lost():
        queue_examination(examination)
    for examination in webhooks.due():
        send_webhook.delay(str(examination.organisation_id), str(examination.id))


def queue_render(permit: Permit) -> None:
    """Send the permit to a worker once its row is committed."""
    arguments = (str(permit.organisation_id), str(permit.id))
    transaction.on_commit(lambda: render_clip.delay(*arguments))


def queue_enrolment(voice: Voice) -> None:
    """Send the voice to a worker once its row is committed."""
    arguments = (str(voice.organisation_id), str(voice.id))
    transaction.on_commit(lambda: enrol_voice.delay(*arguments))


def queue_detection(upload: Detection) -> None:
    """Send the upload to a worker once its row is committed."""
    arguments = (str(upload.organisation_id), str(upload.id))
    transaction.on_commit(lambda: examine_upload.delay(*arguments))


def queue_examination(examination: Examination) -> None:
    """Send the examination to a worker once its row is committed."""
    arguments = (str(examination.organisation_id), str(examination.id))
    transaction.on_commit(lambda: examine_file.delay(*arguments))


def queue_protection_request(request: ProtectionRequest) -> None:
    """Send the request to a worker once its row is committed."""
    transaction.on_commit(lambda: verify_protection_request.delay(str(request.id)))
