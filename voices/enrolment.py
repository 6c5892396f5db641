"""Enrolment: from offered samples to a reference in the vault, or to every reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import ConsentRecord
from consent.queries import ceremony_embedding, ceremony_living_voice, scope_of
from consent.reasons import Reason
from consent.scope import base_language, is_active
from safety import duplicates, protected_voices
from safety.registry import calibration, identities, speaker_encoders, spoof_detector
from synth_adapter.decoding import Decoded, decode_whole
from synth_adapter.measures import measure
from tenancy.ids import new_id
from tenancy.scope import current_organisation
from voices import identity, living, quality, references, vault
from voices.errors import UnusableSamplesError, VoiceError
from voices.listening import HeardSample, listen, reference_of
from voices.models import Sample, Voice, VoiceStatus
from voices.references import Merged

MOST_SAMPLES = 20
NOT_KEPT = "The samples were deleted; only their hashes and measures are kept."


def create_voice(*, consent_id: UUID, name: str, language: str, samples: Sequence[bytes]) -> Voice:
    """A new voice whose samples are sealed and wait to be checked; on any error nothing is kept.

    Raises:
        VoiceError: samples-missing, samples-too-many, consent-not-active or language-outside-scope.
        UnusableSamplesError: too quiet, clipped, noisy, narrow-band or mostly silent; every reason is listed.
        AudioError: a sample cannot be used as sound.
    """
    if not samples:
        raise VoiceError("samples-missing", f"Send one to {MOST_SAMPLES} samples.")
    if len(samples) > MOST_SAMPLES:
        raise VoiceError("samples-too-many", f"Send at most {MOST_SAMPLES} samples, not {len(samples)}.")
    consent = _active_consent(consent_id, language=language)
    decoded = [decode_whole(audio) for audio in samples]
    _refuse_unusable(decoded)
    voice = Voice.objects.create(
        organisation_id=current_organisation(),
        speaker_id=consent.speaker_id,
        consent=consent,
        name=" ".join(name.split()),
        language=language,
    )
    for position, (audio, sound) in enumerate(zip(samples, decoded, strict=True), start=1):
        sample_id = new_id()
        Sample.objects.create(
            id=sample_id,
            organisation_id=voice.organisation_id,
            voice=voice,
            position=position,
            blob=vault.seal_sample(voice, audio, sample_id=sample_id),
            sha256=sound.sha256,
        )
    append(Event.VOICE_CREATED, refs=_refs(voice), data={"samples_sha256": [sound.sha256 for sound in decoded]})
    return voice


def enrol(voice_id: UUID) -> Voice:
    """Check a voice's samples; it ends as preparing, held or refused. Running it twice does no harm.

    Listening takes long and locks nothing; what was found is weighed and written under lock, if consent still stands.
    """
    voice = Voice.objects.select_related("speaker").get(id=voice_id)
    if voice.status != VoiceStatus.CHECKING:
        return voice
    heard = [
        listen(vault.open_sample(voice, sample), position=sample.position, language=voice.language)
        for sample in voice.samples.all()
    ]
    # The consent is locked before the voice, as withdrawal does.
    ConsentRecord.objects.select_for_update().get(id=voice.consent_id)
    voice = Voice.objects.select_for_update(of=("self",)).select_related("speaker").get(id=voice_id)
    if voice.status == VoiceStatus.CHECKING:
        _conclude(voice, heard)
    return voice


def judge(
    voice: Voice, heard: Sequence[HeardSample], *, merged: Merged | None, compared: identity.Compared
) -> list[Reason]:
    """Every reason to refuse or to hold the voice."""
    left_out = {found.position for found in merged.left_out} if merged else set()
    used = [sample for sample in heard if sample.position not in left_out]
    by_sound = () if merged is None else protected_voices.screen(merged.voice)
    names = (voice.name, voice.speaker.name)
    by_name = {match.id: match for name in names for match in protected_voices.screen_name(name)}
    reasons = [
        *(reason for sample in heard for reason in quality.judge_sample(sample.measures, position=sample.position)),
        *(reason for sample in used for reason in _judge_language(sample, voice)),
        *quality.judge_amount(
            [sample.net_speech_seconds for sample in used], least_seconds=settings.ENROLMENT_MIN_NET_SPEECH_SECONDS
        ),
        *identity.judge_speakers(heard, compared=compared, left_out=left_out),
        *identity.judge_marks(heard),
        *living.judge_living(
            heard,
            ceremony=ceremony_living_voice(voice.consent_id, detector=spoof_detector()),
            detector=spoof_detector(),
        ),
        *identity.judge_protection(by_sound, tuple(by_name.values())),
        *identity.judge_names(names),
    ]
    return reasons if any(reason.effect == "deny" for reason in reasons) else reasons + _judge_duplicate(voice, merged)


def _judge_language(sample: HeardSample, voice: Voice) -> list[Reason]:
    return quality.judge_language(
        sample.language, sample.language_probability, wanted=voice.language, position=sample.position
    )


def _judge_duplicate(voice: Voice, merged: Merged | None) -> list[Reason]:
    """Asked last, and only about the consenting speaker's own voice: else anybody could ask who is enrolled."""
    if merged is None:
        return []
    answer = duplicates.look_for(merged.voice, speaker_id=voice.speaker_id, calibration=calibration())
    return identity.judge_duplicate(answer)


def _conclude(voice: Voice, heard: Sequence[HeardSample]) -> None:
    scope = scope_of(voice.consent_id)
    merged = reference_of(heard, calibration=calibration())
    compared = None
    if scope is not None and is_active(scope, at=timezone.now()):
        compared = identity.compare_with_ceremony(
            heard,
            reference=merged.voice if merged else None,
            ceremony=ceremony_embedding(voice.consent_id, encoders=speaker_encoders()),
            calibration=calibration(),
        )
    _note(voice, heard, compared)
    if compared is None:
        text = "The consent ended while the samples were being checked."
        reasons = [Reason("consent-not-active", "deny", text, "Ask the speaker for a new consent.")]
    else:
        reasons = judge(voice, heard, merged=merged, compared=compared)
    if merged is None or any(reason.effect == "deny" for reason in reasons):
        _refuse(voice, reasons)
    else:
        _keep(voice, heard, merged, reasons)


def _note(voice: Voice, heard: Sequence[HeardSample], compared: identity.Compared | None) -> None:
    """Keep what was measured and how it compared, whatever comes of it."""
    for sample, found in zip(voice.samples.all(), heard, strict=True):
        comparison = None if compared is None else compared.samples.get(sample.position)
        sample.measures = found.figures() | ({} if comparison is None else {"comparison": comparison.as_json()})
        sample.save(update_fields=["measures"])
    if compared is not None and compared.whole is not None:
        voice.comparison = compared.whole.as_json()


def _refuse(voice: Voice, reasons: list[Reason]) -> None:
    """Nothing of a refused upload is kept but hashes and measures."""
    vault.discard_samples(voice)
    stored = [reason.as_json() for reason in reasons]
    for reason in stored:
        reason["explanation"] = f"{reason['explanation']} {NOT_KEPT}"
    _set_status(voice, VoiceStatus.REFUSED, stored_reasons=stored)
    append(Event.VOICE_ENROLMENT_REFUSED, refs=_refs(voice), data={"rules": [reason.rule for reason in reasons]})


def _keep(voice: Voice, heard: Sequence[HeardSample], merged: Merged, reasons: list[Reason]) -> None:
    """Seal words and reference; a voice with a reason to hold waits for a reviewer with everything in the vault."""
    for sample, found in zip(voice.samples.all(), heard, strict=True):
        vault.seal_transcript(voice, sample, found.transcript)
    note_left_out(voice, merged)
    vault.seal_reference(voice, merged.voice)
    duplicates.register(merged.voice, speaker_id=voice.speaker_id, voice_id=voice.id)
    data = {"models": identities(living=True), "used": list(merged.used)}
    append(Event.VOICE_REFERENCE_SEALED, refs=_refs(voice), data=data)
    status = VoiceStatus.HELD if reasons else VoiceStatus.PREPARING
    _set_status(voice, status, stored_reasons=[reason.as_json() for reason in reasons])
    if reasons:
        append(Event.VOICE_ENROLMENT_HELD, refs=_refs(voice), data={"rules": [reason.rule for reason in reasons]})


def note_left_out(voice: Voice, merged: Merged) -> None:
    """Keep which samples the reference is not made of, and how they compared with the others."""
    unlike = {found.position: found.comparison.as_json() for found in merged.left_out}
    for sample in voice.samples.all():
        sample.left_out = references.UNLIKE if sample.position in unlike else ""
        sample.measures["with_the_others"] = unlike.get(sample.position)
        sample.save(update_fields=["left_out", "measures"])


def _set_status(voice: Voice, status: VoiceStatus, *, stored_reasons: list[dict[str, object]]) -> None:
    voice.status, voice.reasons = status, stored_reasons
    voice.save(update_fields=["status", "reasons", "comparison", "changed_at"])


def _active_consent(consent_id: UUID, *, language: str) -> ConsentRecord:
    consent = ConsentRecord.objects.filter(id=consent_id).first()
    scope = scope_of(consent_id)
    if consent is None or scope is None:
        raise VoiceError("consent-unknown", "There is no such consent in this organisation.")
    if not is_active(scope, at=timezone.now()):
        raise VoiceError("consent-not-active", f"The consent is {scope.status}; ask the speaker for a new one.")
    if base_language(language) not in scope.languages:
        agreed = ", ".join(sorted(scope.languages))
        raise VoiceError("language-outside-scope", f"The consent covers {agreed}, not {language}; ask the speaker.")
    return consent


def _refuse_unusable(sounds: Sequence[Decoded]) -> None:
    """What can be measured at once is said at once, while the speaker is still there to record again."""
    found = [
        reason
        for position, sound in enumerate(sounds, start=1)
        for reason in quality.judge_sample(measure(sound.waveform), position=position)
    ]
    if found:
        raise UnusableSamplesError(found)


def _refs(voice: Voice) -> dict[str, UUID]:
    return {"voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
