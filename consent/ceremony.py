"""The ceremony, as far as people take part: a notice, an age, a one-time phrase, a recording sent in."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import evidence, notice, phrases, tasks
from consent.errors import ConsentError
from consent.links import find_link
from consent.models import CeremonyRecording, CeremonySession, Challenge, ConsentRecord, ConsentStatus
from consent.requests import request_consent
from synth_adapter.decoding import Decoded, decode_whole
from synth_adapter.errors import AudioError

__all__ = [
    "commit_recording",
    "declare_age",
    "find_link",
    "issue_challenge",
    "needs_new_notice",
    "receive_recording",
    "request_consent",
    "show_notice",
]

LONGEST_SECONDS = 120.0
SENDING_LASTS = timedelta(minutes=30)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def show_notice(consent: ConsentRecord) -> None:
    """Put on record that the speaker has the notice before them; the first time counts."""
    now = timezone.now()
    if ConsentRecord.objects.filter(id=consent.id, notice_shown_at__isnull=True).update(notice_shown_at=now):
        consent.notice_shown_at = now
        data = {"notice_sha256": consent.notice_sha256, "version": consent.notice_version}
        append(Event.CONSENT_NOTICE_SHOWN, refs=_refs(consent), data=data)


def declare_age(consent: ConsentRecord, *, adult: bool) -> None:
    """Put on record what the speaker says of their age; whoever is under 18 cannot go on by themselves."""
    current = _lock_undecided(consent)
    current.adult = consent.adult = adult
    current.save(update_fields=["adult"])
    append(Event.CONSENT_AGE_DECLARED, refs=_refs(current), data={"adult": adult})


def needs_new_notice(consent: ConsentRecord) -> bool:
    """Whether the wording has changed since the speaker was shown it."""
    return notice.current_version(consent.locale) != consent.notice_version


def issue_challenge(consent: ConsentRecord, *, session: CeremonySession) -> Challenge:
    """A fresh one-time phrase for this session; an earlier one that was not used ends now."""
    current = _lock_undecided(consent)
    if current.notice_shown_at is None:
        raise ConsentError("consent-transition", "Show the speaker the notice before asking them to say anything.")
    if not current.adult:
        raise ConsentError("age-not-declared", "Ask the speaker whether they are 18 or older, and send what they say.")
    now = timezone.now()
    Challenge.objects.filter(consent=current, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    challenge = Challenge.objects.create(
        organisation_id=current.organisation_id,
        consent=current,
        session=session,
        phrase=phrases.new_phrase(locale=current.locale),
        expires_at=now + timedelta(seconds=settings.CHALLENGE_SECONDS),
    )
    append(Event.CONSENT_CHALLENGE_ISSUED, refs=_refs(current), data={"expires_at": challenge.expires_at.isoformat()})
    return challenge


def commit_recording(consent: ConsentRecord, *, challenge_id: UUID, sha256: str, session: CeremonySession) -> Challenge:
    """Say, while the phrase is good, which recording will come: for half an hour these very bytes are not late.

    Raises:
        ConsentError: challenge-unknown, challenge-of-another-session, challenge-used, challenge-expired, or the consent
            has been decided.
    """
    current, now = _lock_undecided(consent), timezone.now()
    mine = Challenge.objects.filter(id=challenge_id, consent=current)
    good = mine.filter(session=session, used_at__isnull=True, expires_at__gt=now)
    if not (_SHA256.fullmatch(sha256) and good.update(committed_sha256=sha256, committed_at=now)):
        raise _no_such(mine.first(), session)
    append(Event.CONSENT_RECORDING_COMMITTED, refs=_refs(current), data={"sha256": sha256})
    return mine.get()


def receive_recording(
    consent: ConsentRecord, *, challenge_id: UUID, audio: bytes, session: CeremonySession, parts: int = 1
) -> CeremonyRecording:
    """Take a recording in and send it to be verified; `parts` says how many pieces it was joined from.

    Raises:
        AudioError: it cannot be used as sound; nothing is kept and the phrase stays good.
        ConsentError: challenge-unknown, challenge-of-another-session, challenge-used, challenge-expired,
            recording-seen-before, or the consent has been decided.
    """
    decoded = _decode(audio)
    current = _lock_undecided(consent)
    if CeremonyRecording.objects.filter(sha256=decoded.sha256).exists():
        raise ConsentError("recording-seen-before", "Exactly this recording was sent before; record the phrase afresh.")
    challenge = _use_challenge(current, challenge_id, session, sha256=decoded.sha256)
    recording = CeremonyRecording(
        organisation_id=current.organisation_id,
        consent=current,
        challenge=challenge,
        sha256=decoded.sha256,
        parts=parts,
    )
    evidence.seal_recording(recording, audio)
    recording.save()
    append(
        Event.CONSENT_RECORDING_RECEIVED,
        refs={**_refs(current), "recording": recording.id},
        data={"sha256": decoded.sha256, "seconds": round(decoded.waveform.seconds, 2), "parts": parts},
    )
    tasks.queue_verification(recording)
    return recording


def _decode(audio: bytes) -> Decoded:
    decoded = decode_whole(audio)
    if decoded.waveform.seconds > LONGEST_SECONDS:
        raise AudioError("audio-too-long", f"A ceremony recording has at most {LONGEST_SECONDS:.0f} seconds.")
    return decoded


def _lock_undecided(consent: ConsentRecord) -> ConsentRecord:
    """The consent's row, locked; raises `ConsentError` when it has been decided."""
    current = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if current.status != ConsentStatus.REQUESTED:
        raise ConsentError("consent-already-decided", f"This consent is {current.status}; ask for a new one.")
    return current


def _use_challenge(consent: ConsentRecord, challenge_id: UUID, session: CeremonySession, *, sha256: str) -> Challenge:
    """Take a phrase for one recording: whoever comes second finds it used."""
    now = timezone.now()
    mine = Challenge.objects.filter(id=challenge_id, consent=consent)
    announced = Q(committed_sha256=sha256, committed_at__gt=now - SENDING_LASTS)
    good = mine.filter(session=session, used_at__isnull=True).filter(Q(expires_at__gt=now) | announced)
    if good.update(used_at=now):
        return mine.get()
    raise _no_such(mine.first(), session)


def _no_such(found: Challenge | None, session: CeremonySession) -> ConsentError:
    """Why a phrase is of no use here."""
    if found is None:
        return ConsentError("challenge-unknown", "This consent has no such phrase; ask for a new one.")
    if found.session_id != session.id:
        message = "This phrase was given to another browser or tab; ask for a new one here."
        return ConsentError("challenge-of-another-session", message)
    if found.used_at is not None:
        return ConsentError("challenge-used", "The phrase was used for another recording; ask for a new one.")
    return ConsentError("challenge-expired", "The phrase has run out; ask for a new one and record again.")


def _refs(consent: ConsentRecord) -> dict[str, UUID]:
    return {"consent": consent.id, "speaker": consent.speaker_id}
