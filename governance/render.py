"""Render a permitted request (decision 2): redeem, speak, examine, finish, seal; or say why not."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit.events import Event
from audit.log import append
from governance import already_marked, claims, clip_files, decisions, disclosures, incidents, permits
from governance.decisions import as_reasons
from governance.disclosures import Disclosed
from governance.errors import PermitError
from governance.examination import Findings, examine
from governance.finishing import Finished, finish
from governance.models import Clip, Permit
from governance.permits import Withheld
from governance.rules import Objection
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError, SearchUnavailableError
from safety.registry import identities, quality_judge, speaker_models
from synth_adapter.encoding import encode_wav
from synth_adapter.errors import EngineError, WaveformError
from synth_adapter.registry import engine
from synth_adapter.waveform import Waveform
from tenancy.errors import KeyringError
from tenancy.ids import new_id
from tenancy.scope import organisation_scope
from voices import vault
from voices.errors import VoiceError
from watermark import register
from watermark.errors import AlreadyMarkedError, DisclosureError, MarkError
from watermark.provenance import signing, store
from watermark.registry import identities as marker_identities
from watermark.registry import names_clips
from watermark.secrets import MarkSecrets, mark_secrets

logger = logging.getLogger(__name__)
AGAIN = "Ask again in a minute."
TELL = "Tell the operator: asking again will not help."
ENROL = "Enrol the voice again."
FAILURES = (
    EngineError,
    WaveformError,
    SearchUnavailableError,
    ComparisonError,
    DisclosureError,
    MarkError,
    KeyringError,
)
"""What ends an attempt without an output that could be judged."""
FOR_GOOD = {AlreadyMarkedError: "output-already-marked", DisclosureError: "disclosure-failed"}


@dataclass
class Work:
    """What one attempt holds while it renders; nothing of it outlives the attempt unless it is sealed."""

    permit: Permit
    voice: bytes
    reference: VoiceEmbedding
    secrets: MarkSecrets
    clip_id: UUID = field(default_factory=new_id)
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Remember how long a step took, in seconds."""
        started = time.perf_counter()
        yield
        self.timings[step] = round(time.perf_counter() - started, 4)


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
        finished = _finish(work, sound) if examination.passed else None
    except FAILURES as error:
        logger.warning("an attempt at permit %s failed", permit_id, exc_info=error)
        _give_up(work, error, organisation_id)
        return
    with organisation_scope(organisation_id, actor="system"):
        if finished is None:
            _withhold(work, sound, examination)
        else:
            _keep(work, finished, examination)


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
        return Work(permit=permit, voice=vault.open_prepared(voice), reference=reference, secrets=mark_secrets())
    except VoiceError as error:
        permits.fail(permit, reasons=as_reasons([Objection(error.code, "deny", error.message, ENROL)]))
        return None


@dataclass(frozen=True)
class Output:
    """What is ready to be stored, with what was put before it and the foreign marks that were in it."""

    finished: Finished
    disclosed: Disclosed
    already_marked: list[dict[str, Any]]


def _finish(work: Work, sound: Waveform) -> Output:
    """Listen for marks that are there already, disclose, mark, encode, sign and read back; nothing half done comes out.

    What was examined is the engine's sound alone; the disclosure is ours, and joins it here so that it is marked too.
    """
    with work.timed("look_for_marks"):
        found = already_marked.look(sound)
    with organisation_scope(work.permit.organisation_id, actor="system"), work.timed("disclose"):
        disclosed = disclosures.put_before(sound, request=work.permit.request)
        claim = claims.claim_of(work.permit, clip_id=work.clip_id, disclosed=disclosed)
    finished = finish(
        disclosed.waveform,
        clip_id=work.clip_id,
        secrets=work.secrets,
        tags=claims.tags_of(claim),
        sign=lambda audio, form: signing.make(audio, form=form, claim=claim),
        timed=work.timed,
    )
    return Output(finished, disclosed, found)


def _withhold(work: Work, sound: Waveform, examination: Findings) -> None:
    """Keep what did not pass sealed for a reviewer, and open an incident where somebody else was heard."""
    reasons = as_reasons(examination.objections)
    output = Withheld(wav=encode_wav(sound), examination=examination.figures)
    if permits.withhold(work.permit, reasons=reasons, output=output):
        release = engine().release
        made_by = {"name": release.name, "version": release.version, "models": dict(release.models)}
        incidents.open_if_due(work.permit, reasons=reasons, engine_release=made_by)


def _keep(work: Work, output: Output, examination: Findings) -> None:
    """Store the clip, its mark on the register and its files, unless the permit ended while we worked."""
    if not permits.complete(work.permit):
        return
    permit, voice, finished = work.permit, work.permit.request.voice, output.finished
    clip = Clip.objects.create(
        id=work.clip_id,
        organisation_id=permit.organisation_id,
        permit=permit,
        voice=voice,
        seconds=finished.waveform.seconds,
        sample_rate=finished.waveform.rate,
        disclosure=output.disclosed.sign,
        disclosure_seconds=output.disclosed.seconds,
        mark_readings=finished.readings_as_json(),
        mark_verified_at=timezone.now(),
        examination={"passed": examination.passed, **examination.figures, "already_marked": output.already_marked},
        models_used={**_examined_by(), **marker_identities(), **engine().release.models},
        timings=work.timings,
    )
    if names_clips():
        register.enter(
            finished.mark,
            seconds=finished.waveform.seconds,
            fingerprint=finished.fingerprint,
            subject_id=voice.speaker_id,
        )
    hashes = clip_files.keep(clip, {form: signed.audio for form, signed in finished.files.items()})
    for form, signed in finished.files.items():
        store.keep(signed, clip_id=clip.id, form=form)
    refs = {**permits.refs_of(permit), "clip": clip.id}
    data = {"disclosure": clip.disclosure, **{f"{form}_sha256": sha256 for form, sha256 in hashes.items()}}
    append(Event.RENDER_COMPLETED, refs=refs, data=data)


def _examined_by() -> dict[str, str]:
    judge = quality_judge().model
    return {**identities(), judge.name: judge.sha256}


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
        case KeyringError():
            return Objection("keys-unavailable", "deny", f"A key could not be used: {error}", AGAIN), True
        case AlreadyMarkedError() | DisclosureError():
            return Objection(FOR_GOOD[type(error)], "deny", str(error), TELL), False
        case MarkError():
            return Objection("mark-failed", "deny", str(error), AGAIN), False
    again = not getattr(error, "permanent", False)
    text = f"The engine could not speak: {error}"
    return Objection("engine-failed", "deny", text, AGAIN if again else TELL), again
