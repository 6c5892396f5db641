"""Whose voice is in the output: the consented speaker's from the first second to the last, and nobody else's?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from governance.examination import protected
from governance.examination.findings import RETRY, REVIEW, Findings
from governance.examination.protected import WHOLE, Heard
from governance.examination.windows import (
    LEAST_SPEECH_SECONDS,
    OPENING_SECONDS,
    Stretch,
    foreign_runs,
    odd_seconds,
    pieces,
    spoken,
    windows,
)
from governance.rules import Objection
from safety.calibration import OUTPUT
from safety.comparison import Comparison, VoiceEmbedding, compare, embed
from safety.errors import SpeechError
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoder, speaker_encoders
from safety.rotation import alike, rotate_all
from safety.speech import Segment, speech_segments
from synth_adapter.waveform import Waveform
from tenancy.scope import organisation_scope

RATE = 16_000
NOT_LIKE = "The output ({part}) does not sound like the consented speaker."
UNSURE = "Nobody can be sure that the output ({part}) is the consented speaker's voice."


@dataclass(frozen=True, eq=False)
class Subject:
    """What is examined: sound at 16 kHz with its speech, and whose voice it should be."""

    sound: Waveform
    segments: Sequence[Segment]
    reference: VoiceEmbedding
    organisation_id: UUID

    def hear(self, start: float, end: float) -> VoiceEmbedding:
        """The voice between two moments, in seconds; raises `SpeechError` where there is too little sound."""
        net = spoken(self.segments, start, end)
        return embed_voice(self.sound.cut(start, end), encoders=speaker_encoders(), net_seconds=net)


def examine_voice(output: Waveform, *, reference: VoiceEmbedding, organisation_id: UUID) -> Findings:
    """Compare opening, every second and the whole with `reference`; the whole and what is in doubt with the lists."""
    sound = output.resampled(RATE)
    segments = speech_segments(sound)
    if not segments:
        return Findings((Objection("output-voice-unknown", "deny", "No speech is heard in the output.", RETRY),))
    subject = Subject(sound, segments, reference, organisation_id)
    opening = segments[0].start + OPENING_SECONDS
    found, doubtful = _examine_part(subject, WHOLE, sound.seconds)
    if opening < sound.seconds:
        judged, more = _examine_part(subject, "opening", opening)
        found, doubtful = found + judged, doubtful + more
    judged, stretches = _seconds(subject, already=found)
    doubtful += [
        Heard(f"{start:.1f} to {end:.1f} s", start, end, subject.hear(start, end), doubted=True)
        for start, end in pieces(stretches)
        if spoken(segments, start, end) >= LEAST_SPEECH_SECONDS
    ]
    return found + judged + protected.search(doubtful, organisation_id=organisation_id)


def _examine_part(subject: Subject, part: str, end: float) -> tuple[Findings, list[Heard]]:
    """What is found from the start to `end`, and that voice for the lists: the whole's, and one that is in doubt."""
    try:
        voice = subject.hear(0.0, end)
    except SpeechError as error:
        return Findings((Objection("output-voice-unknown", "deny", f"The {part}: {error}", RETRY),)), []
    with organisation_scope(subject.organisation_id, actor="system"):
        probe = alike(voice, to=subject.reference)
    comparison = compare(probe, subject.reference, calibration=calibration(), point=OUTPUT)
    figures: dict[str, Any] = {
        f"likeness_{part}": round(comparison.score, 3),
        f"comparison_{part}": comparison.as_json(),
    }
    objections = _judge(comparison, part)
    searched = part == WHOLE or comparison.outcome != "match"
    heard = Heard(part, 0.0, end, voice, doubted=bool(objections))
    return Findings(objections, figures), [heard] if searched else []


def _judge(comparison: Comparison, part: str) -> tuple[Objection, ...]:
    """The opening is too short to convict on doubt: only a clear other voice objects there."""
    measured: dict[str, float | str] = {**comparison.figures(), "part": part}
    if comparison.outcome == "no_match":
        return (Objection("output-other-voice", "deny", NOT_LIKE.format(part=part), REVIEW, measured),)
    if comparison.outcome == "inconclusive" and part == WHOLE:
        return (Objection("output-voice-doubtful", "deny", UNSURE.format(part=part), RETRY, measured),)
    return ()


def _seconds(subject: Subject, *, already: Findings) -> tuple[Findings, list[Stretch]]:
    """Every second by the first encoder; where the whole is another's, its seconds add no objection."""
    sound, segments, encoder = subject.sound, subject.segments, speaker_encoder()
    spans = windows(segments, seconds=sound.seconds)
    heard = [embed(sound.cut(start, end), encoder=encoder) for start, end in spans]
    if not heard:
        return Findings((), {"seconds_judged": 0}), []
    known = subject.reference.part(encoder.model)
    if known.space:
        with organisation_scope(subject.organisation_id, actor="system"):
            heard = rotate_all(heard)
    vectors = np.stack([embedding.vector for embedding in heard])
    odd, foreign = odd_seconds(spans, vectors, known.vector), foreign_runs(spans, vectors, known.vector)
    figures = {
        "seconds_judged": len(spans),
        "odd_seconds": [[stretch.start, stretch.end, round(stretch.likeness, 3)] for stretch in odd],
    }
    found = [*odd, *foreign]
    if any(objection.rule == "output-other-voice" for objection in already.objections):
        return Findings((), figures), found
    return Findings(_another(found, opening=segments[0].start + OPENING_SECONDS), figures), found


def _another(stretches: Sequence[Stretch], *, opening: float) -> tuple[Objection, ...]:
    """One objection for somebody else in the opening, and one for later on; each names the clearest place."""
    early = [stretch for stretch in stretches if stretch.start < opening - OPENING_SECONDS / 2]
    late = [stretch for stretch in stretches if stretch not in early]
    told = [
        ("output-other-voice", early, "In its first seconds the output is somebody else's voice."),
        ("output-second-speaker", late, "A second voice is heard in the output."),
    ]
    objections = []
    for rule, found, explanation in told:
        if found:
            worst = min(found, key=lambda stretch: stretch.likeness)
            measured = {"from_s": worst.start, "to_s": worst.end, "likeness": round(worst.likeness, 3)}
            objections.append(Objection(rule, "deny", explanation, REVIEW, measured))
    return tuple(objections)
