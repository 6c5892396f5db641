"""Examine what an engine made, trusting it no more than any upload: whose voice, which words, sane audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from governance.rules import Objection
from safety.comparison import SHORT_PROBE_SECONDS, Comparison, Embedding, ProbeLength, compare, embed, operating_point
from safety.errors import SpeechError
from safety.protected_voices import screen
from safety.registry import speaker_encoder, transcriber
from safety.transcripts import word_error_rate
from synth_adapter.measures import Measures, measure
from synth_adapter.waveform import Waveform
from tenancy.scope import organisation_scope

MAX_SILENCE_FRACTION = 0.6
MAX_CLIPPED_FRACTION = 0.001
SECONDS_PER_CHARACTER = (0.025, 0.25)
SHORTEST_SECONDS, LONGEST_OVERHEAD_SECONDS = 0.2, 3.0
RETRY = "Ask again; if it repeats, prepare the voice anew."


@dataclass(frozen=True)
class Examination:
    """What was found: every objection, and every figure whether it objected or not."""

    objections: tuple[Objection, ...]
    figures: dict[str, Any]

    @property
    def passed(self) -> bool:
        return not self.objections


def examine(output: Waveform, *, text: str, language: str, reference: Embedding, organisation_id: UUID) -> Examination:
    """Compare an engine's output with what was asked for and with the enrolled `reference` of the same model."""
    measures = measure(output)
    objections, figures = _examine_sound(measures, text)
    found, heard = _examine_voice(output, reference, organisation_id)
    objections += found
    figures |= heard
    transcript = transcriber().transcribe(output, language=language)
    words = word_error_rate(text, transcript.text, language=language)
    figures |= {"word_error_rate": round(words.rate, 3), "heard": transcript.text}
    if words.rate > settings.EXAMINATION_MAX_WORD_ERROR_RATE:
        measured = {"word_error_rate": round(words.rate, 3), "limit": settings.EXAMINATION_MAX_WORD_ERROR_RATE}
        explanation = "The words heard in the output are not the words that were asked for."
        objections.append(Objection("output-other-words", "deny", explanation, RETRY, measured))
    return Examination(tuple(objections), figures)


def _examine_sound(measures: Measures, text: str) -> tuple[list[Objection], dict[str, Any]]:
    shortest = max(SHORTEST_SECONDS, len(text) * SECONDS_PER_CHARACTER[0])
    longest = LONGEST_OVERHEAD_SECONDS + len(text) * SECONDS_PER_CHARACTER[1]
    checks = [
        ("output-duration", shortest <= measures.seconds <= longest, "seconds", measures.seconds),
        ("output-silent", measures.silence_fraction <= MAX_SILENCE_FRACTION, "silence", measures.silence_fraction),
        ("output-clipped", measures.clipped_fraction <= MAX_CLIPPED_FRACTION, "clipped", measures.clipped_fraction),
    ]
    explanations = {
        "output-duration": "The output is too short or too long for the text.",
        "output-silent": "Most of the output is silence.",
        "output-clipped": "The output is clipped.",
    }
    objections = [
        Objection(rule, "deny", explanations[rule], RETRY, {unit: round(value, 4)})
        for rule, sane, unit, value in checks
        if not sane
    ]
    return objections, {unit: round(value, 4) for _, _, unit, value in checks} | {"peak_dbfs": measures.peak_dbfs}


def _examine_voice(
    output: Waveform, reference: Embedding, organisation_id: UUID
) -> tuple[list[Objection], dict[str, Any]]:
    encoder = speaker_encoder()
    objections: list[Objection] = []
    figures: dict[str, Any] = {}
    parts = {"opening": output.cut(0.0, SHORT_PROBE_SECONDS), "whole": output}
    for part, waveform in parts.items():
        try:
            embedding = embed(waveform, encoder=encoder)
        except SpeechError as error:
            objections.append(Objection("output-voice-unknown", "deny", f"The {part}: {error}", RETRY))
            continue
        comparison = compare(embedding, reference, point=operating_point(encoder.model, probe=length_of(waveform)))
        figures[f"likeness_{part}"] = round(comparison.score, 3)
        figures[f"likeness_{part}_match_from"] = comparison.point.match
        objections += _judge_likeness(comparison, part)
        if part == "whole":
            objections += _judge_protected(embedding, organisation_id)
    return objections, figures


def length_of(waveform: Waveform) -> ProbeLength:
    """Which operating point a probe of this length is held against."""
    return "short" if waveform.seconds <= SHORT_PROBE_SECONDS else "whole"


def _judge_likeness(comparison: Comparison, part: str) -> Sequence[Objection]:
    """The opening is too short to convict on doubt: only a clear other voice objects there."""
    acceptable = {"match"} if part == "whole" else {"match", "inconclusive"}
    if comparison.outcome in acceptable:
        return []
    measured: dict[str, float | str] = {
        "score": round(comparison.score, 3),
        "match_from": comparison.point.match,
        "part": part,
    }
    explanation = f"The output ({part}) does not sound like the consented speaker."
    return [Objection("output-other-voice", "deny", explanation, RETRY, measured)]


def _judge_protected(embedding: Embedding, organisation_id: UUID) -> Sequence[Objection]:
    with organisation_scope(organisation_id, actor="system"):
        listed = screen(embedding.vector, model=embedding.model)
    matches = [match for match in listed if match.outcome == "match"]
    explanation = "The output sounds like a person whose voice is protected."
    way_forward = "A reviewer looks at the clip."
    return [
        Objection("output-protected-voice", "deny", explanation, way_forward, {"score": round(match.score, 3)})
        for match in matches
    ]
