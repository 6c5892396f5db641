"""Ends what an interrupted run left behind: a voice that is still enrolled would hold the next run's as a duplicate."""

from __future__ import annotations

from deploy.demo.cast import AMARA, IVO, PROTECTED
from governance.erasure import erase
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from voices.models import Voice, VoiceStatus

REASON = "demonstration-ended"


def erase_leftovers(*, slug: str) -> int:
    """Erase the cast's enrolled voices in this organisation, and all that stands on them; how many speakers it were.

    Nobody else's voice is touched: a live person may have tried the same by hand.
    """
    organisation = Organisation.objects.get(slug=slug)
    with organisation_scope(organisation.id, actor="system"):
        kept = Voice.objects.filter(speaker__name__in=[person.name for person in (AMARA, IVO, PROTECTED)])
        kept = kept.exclude(status__in=[VoiceStatus.ERASED, VoiceStatus.REFUSED])
        speakers = sorted(set(kept.values_list("speaker_id", flat=True)))
        for speaker_id in speakers:
            erase(speaker_id, reason=REASON)
    return len(speakers)
