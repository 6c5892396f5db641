"""Render a permitted request (decision 2): redeem, speak, examine, mark, read back, seal; or say why not."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance import decisions, incidents, permits
from governance.decisions import as_reasons
from governance.errors import PermitError
from governance.examination import Findings, examine
from governance.models import Clip, Permit
from governance.permits import Withheld
from governance.rules import Objection
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, SearchUnavailableError
from safety.registry import identities, quality_judge, speaker_models
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_mp3, encode_wav
from synth_adapter.errors import EngineError, WaveformError
from synth_adapter.registry import engine
from synth_adapter.waveform import Waveform
from tenancy import blobs
from tenancy.ids import new_id
from tenancy.scope import organisation_scope
from voices import vault
from voices.errors import VoiceError
from watermark import marking
from watermark.errors import MarkError
from watermark.ports import Reading
from watermark.registry import identities as marker_identities

logger = logging.getLogger(__name__)
MP3_KBIT_PER_S = 128
AGAIN = "Ask again in a minute."
TELL = "Tell the operator: asking again will not help."
ENROL = "Enrol the voice again."
FAILURES = (EngineError, WaveformError, SearchUnavailableError, ComparisonError, MarkError)
"""What ends an attempt without an output that could be judged."""


@dataclass
class Work:
    """What one attempt holds while it renders; nothing of it outlives the attempt unless it is sealed."""

    permit: Permit
    voice: bytes
    reference: VoiceEmbedding
    clip_id: UUID = field(default_factory=new_id)
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Remember how long a step took, in seconds."""
        started = time.perf_counter()
        yield
        self.timings[step] = round(time.perf_counter() - started, 4)


@dataclass(frozen=True)
class Output:
    """Marked sound in both delivered forms, each read back."""

    wav: bytes
    mp3: bytes
    waveform: Waveform
    readings: tuple[Reading, ...]


def render(permit_id: UUID, *, organisation_id: UUID) -> None:
    """Render once; every ending is stored, and an attempt that was overtaken leaves nothing behind."""
    with organisation_scope(organisation_id, actor="system"):
        work = _begin(permit_id)
    if work is None:
        return
    request = work.permit.request
    try:
        with work.timed("synthesise"):
            sound = engine().synthesise(request.text, language=request.language, voice=work.voice)
        with work.timed("examine"):
            examination = examine(
                sound,
                text=request.text,
                language=request.language,
                reference=work.reference,
                organisation_id=organisation_id,
                promised_rate=engine().release.sample_rate,
            )
        output = _mark(work, sound) if examination.passed else None
    except FAILURES as error:
        logger.warning("an attempt at permit %s failed", permit_id, exc_info=error)
        _give_up(work, error, organisation_id)
        return
    with organisation_scope(organisation_id, actor="system"):
        if output is None:
            _withhold(work, sound, examination)
        else:
            _keep(work, output, examination)


def _begin(permit_id: UUID) -> Work | None:
    """Redeem the permit and ask the gate again; without a clear yes nothing is opened."""
    try:
        permit = permits.redeem(permit_id)
    except PermitError:
        return None
    decision = decisions.decide(permit.request, stage="render")
    if decision.effect != "permit":
        permits.withhold(permit, reasons=decision.objections)
        return None
    voice = permit.request.voice
    try:
        reference = vault.open_reference(voice, models=speaker_models())
        return Work(permit=permit, voice=vault.open_prepared(voice), reference=reference)
    except VoiceError as error:
        permits.fail(permit, reasons=as_reasons([Objection(error.code, "deny", error.message, ENROL)]))
        return None


def _mark(work: Work, sound: Waveform) -> Output:
    """Mark, then read back from the very bytes that will be delivered, in each format."""
    with work.timed("mark"):
        marked = marking.mark(sound, clip_id=work.clip_id)
    wav, mp3 = encode_wav(marked.waveform), encode_mp3(marked.waveform, kbit_per_s=MP3_KBIT_PER_S)
    with work.timed("read_back"):
        for encoded in (wav, mp3):
            readings = marking.verify(decode(encoded).waveform, clip_id=work.clip_id)
    return Output(wav=wav, mp3=mp3, waveform=marked.waveform, readings=readings)


def _withhold(work: Work, sound: Waveform, examination: Findings) -> None:
    """Keep what did not pass sealed for a reviewer, and open an incident where somebody else was heard."""
    reasons = as_reasons(examination.objections)
    output = Withheld(wav=encode_wav(sound), examination=examination.figures)
    if permits.withhold(work.permit, reasons=reasons, output=output):
        release = engine().release
        made_by = {"name": release.name, "version": release.version, "models": dict(release.models)}
        incidents.open_if_due(work.permit, reasons=reasons, engine_release=made_by)


def _keep(work: Work, output: Output, examination: Findings) -> None:
    """Seal both forms and store the clip, unless the permit ended while we worked."""
    if not permits.complete(work.permit):
        return
    permit, voice = work.permit, work.permit.request.voice
    sealed = {
        form: blobs.put(audio, subject_id=voice.speaker_id, kind=f"clip-{form}", object_id=work.clip_id)
        for form, audio in (("wav", output.wav), ("mp3", output.mp3))
    }
    clip = Clip.objects.create(
        id=work.clip_id,
        organisation_id=permit.organisation_id,
        permit=permit,
        voice=voice,
        wav_blob=sealed["wav"],
        mp3_blob=sealed["mp3"],
        wav_sha256=hashlib.sha256(output.wav).hexdigest(),
        mp3_sha256=hashlib.sha256(output.mp3).hexdigest(),
        seconds=output.waveform.seconds,
        sample_rate=output.waveform.rate,
        mark_readings=[_reading_json(reading) for reading in output.readings],
        mark_verified_at=timezone.now(),
        examination={"passed": examination.passed, **examination.figures},
        models_used={**_examined_by(), **marker_identities(), **engine().release.models},
        timings=work.timings,
    )
    refs = {**permits.refs_of(permit), "clip": clip.id}
    append(Event.RENDER_COMPLETED, refs=refs, data={"wav_sha256": clip.wav_sha256, "mp3_sha256": clip.mp3_sha256})


def _examined_by() -> dict[str, str]:
    judge = quality_judge().model
    return {**identities(), judge.name: judge.sha256}


def _reading_json(reading: Reading) -> dict[str, Any]:
    return {**asdict(reading), "payload": reading.payload.hex()}


def _give_up(work: Work, error: Exception, organisation_id: UUID) -> None:
    objection, again = _explain(error)
    reason = as_reasons([objection])[0]
    with organisation_scope(organisation_id, actor="system"):
        if not again:
            permits.fail(work.permit, reasons=[reason])
        else:
            permits.give_back(work.permit, reason=reason)


def _explain(error: Exception) -> tuple[Objection, bool]:
    """Why an attempt failed, and whether it is made again."""
    match error:
        case SearchUnavailableError():
            text = "Nobody can tell now whether the output is a protected person's voice: the lists cannot be searched."
            return Objection("protected-voices-unsearched", "deny", text, AGAIN), True
        case ComparisonError():
            return Objection("output-not-examined", "deny", f"The output could not be examined: {error}", TELL), False
        case MarkError():
            return Objection("mark-failed", "deny", str(error), AGAIN), False
    again = not getattr(error, "permanent", False)
    text = f"The engine could not speak: {error}"
    return Objection("engine-failed", "deny", text, AGAIN if again else TELL), again
