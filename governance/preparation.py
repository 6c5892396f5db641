"""Prepare an enrolled voice with the engine, and offer it only when it is like the speaker and intelligible."""

from __future__ import annotations

import time
from dataclasses import asdict
from statistics import fmean
from typing import Any
from uuid import UUID

from django.conf import settings

from audit.events import Event
from audit.log import append
from governance.decisions import as_reasons
from governance.rules import Objection
from safety.calibration import PREPARED
from safety.comparison import Comparison, VoiceEmbedding, compare
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoders, speaker_models, transcriber
from safety.rotation import alike
from safety.transcripts import word_error_rate
from synth_adapter.errors import EngineError
from synth_adapter.registry import engine
from tenancy.scope import organisation_scope
from voices import vault
from voices.models import Voice, VoiceStatus

TRIAL_SENTENCES = (
    "The morning was quiet, and the boats had not yet left the harbour.",
    "Please bring three apples, a loaf of bread, and the letter on the table.",
)


def prepare(voice_id: UUID, *, organisation_id: UUID) -> None:
    """Bring a voice from `preparing` to `ready` or `refused`; running it twice does no harm."""
    with organisation_scope(organisation_id, actor="system"):
        voice = Voice.objects.select_related("speaker", "consent").get(id=voice_id)
        if voice.status != VoiceStatus.PREPARING:
            return
        samples = vault.open_samples(voice)
        reference = vault.open_reference(voice, models=speaker_models())
    started = time.perf_counter()
    try:
        artefact = engine().prepare(samples)
        evidence, objections = _try_out(artefact, reference, voice=voice)
    except EngineError as error:
        if not error.permanent:
            raise
        artefact, evidence = b"", {}
        objections = [Objection("voice-not-preparable", "deny", str(error), "Record longer or clearer samples.")]
    evidence["seconds"] = round(time.perf_counter() - started, 1)
    with organisation_scope(organisation_id, actor="system"):
        _finish(voice_id, artefact=artefact, evidence=evidence, objections=objections)


def _try_out(artefact: bytes, reference: VoiceEmbedding, *, voice: Voice) -> tuple[dict[str, Any], list[Objection]]:
    """Speak the trial sentences, unheard by anyone, and measure likeness and intelligibility."""
    ears, language = transcriber(), voice.language
    comparisons: list[Comparison] = []
    rates = []
    for sentence in TRIAL_SENTENCES:
        spoken = engine().synthesise(sentence, language=language, voice=artefact)
        heard = ears.words(spoken, language=language)
        probe = embed_voice(spoken, encoders=speaker_encoders())
        with organisation_scope(voice.organisation_id, actor="system"):
            probe = alike(probe, to=reference)
        comparisons.append(compare(probe, reference, calibration=calibration(), point=PREPARED))
        rates.append(word_error_rate(sentence, heard, language=language).rate)
    likeness, rate = fmean(comparison.score for comparison in comparisons), fmean(rates)
    llr, needed = fmean(comparison.llr for comparison in comparisons), comparisons[0].match_from
    evidence = {
        "likeness": round(likeness, 3),
        "likeness_llr": round(llr, 2),
        "likeness_llr_needed": round(needed, 2),
        "comparisons": [comparison.as_json() for comparison in comparisons],
        "word_error_rate": round(rate, 3),
        "word_error_rate_allowed": settings.PREPARATION_MAX_WORD_ERROR_RATE,
        "transcriber": asdict(ears.model),
    }
    objections = []
    if llr < needed:
        text = "The prepared voice is not like enough to the speaker."
        measured = {"score": round(likeness, 3), "llr": round(llr, 2), "match_from": round(needed, 2)}
        objections.append(Objection("voice-likeness-insufficient", "deny", text, "Record more samples.", measured))
    if rate > settings.PREPARATION_MAX_WORD_ERROR_RATE:
        text = "The prepared voice is not intelligible enough."
        measured = {"word_error_rate": round(rate, 3), "limit": settings.PREPARATION_MAX_WORD_ERROR_RATE}
        objections.append(Objection("voice-unintelligible", "deny", text, "Record clearer samples.", measured))
    return evidence, objections


def _finish(voice_id: UUID, *, artefact: bytes, evidence: dict[str, Any], objections: list[Objection]) -> None:
    voice = Voice.objects.select_for_update(of=("self",)).select_related("speaker", "consent").get(id=voice_id)
    if voice.status != VoiceStatus.PREPARING:
        return
    refs = {"voice": voice.id, "consent": voice.consent_id, "speaker": voice.speaker_id}
    if objections:
        voice.status, voice.reasons = VoiceStatus.REFUSED, as_reasons(objections)
        event = Event.VOICE_PREPARATION_REFUSED
    else:
        vault.seal_prepared(voice, artefact, release=engine().release, evidence=evidence)
        voice.status = VoiceStatus.READY
        event = Event.VOICE_PREPARED
    voice.save(update_fields=["status", "reasons", "changed_at"])
    figures: dict[str, Any] = {
        key: evidence[key] for key in ("likeness", "word_error_rate", "seconds") if key in evidence
    }
    figures["rules"] = [objection.rule for objection in objections]
    append(event, refs=refs, data=figures)
