"""Re-enrolment: references made anew by today's encoders, from the sealed samples, when an encoder has changed.

Nothing is ever compared across models. Until the new references are committed the old ones stay; then they go.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent.models import ConsentRecord
from consent.queries import ceremony_embedding, scope_of
from consent.scope import is_active
from safety import duplicates
from safety.comparison import compare
from safety.errors import SpeechError
from safety.hearing import embed_voice
from safety.registry import calibration, identities, speaker_encoders, speaker_models
from safety.rotation import alike
from synth_adapter.measures import measure
from voices import enrolment, identity, quality, references, vault
from voices.models import Reference, Voice, VoiceStatus
from voices.references import Merged, Offered

ENROLLED = (VoiceStatus.PREPARING, VoiceStatus.READY, VoiceStatus.HELD, VoiceStatus.SUSPENDED)

Outcome = Literal["renewed", "held", "nothing-to-do", "consent-not-active", "samples-not-kept"]


def waiting() -> QuerySet[Voice]:
    """Enrolled voices of the organisation in scope that lack a usable reference by an encoder of today."""
    found = Voice.objects.filter(status__in=ENROLLED)
    complete = found
    for model in speaker_models():
        made = Reference.objects.filter(model_name=model.name, model_sha256=model.sha256, seconds__isnull=False)
        complete = complete.filter(id__in=made.exclude(blob="").values("voice_id"))
    return found.exclude(id__in=complete.values("id")).order_by("id")


def reenrol(voice_id: UUID) -> Outcome:
    """Make a voice's references anew; running it twice does no harm, and whatever fails leaves the old ones.

    A voice that today's encoders do not find to be the one of its ceremony is held for a reviewer. One whose samples
    are no longer kept cannot be renewed: it stays as it is, no encoder of today can compare it, and it cannot speak.
    """
    if not waiting().filter(id=voice_id).exists():
        return "nothing-to-do"
    voice = Voice.objects.get(id=voice_id)
    merged = _listen_again(voice)
    # The consent is locked before the voice, as withdrawal does.
    ConsentRecord.objects.select_for_update().get(id=voice.consent_id)
    voice = Voice.objects.select_for_update().get(id=voice_id)
    scope = scope_of(voice.consent_id)
    if scope is None or not is_active(scope, at=timezone.now()):
        return "consent-not-active"
    if voice.status not in ENROLLED:
        return "nothing-to-do"
    if merged is None:
        duplicates.forget(voice.id)
        return "samples-not-kept"
    return _renew(voice, merged)


def _listen_again(voice: Voice) -> Merged | None:
    """What all samples make together; None where one of them is gone, or no voice can be made out."""
    offered = []
    for sample in voice.samples.all():
        if not sample.blob:
            return None
        sound = vault.open_sample(voice, sample)
        try:
            heard = embed_voice(sound, encoders=speaker_encoders())
        except SpeechError:
            continue
        weight = quality.weight_of(measure(sound), net_speech_seconds=heard.seconds)
        offered.append(Offered(sample.position, heard, weight))
    return references.merge(offered, calibration=calibration())


def _renew(voice: Voice, merged: Merged) -> Outcome:
    ceremony = ceremony_embedding(voice.consent_id, encoders=speaker_encoders())
    comparison = None
    if ceremony is not None:  # else a representative said yes, and a reviewer saw to whose voice it is
        comparison = compare(alike(merged.voice, to=ceremony), ceremony, calibration=calibration())
    vault.replace_reference(voice, merged.voice)
    enrolment.note_left_out(voice, merged)
    duplicates.register(merged.voice, speaker_id=voice.speaker_id, voice_id=voice.id)
    refs = {"voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
    voice.comparison = {} if comparison is None else comparison.as_json()
    reasons = [] if comparison is None else identity.judge_against_ceremony(comparison)
    if reasons:
        voice.status = VoiceStatus.HELD
        voice.reasons = [{**reason.as_json(), "effect": "hold", "way_forward": identity.REVIEW} for reason in reasons]
    voice.save(update_fields=["status", "reasons", "comparison", "changed_at"])
    append(Event.VOICE_REFERENCE_RENEWED, refs=refs, data={"models": identities(), "used": list(merged.used)})
    if reasons:
        append(Event.VOICE_ENROLMENT_HELD, refs=refs, data={"rules": [reason.rule for reason in reasons]})
    return "held" if reasons else "renewed"
