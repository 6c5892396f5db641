"""Appeals against a finding: ask again, and somebody else decides, with a statement of reasons."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from safety import lists
from safety.errors import ProtectionError
from safety.models import AppealStatus, ProtectedVoice, ProtectionAppeal
from tenancy.scope import current_actor, current_organisation

LONGEST_GROUNDS = 5_000


def file(voice_id: UUID, *, grounds: str) -> ProtectionAppeal:
    """Ask that a listed voice, the organisation's own or the platform's, be looked at again.

    Raises:
        ProtectionError: protected-voice-unknown, or grounds are missing or over-long.
    """
    if not grounds.strip() or len(grounds) > LONGEST_GROUNDS:
        raise ProtectionError(f"Give the grounds of the appeal, in at most {LONGEST_GROUNDS} characters.")
    voice = ProtectedVoice.objects.filter(id=voice_id, removed_at=None).first()
    if voice is None or voice.organisation_id not in {None, current_organisation()}:
        raise ProtectionError("There is no such protected voice.", code="protected-voice-unknown")
    appeal = ProtectionAppeal.objects.create(
        organisation_id=current_organisation(), voice=voice, grounds=grounds, filed_by=current_actor()
    )
    append(Event.PROTECTION_APPEAL_FILED, refs={"protected_voice": voice.id}, data={"appeal": str(appeal.id)})
    return appeal


def decide(appeal_id: UUID, *, grant: bool, statement: str) -> ProtectionAppeal:
    """Grant or dismiss, as a member who did not file it; granting proposes the removal, to which another agrees.

    A granted appeal about the platform's list waits for the platform's operator, who alone changes that list.

    Raises:
        ProtectionError: appeal-unknown, appeal-decided, four-eyes, or the statement is missing.
    """
    rows = ProtectionAppeal.objects.select_for_update(of=("self",)).select_related("voice__listing")
    appeal = rows.filter(id=appeal_id, organisation_id=current_organisation()).first()
    if appeal is None:
        raise ProtectionError("There is no such appeal in this organisation.", code="appeal-unknown")
    if appeal.status != AppealStatus.OPEN:
        raise ProtectionError(f"The appeal was {appeal.status} already.", code="appeal-decided")
    actor = current_actor()
    if not actor.startswith("member:") or actor == appeal.filed_by:
        raise ProtectionError("A member who did not file the appeal has to decide it.", code="four-eyes")
    if not statement.strip():
        raise ProtectionError("Say why: whoever appealed is owed the reasons.")
    appeal.status = AppealStatus.GRANTED if grant else AppealStatus.DISMISSED
    appeal.decided_by, appeal.decided_at, appeal.statement = actor, timezone.now(), statement
    appeal.save()
    if grant and appeal.voice.organisation_id is not None and appeal.voice.removed_at is None:
        lists.propose_removal(appeal.voice, reason=f"appeal {appeal.id} was granted")
    data = {"appeal": str(appeal.id), "status": appeal.status}
    append(Event.PROTECTION_APPEAL_DECIDED, refs={"protected_voice": appeal.voice_id}, data=data)
    return appeal
