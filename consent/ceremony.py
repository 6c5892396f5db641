"""The ceremony, as far as people take part: a request, a notice, a one-time phrase, a recording sent in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import evidence, links, notice, phrases, tasks
from consent.errors import ConsentError
from consent.links import find_link
from consent.models import CeremonyRecording, Challenge, ConsentPurpose, ConsentRecord, ConsentStatus, Speaker
from consent.scope import Purpose, base_language
from synth_adapter.decoding import Decoded, decode
from synth_adapter.errors import AudioError
from tenancy.models import Organisation
from tenancy.scope import current_organisation

__all__ = ["find_link", "issue_challenge", "receive_recording", "request_consent", "show_notice"]

LONGEST_SECONDS = 120.0


def request_consent(
    *,
    speaker_name: str,
    purposes: Sequence[str],
    languages: Sequence[str],
    intended_use: str,
    valid_until: datetime,
    speaker_id: UUID | None = None,
    locale: str = "en",
) -> tuple[ConsentRecord, str]:
    """Ask a speaker for consent; the token opens the ceremony and is shown only once.

    A name does not say who somebody is: each request makes a new speaker, unless `speaker_id` names one.
    Raises `ConsentError` (consent-scope) for terms that cannot be agreed to.
    """
    organisation = Organisation.objects.get(id=current_organisation())
    terms = notice.Terms(
        name=_one_line(speaker_name),
        organisation=_one_line(organisation.name),
        purposes=_known_purposes(purposes),
        languages=tuple(sorted({base_language(language) for language in languages})),
        intended_use=_one_line(intended_use),
        valid_until=valid_until,
    )
    _require_complete(terms)
    written = notice.write(terms, locale=locale)
    consent = ConsentRecord.objects.create(
        organisation=organisation,
        speaker=_speaker(terms.name, speaker_id),
        languages=list(terms.languages),
        intended_use=terms.intended_use,
        valid_until=valid_until,
        locale=written.locale,
        notice_version=written.version,
        notice_text=written.text,
        notice_sha256=written.sha256,
        statement=written.statement,
    )
    ConsentPurpose.objects.bulk_create(
        ConsentPurpose(organisation=organisation, consent=consent, speaker=consent.speaker, purpose=purpose.value)
        for purpose in terms.purposes
    )
    data = {"purposes": [purpose.value for purpose in terms.purposes], "notice_sha256": written.sha256}
    append(Event.CONSENT_REQUESTED, refs=_refs(consent), data=data)
    expires_at = timezone.now() + timedelta(days=settings.CEREMONY_LINK_DAYS)
    return consent, links.new_link(consent, kind="ceremony", expires_at=expires_at)


def show_notice(consent: ConsentRecord) -> None:
    """Put on record that the speaker has the notice before them; the first time counts."""
    now = timezone.now()
    if ConsentRecord.objects.filter(id=consent.id, notice_shown_at__isnull=True).update(notice_shown_at=now):
        consent.notice_shown_at = now
        data = {"notice_sha256": consent.notice_sha256, "version": consent.notice_version}
        append(Event.CONSENT_NOTICE_SHOWN, refs=_refs(consent), data=data)


def issue_challenge(consent: ConsentRecord) -> Challenge:
    """A fresh one-time phrase; an earlier one that was not used ends now."""
    current = _lock_undecided(consent)
    if current.notice_shown_at is None:
        raise ConsentError("consent-transition", "Show the speaker the notice before asking them to say anything.")
    now = timezone.now()
    Challenge.objects.filter(consent=current, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
    challenge = Challenge.objects.create(
        organisation_id=current.organisation_id,
        consent=current,
        phrase=phrases.new_phrase(locale=current.locale),
        expires_at=now + timedelta(seconds=settings.CHALLENGE_SECONDS),
    )
    append(Event.CONSENT_CHALLENGE_ISSUED, refs=_refs(current), data={"expires_at": challenge.expires_at.isoformat()})
    return challenge


def receive_recording(consent: ConsentRecord, *, challenge_id: UUID, audio: bytes) -> CeremonyRecording:
    """Take a recording in and send it to be verified.

    Raises:
        AudioError: it cannot be used as sound; nothing is kept and the phrase stays good.
        ConsentError: challenge-unknown, challenge-used, challenge-expired, recording-seen-before, or the consent has
            been decided.
    """
    decoded = _decode(audio)
    current = _lock_undecided(consent)
    if CeremonyRecording.objects.filter(sha256=decoded.sha256).exists():
        raise ConsentError("recording-seen-before", "Exactly this recording was sent before; record the phrase afresh.")
    challenge = _use_challenge(current, challenge_id)
    recording = CeremonyRecording(
        organisation_id=current.organisation_id, consent=current, challenge=challenge, sha256=decoded.sha256
    )
    evidence.seal_recording(recording, audio)
    recording.save()
    append(
        Event.CONSENT_RECORDING_RECEIVED,
        refs={**_refs(current), "recording": recording.id},
        data={"sha256": decoded.sha256, "seconds": round(decoded.waveform.seconds, 2)},
    )
    tasks.queue_verification(recording)
    return recording


def _decode(audio: bytes) -> Decoded:
    decoded = decode(audio)
    if decoded.truncated:
        raise AudioError("audio-truncated", "The recording ends before it says it does; send the whole file again.")
    if decoded.waveform.seconds > LONGEST_SECONDS:
        raise AudioError("audio-too-long", f"A ceremony recording has at most {LONGEST_SECONDS:.0f} seconds.")
    return decoded


def _lock_undecided(consent: ConsentRecord) -> ConsentRecord:
    """The consent's row, locked; raises `ConsentError` when it has been decided."""
    current = ConsentRecord.objects.select_for_update().get(id=consent.id)
    if current.status != ConsentStatus.REQUESTED:
        raise ConsentError("consent-already-decided", f"This consent is {current.status}; ask for a new one.")
    return current


def _use_challenge(consent: ConsentRecord, challenge_id: UUID) -> Challenge:
    """Take a phrase for one recording: whoever comes second finds it used."""
    now = timezone.now()
    mine = Challenge.objects.filter(id=challenge_id, consent=consent)
    if mine.filter(used_at__isnull=True, expires_at__gt=now).update(used_at=now):
        return mine.get()
    found = mine.first()
    if found is None:
        raise ConsentError("challenge-unknown", "This consent has no such phrase; ask for a new one.")
    if found.used_at is not None:
        raise ConsentError("challenge-used", "The phrase was used for another recording; ask for a new one.")
    raise ConsentError("challenge-expired", "The phrase has run out; ask for a new one and record again.")


def _speaker(name: str, speaker_id: UUID | None) -> Speaker:
    if speaker_id is None:
        return Speaker.objects.create(organisation_id=current_organisation(), name=name)
    speaker = Speaker.objects.filter(id=speaker_id).first()
    if speaker is None:
        raise ConsentError("consent-scope", "There is no such speaker in this organisation.")
    return speaker


def _known_purposes(purposes: Sequence[str]) -> tuple[Purpose, ...]:
    known = {purpose.value: purpose for purpose in Purpose}
    unknown = sorted(set(purposes) - known.keys())
    if unknown:
        raise ConsentError(
            "consent-scope", f"Nobody can agree to {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    return tuple(purpose for name, purpose in known.items() if name in purposes)


def _require_complete(terms: notice.Terms) -> None:
    given = {"purposes": terms.purposes, "languages": terms.languages, "intended_use": terms.intended_use}
    missing = [field for field, value in {"speaker_name": terms.name, **given}.items() if not value]
    if missing:
        raise ConsentError("consent-scope", f"A consent must say {', '.join(missing)}.")
    if terms.valid_until <= timezone.now():
        raise ConsentError("consent-scope", "A consent must end in the future.")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _refs(consent: ConsentRecord) -> dict[str, UUID]:
    return {"consent": consent.id, "speaker": consent.speaker_id}
