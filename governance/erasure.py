"""Erasure: one act that destroys what stands on a consent, or all there is of a speaker, and certifies it.

Used by withdrawal, expiry and retention; everything happens in the caller's transaction, files go once it commits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from audit.queries import entries
from consent import contact, evidence, lifecycle
from consent.models import ConsentRecord, ConsentStatus
from consent.succession import heir_of, lock_consents, pending_for, superseded_by
from governance import certificates, clip_files, erasure_ledger, legal_holds, permits
from governance.certificates import Occasion, occasion
from governance.errors import ErasureError
from governance.legal_holds import Held
from governance.models import Clip, DestructionCertificate, Permit, PermitStatus
from tenancy import blobs, keyring
from tenancy.destroyed import Destroyed
from voices import offers, vault
from voices.models import Voice, VoiceStatus
from watermark import register

EXPIRED = "consent-expired"
_REASON = re.compile(r"[a-z]+(-[a-z]+)*")


@dataclass
class Inventory:
    """What an erasure found and ended; under `held` uses end, and the voice stays until the hold is lifted."""

    whole: bool
    held: Held
    items: list[Destroyed] = field(default_factory=list)
    voices: int = 0
    permits: int = 0
    clips: int = 0
    releases: int = 0
    key: bool = False

    @property
    def shreds(self) -> bool:
        return self.whole and not self.held.biometric

    @property
    def nothing(self) -> bool:
        return not (self.items or self.voices or self.permits or self.clips or self.key)


def erase(speaker_id: UUID, *, reason: str, consent_id: UUID | None = None) -> DestructionCertificate:
    """Destroy what stands on one consent, and all there is of the speaker where no other consent stands.

    With a consent goes what was recorded under those whose place it took, and, unless only its time has run out, each
    request that would take its own. Consents that are open among those concerned lapse. A second call finds nothing
    more and returns the certificate of the first. The subject key is shredded unless the speaker has another given
    consent (or, when the occasion is the end of the agreed time, one that awaits its answer): without it not even a
    copy in a backup can be opened.
    A legal hold on the voice postpones the destruction, not the end of its use: call again once it is lifted.

    Args:
        speaker_id: a speaker of the organisation in scope.
        reason: `consent-withdrawn`, `consent-expired` or another reason in lower-case words with hyphens.
        consent_id: the consent that ended, or one whose place that took; None erases everything of the speaker.

    Raises:
        ErasureError: no such consent of this speaker, or no reason that could be written down.
    """
    if not _REASON.fullmatch(reason):
        raise ErasureError(f"{reason!r} is no reason: use lower-case words joined by hyphens.")
    consents = lock_consents(speaker_id)
    concerned = consents if consent_id is None else _line(consents, consent_id, reason)
    consent_id = None if consent_id is None else concerned[0].id
    whole = not any(_stands(consent, reason) for consent in consents if consent not in concerned)
    concerned = consents if whole else concerned
    done = Inventory(whole=whole, held=legal_holds.held(speaker_id))
    _destroy(speaker_id, concerned, done, why=occasion(reason))
    earlier = _earlier(speaker_id, consent_id, shredded=done.shreds)
    if earlier is not None and done.nothing:
        return earlier
    return _certify(speaker_id, concerned, done, reason=reason, consent_id=consent_id)


def _line(consents: Sequence[ConsentRecord], consent_id: UUID, reason: str) -> list[ConsentRecord]:
    """The consent that ended, and those that end with it."""
    named = next((consent for consent in consents if consent.id == consent_id), None)
    if named is None:
        raise ErasureError("There is no such consent of this speaker in this organisation.")
    consent = heir_of(named)
    return [consent, *superseded_by(consent), *([] if reason == EXPIRED else pending_for(consent))]


def _stands(consent: ConsentRecord, reason: str) -> bool:
    """Whether another consent keeps the speaker's key; a renewal under way does when only time has run out."""
    if consent.status == ConsentStatus.GIVEN:
        return True
    awaiting = consent.status == ConsentStatus.REQUESTED and reason == EXPIRED
    return awaiting and consent.links.filter(kind="ceremony", expires_at__gt=timezone.now()).exists()


def _destroy(speaker_id: UUID, concerned: Sequence[ConsentRecord], done: Inventory, *, why: Occasion) -> None:
    for consent in concerned:
        if consent.status in (ConsentStatus.REQUESTED, ConsentStatus.GIVEN):
            lifecycle.lapse(consent, reason=why.rule)
        done.permits += _void_permits(consent, why)
        if not done.held.biometric:
            _delete_withheld(consent, done)
        _stop_clips(consent, why, done)
        if not done.held.biometric:
            _erase_voices(consent, done)
            done.items += evidence.erase(consent.id)
            done.items += offers.erase(consent.id)
    if done.shreds:
        done.items += contact.forget(speaker_id)
        done.key = keyring.subject_key_exists(subject_id=speaker_id)
        keyring.shred(subject_id=speaker_id)


def _void_permits(consent: ConsentRecord, why: Occasion) -> int:
    open_states = [PermitStatus.ISSUED, PermitStatus.REDEEMED]
    open_permits = Permit.objects.select_for_update(of=("self",)).filter(
        request__voice__consent=consent, status__in=open_states
    )
    found = list(open_permits.select_related("request__voice"))
    for permit in found:
        permits.void(permit, reason=why.objection())
    return len(found)


def _stop_clips(consent: ConsentRecord, why: Occasion, done: Inventory) -> None:
    """No clip leaves any more; its sound and fingerprint are deleted. Hashes and codes stay: copies can be named."""
    for clip in Clip.objects.select_for_update(of=("self",)).filter(voice__consent=consent).order_by("id"):
        refs = {"clip": clip.id, "voice": clip.voice_id, "consent": consent.id, "speaker": consent.speaker_id}
        done.releases += bool(entries(about=clip.id, event=Event.CLIP_RELEASED, limit=1))
        if not done.held.biometric:
            done.items += [*clip_files.erase(clip), *register.forget_fingerprints([clip.id])]
        if clip.unreleasable_since is None:
            clip.unreleasable_since, clip.unreleasable_reason = timezone.now(), why.clip
            append(Event.CLIP_MADE_UNRELEASABLE, refs=refs)
            done.clips += 1
        clip.save(update_fields=["unreleasable_since", "unreleasable_reason"])


def _delete_withheld(consent: ConsentRecord, done: Inventory) -> None:
    """What an engine made and nobody was given goes as well."""
    kept = Permit.objects.select_for_update(of=("self",)).filter(request__voice__consent=consent)
    for permit in kept.exclude(withheld_blob="").order_by("id"):
        done.items.append(Destroyed(permits.WITHHELD, permit.id, permit.withheld_sha256))
        transaction.on_commit(partial(blobs.delete, permit.withheld_blob), robust=True)
        permit.withheld_blob = ""
        permit.save(update_fields=["withheld_blob"])


def _erase_voices(consent: ConsentRecord, done: Inventory) -> None:
    for voice in Voice.objects.filter(consent=consent).exclude(status=VoiceStatus.ERASED).order_by("id"):
        done.items += vault.erase(voice)
        done.voices += 1
        append(Event.VOICE_ERASED, refs={"voice": voice.id, "consent": consent.id, "speaker": consent.speaker_id})


def _earlier(speaker_id: UUID, consent_id: UUID | None, *, shredded: bool) -> DestructionCertificate | None:
    """The latest certificate that says as much; for a consent, one of its own before one of the whole speaker."""
    issued = DestructionCertificate.objects.filter(speaker_id=speaker_id).order_by("-issued_at")
    if shredded:
        issued = issued.filter(key_shredded=True)
    own = issued.filter(consent_id=consent_id).first()
    return own or (issued.first() if shredded else None)


def _certify(
    speaker_id: UUID,
    concerned: Sequence[ConsentRecord],
    done: Inventory,
    *,
    reason: str,
    consent_id: UUID | None,
) -> DestructionCertificate:
    """Put it on record, after the shredding: an entry under a secret that is about to go could never be opened."""
    refs = {"speaker": speaker_id} | ({"consent": consent_id} if consent_id is not None else {})
    data = {"reason": reason, "objects": len(done.items), "key_shredded": done.shreds}
    entry_id = append(_event(done), refs=refs, data=data)
    account = certificates.Account(
        speaker_id=speaker_id,
        consent_id=consent_id,
        consents=tuple(consent.id for consent in concerned),
        occasion=occasion(reason),
        items=tuple(done.items),
        voices=done.voices,
        permits=done.permits,
        clips=done.clips,
        releases=done.releases,
        key_shredded=done.shreds,
        holds=done.held.holds,
        entry_id=entry_id,
    )
    certificate = certificates.issue(account)
    transaction.on_commit(partial(erasure_ledger.write, [erasure_ledger.line_of(certificate)]), robust=True)
    return certificate


def _event(done: Inventory) -> Event:
    if done.held.biometric:
        return Event.ERASURE_POSTPONED
    return Event.SUBJECT_ERASED if done.whole else Event.CONSENT_MATERIAL_ERASED
