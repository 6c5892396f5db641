"""Carry out again, in a restored database, everything of the ledger, until nothing of it is left there either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from audit import recovery
from audit.events import Event
from audit.queries import known_entries
from consent import lifecycle, receipts
from consent.models import ConsentStatus, Speaker
from consent.queries import purposes_of
from consent.succession import heir_of, lock_consents
from governance import erasure_repair
from governance.erasure import erase
from governance.erasure_ledger import AnyLine, Line, Narrowing
from governance.errors import BackupError
from governance.models import DestructionCertificate
from tenancy import keyring
from tenancy.models import Organisation
from tenancy.scope import organisation_scope

TAKEN_BACK = (
    Event.SUBJECT_ERASED,
    Event.CONSENT_MATERIAL_ERASED,
    Event.ERASURE_POSTPONED,
    Event.CONSENT_NARROWED,
)
WITHDRAWN = "consent-withdrawn"


@dataclass(frozen=True)
class Replayed:
    """How many erasures and narrowings had to be carried out again, and how many files were still there."""

    again: int
    files: int


def replay(lines: Sequence[AnyLine]) -> Replayed:
    """Carry out what the database does not know of, oldest first; running it twice does no harm.

    Raises:
        BackupError: the transparency log has an act that neither the ledger nor the database knows of, so the
            ledger is not the newest. Nothing was done.
    """
    _require_complete(lines)
    known = set(Organisation.objects.values_list("id", flat=True))
    again = 0
    for line in sorted(lines, key=lambda found: found.at):
        if line.organisation in known:
            with organisation_scope(line.organisation, actor="system"):
                again += _narrow(line) if isinstance(line, Narrowing) else _carry_out(line)
    files = 0
    for organisation_id in known:
        with organisation_scope(organisation_id, actor="system"):
            issued = list(DestructionCertificate.objects.all())
        files += erasure_repair.delete_leftovers(organisation_id, issued)
    return Replayed(again, files)


def _require_complete(lines: Sequence[AnyLine]) -> None:
    missing = recovery.logged([event.value for event in TAKEN_BACK]) - {line.entry for line in lines}
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with organisation_scope(organisation_id, actor="system"):
            missing -= set(DestructionCertificate.objects.values_list("entry_id", flat=True))
            missing -= known_entries(missing)
    if missing:
        raise BackupError(
            f"The erasure ledger lacks {len(missing)} erasures or narrowings that the transparency log knows of "
            f"(the first is {min(missing, key=str)}): restore with the newest copy of the ledger (--ledger)."
        )


def _carry_out(line: Line) -> bool:
    """Whether there was anything to do: the database may hold the erasure already, or not the speaker yet."""
    if DestructionCertificate.objects.filter(id=line.certificate).exists():
        return False
    if not Speaker.objects.filter(id=line.speaker).exists():
        keyring.shred(subject_id=line.speaker)
        return True
    ended = _end(line)
    if line.postponed:
        return bool(ended)
    if line.key_shredded:
        erase(line.speaker, reason=line.reason)
    else:
        for consent in ended:
            erase(line.speaker, reason=line.reason, consent_id=consent)
    return line.key_shredded or bool(ended)


def _narrow(line: Narrowing) -> bool:
    """Take back again what the speaker took back; all of it, where the backup holds nothing that would be left.

    Requests that ended with it have lines of their own.
    """
    if known_entries([line.entry]):
        return False
    found = [consent for consent in lock_consents(line.speaker) if consent.id == line.consent]
    standing = heir_of(found[0]) if found else None
    if standing is None or standing.status != ConsentStatus.GIVEN:
        return False
    agreed = purposes_of(standing)
    left = agreed - set(line.taken_back)
    no_more_clips = standing.clips_may_be_distributed and not line.clips_may_be_distributed
    if left == agreed and not no_more_clips:
        return False
    if not left:
        lifecycle.withdraw(standing)
        erase(line.speaker, reason=WITHDRAWN, consent_id=standing.id)
        return True
    lifecycle.narrow(
        standing,
        purposes=left if left != agreed else None,
        clips_may_be_distributed=False if no_more_clips else None,
    )
    receipts.issue(standing)
    return True


def _end(line: Line) -> list[UUID]:
    """End the consents of the erasure as they were ended then; those that the backup holds.

    One that another took the place of since the backup still stands in it: it ends too, for its voice is gone.
    """
    ended = []
    for consent in lock_consents(line.speaker):
        if consent.id not in {line.consent, *line.also}:
            continue
        superseded = consent.status == ConsentStatus.SUPERSEDED
        if consent.id == line.consent and line.reason == WITHDRAWN and not superseded:
            if consent.status != ConsentStatus.WITHDRAWN:
                lifecycle.withdraw(consent)
        elif consent.status in (ConsentStatus.REQUESTED, ConsentStatus.GIVEN):
            lifecycle.lapse(consent, reason=line.reason)
        ended.append(consent.id)
    return ended
