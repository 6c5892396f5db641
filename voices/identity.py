"""Whose voice the samples are: one speaker's, the one who said yes, nobody who is protected, nobody's imitation."""

from __future__ import annotations

from collections.abc import Sequence

from consent.reasons import Reason
from safety.comparison import Comparison, Embedding, ProbeLength, compare, operating_point
from safety.protected_voices import ProtectedMatch
from safety.script.names import public_figure
from voices.listening import HeardSample

SHORT_SAMPLE_SECONDS = 4.0
OWN_VOICE = "Send recordings of the very person who gave this consent."
REVIEW = "A reviewer listens and decides."


def judge_speakers(samples: Sequence[HeardSample], *, reference: Embedding | None, ceremony: Embedding) -> list[Reason]:
    """One speaker within each sample and across them, and the same as in the ceremony."""
    found = [reason for sample in samples for reason in _judge_within(sample)]
    if reference is None:
        text = "No voice could be made out in the samples."
        return [*found, Reason("no-voice-heard", "deny", text, "Record at least twenty seconds of clear speech.")]
    for sample in samples:
        if sample.embedding is not None:
            comparison = _compare(sample.embedding, ceremony, seconds=sample.net_speech_seconds)
            found += _judge_sample_against_ceremony(sample, comparison)
    whole = _compare(reference, ceremony, seconds=sum(sample.net_speech_seconds for sample in samples))
    return [*found, *_judge_against_ceremony(whole)]


def judge_marks(samples: Sequence[HeardSample]) -> list[Reason]:
    """Samples of synthetic speech are refused: a mark of ours is proof of it."""
    found = []
    for sample in samples:
        if not sample.marks:
            text = f"Nobody could tell whether sample {sample.position} carries the mark of synthetic speech."
            found.append(Reason("mark-unread", "deny", text, "Tell the operator; then send the samples again."))
        for mark in sample.marks:
            if mark.outcome == "marked":
                text = f"Sample {sample.position} carries the mark of synthetic speech."
                measured: dict[str, float | str] = {
                    "sample": sample.position,
                    "marker": mark.marker,
                    "score": round(mark.score, 3),
                }
                way_forward = "Only a living voice can be enrolled: send recordings of it."
                found.append(Reason("synthetic-mark-found", "deny", text, way_forward, measured))
    return found


def judge_protection(by_sound: Sequence[ProtectedMatch], by_name: Sequence[ProtectedMatch]) -> list[Reason]:
    """A sure match on a list that denies refuses; every other match waits for a reviewer."""
    found = []
    for match, what in [*((m, "sounds like") for m in by_sound), *((m, "bears the name of") for m in by_name)]:
        if match.outcome == "no_match":
            continue
        sure = match.action == "deny" and match.outcome == "match"
        text = f"The voice {what} a person who must not be cloned."
        way_forward = "If it is that person, and they want this, ask for the list to be looked at." if sure else REVIEW
        measured: dict[str, float | str] = {"score": round(match.score, 3), "outcome": match.outcome}
        found.append(Reason("protected-voice", "deny" if sure else "hold", text, way_forward, measured))
    return found


def judge_names(names: Sequence[str]) -> list[Reason]:
    """A public figure's name, given to the voice or the speaker, waits for a reviewer."""
    if all(public_figure(name) is None for name in names):
        return []
    text = "The name is that of a person in public life."
    return [Reason("public-figure-name", "hold", text, REVIEW)]


def _judge_within(sample: HeardSample) -> list[Reason]:
    measured = {"sample": sample.position, "score": round(sample.speakers.score or 0.0, 3)}
    if sample.speakers.outcome == "several":
        text = f"More than one voice was heard in sample {sample.position}."
        return [Reason("several-speakers", "deny", text, "Send samples in which one person speaks.", measured)]
    if sample.speakers.outcome == "inconclusive" and sample.speakers.score is not None:
        text = f"It could not be made sure that one person speaks in sample {sample.position}."
        return [Reason("several-speakers", "hold", text, REVIEW, measured)]
    return []


def _judge_sample_against_ceremony(sample: HeardSample, comparison: Comparison) -> list[Reason]:
    if comparison.outcome == "match" or (comparison.outcome == "inconclusive" and _is_short(sample.net_speech_seconds)):
        return []
    measured = {"sample": sample.position, **_figures(comparison)}
    if comparison.outcome == "no_match":
        text = f"The voice in sample {sample.position} is not the one that gave the consent."
        return [Reason("not-the-consenting-speaker", "deny", text, OWN_VOICE, measured)]
    text = f"It is not certain that the voice in sample {sample.position} is the one that gave the consent."
    return [Reason("speaker-uncertain", "hold", text, REVIEW, measured)]


def _judge_against_ceremony(comparison: Comparison) -> list[Reason]:
    if comparison.outcome == "match":
        return []
    if comparison.outcome == "no_match":
        text = "The voice in the samples is not the one that gave the consent."
        return [Reason("not-the-consenting-speaker", "deny", text, OWN_VOICE, _figures(comparison))]
    text = "It is not certain that the voice in the samples is the one that gave the consent."
    return [Reason("speaker-uncertain", "hold", text, REVIEW, _figures(comparison))]


def _compare(probe: Embedding, ceremony: Embedding, *, seconds: float) -> Comparison:
    length: ProbeLength = "short" if _is_short(seconds) else "whole"
    return compare(probe, ceremony, point=operating_point(probe.model, probe=length))


def _is_short(seconds: float) -> bool:
    return seconds < SHORT_SAMPLE_SECONDS


def _figures(comparison: Comparison) -> dict[str, float]:
    point = comparison.point
    return {"score": round(comparison.score, 3), "match_from": point.match, "no_match_below": point.no_match}
