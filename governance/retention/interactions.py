"""When a speaker was last heard of: what they themselves did, never what was done with their voice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Max, Min

from consent.models import CeremonyRecording, ConsentRecord, SpeakerLink


def last_interaction(speaker_id: UUID) -> datetime:
    """When they last read a notice, recorded, said yes or opened a link of theirs; else when they were first asked.

    Raises:
        ConsentRecord.DoesNotExist: nobody ever asked this speaker anything.
    """
    consents = ConsentRecord.objects.filter(speaker_id=speaker_id).aggregate(
        shown=Max("notice_shown_at"), given=Max("given_at"), asked=Min("requested_at")
    )
    recorded = CeremonyRecording.objects.filter(consent__speaker_id=speaker_id).aggregate(at=Max("received_at"))["at"]
    opened = SpeakerLink.objects.filter(consent__speaker_id=speaker_id).aggregate(at=Max("last_used_at"))["at"]
    if consents["asked"] is None:
        raise ConsentRecord.DoesNotExist(f"No consent was ever asked of speaker {speaker_id}.")
    known = [moment for moment in (consents["shown"], consents["given"], recorded, opened) if moment is not None]
    found: datetime = max(known, default=consents["asked"])
    return found
