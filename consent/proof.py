"""The proof of a consent, and its destruction once no law asks to keep it any longer."""

from __future__ import annotations

from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import contact
from consent.errors import ConsentError
from consent.models import (
    CeremonyCode,
    CeremonyRecording,
    CeremonySession,
    Challenge,
    ConsentRecord,
    ConsentStatus,
    Receipt,
    Reminder,
    Representative,
    SpeakerLink,
    SpeakerMail,
)
from consent.succession import heir_of
from tenancy.ids import new_id

ENDED = (ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED)
UNNAMED = "(destroyed)"


def destroy(consent: ConsentRecord) -> None:
    """Take every word, name and hash out of a consent that has ended; what stays is that there was one, and when.

    The speaker's name and address go with the last of their consents. Raises `ConsentError` for a consent that has
    not ended; one that was superseded has not ended before its heir has, for voices and clips live on there.
    """
    locked = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if heir_of(locked).status not in ENDED:
        raise ConsentError("consent-transition", "The proof of a consent that has not ended cannot be destroyed.")
    if locked.proof_destroyed_at is not None:
        return
    locked.proof_destroyed_at = timezone.now()
    locked.notice_text = locked.notice_sha256 = locked.statement = locked.intended_use = ""
    locked.compensation = ""
    locked.evidence, locked.languages, locked.territory, locked.recipients = {}, [], [], []
    locked.save()
    locked.purposes.all().delete()
    Receipt.objects.filter(consent=locked).delete()
    Reminder.objects.filter(consent=locked).delete()
    Challenge.objects.filter(consent=locked).update(phrase="", session=None)
    _forget_links(locked)
    for recording in CeremonyRecording.objects.filter(consent=locked):
        recording.sha256, recording.reasons, recording.findings = f"destroyed-{new_id()}", [], {}
        recording.save(update_fields=["sha256", "reasons", "findings"])
    Representative.objects.filter(consent=locked).update(name=UNNAMED, statement="", document_sha256="", reasons=[])
    _forget_name(locked)
    append(Event.CONSENT_PROOF_DESTROYED, refs={"consent": locked.id, "speaker": locked.speaker_id})
    consent.proof_destroyed_at = locked.proof_destroyed_at


def _forget_links(consent: ConsentRecord) -> None:
    SpeakerMail.objects.filter(consent=consent).delete()
    for opened in (CeremonyCode, CeremonySession):
        opened.objects.filter(link__consent=consent).delete()
    SpeakerLink.objects.filter(consent=consent).delete()


def _forget_name(consent: ConsentRecord) -> None:
    if not ConsentRecord.objects.filter(speaker_id=consent.speaker_id, proof_destroyed_at__isnull=True).exists():
        consent.speaker.name = UNNAMED
        consent.speaker.save(update_fields=["name"])
        contact.forget(consent.speaker_id)
