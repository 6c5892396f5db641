"""Whose voice the samples are: one speaker's, the one who said yes, nobody who is protected, nobody's imitation."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from consent.reasons import Reason
from safety import duplicates
from safety.calibration import Calibration
from safety.comparison import Comparison, VoiceEmbedding, compare
from safety.protected_voices import ProtectedMatch
from safety.rotation import alike
from safety.script.names import public_figure
from voices.listening import HeardSample

SHORT_SAMPLE_SECONDS = 4.0
OWN_VOICE = "Send recordings of the very person who gave this consent."
REVIEW = "A reviewer listens and decides."


@dataclass(frozen=True)
class Compared:
    """How each sample, by its position, and all of them together compared with the ceremony's voice.

    `spoken` is false where nobody's voice said yes, but a representative.
    """

    samples: Mapping[int, Comparison]
    whole: Comparison | None
    spoken: bool = True


def compare_with_ceremony(
    samples: Sequence[HeardSample],
    *,
    reference: VoiceEmbedding | None,
    ceremony: VoiceEmbedding | None,
    calibration: Calibration,
) -> Compared:
    """Compare every sample in which there is a voice, and what they make together, with the voice that said yes."""
    if ceremony is None:
        return Compared({}, None, spoken=False)

    def compared(probe: VoiceEmbedding) -> Comparison:
        return compare(alike(probe, to=ceremony), ceremony, calibration=calibration)

    return Compared(
        samples={sample.position: compared(sample.embedding) for sample in samples if sample.embedding is not None},
        whole=None if reference is None else compared(reference),
    )


def judge_speakers(
    samples: Sequence[HeardSample], *, compared: Compared, left_out: Container[int] = ()
) -> list[Reason]:
    """One speaker within each sample and across them, and the same as in the ceremony.

    Doubt about a sample that was left out (by its position) is none, since nothing is learnt from it; certainty that
    it is somebody else's still refuses.
    """
    found = [reason for sample in samples for reason in _judge_within(sample)]
    if not compared.spoken and any(sample.embedding is not None for sample in samples):
        text = "A representative gave the consent, so there is no voice with which the samples could be compared."
        return [*found, Reason("speaker-not-heard", "hold", text, REVIEW)]
    if compared.whole is None:
        text = "No voice could be made out in the samples."
        return [*found, Reason("no-voice-heard", "deny", text, "Record at least twenty seconds of clear speech.")]
    for sample in samples:
        comparison = compared.samples.get(sample.position)
        doubts = [] if comparison is None else _judge_sample_against_ceremony(sample, comparison)
        found += [doubt for doubt in doubts if doubt.effect == "deny" or sample.position not in left_out]
    return [*found, *judge_against_ceremony(compared.whole)]


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


def judge_duplicate(answer: duplicates.Answer) -> list[Reason]:
    """A voice that somebody else enrolled waits for a reviewer; whoever, wherever and how like stays unsaid."""
    if answer == "somebody":
        text = "This voice seems to be enrolled already, by another person or for another use."
        way_forward = "A reviewer makes sure whose voice it is: have the speaker show who they are."
        return [Reason("voice-enrolled-already", "hold", text, way_forward)]
    if answer == "unsearched":
        text = "Nobody could make sure that this voice is not enrolled already: an encoder has changed."
        way_forward = "The operator runs `manage.py reenrol`; then enrol the voice again, or let a reviewer decide."
        return [Reason("duplicates-not-searched", "hold", text, way_forward)]
    return []


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
    measured = {"sample": sample.position, **comparison.figures()}
    if comparison.outcome == "no_match":
        text = f"The voice in sample {sample.position} is not the one that gave the consent."
        return [Reason("not-the-consenting-speaker", "deny", text, OWN_VOICE, measured)]
    text = f"It is not certain that the voice in sample {sample.position} is the one that gave the consent."
    return [Reason("speaker-uncertain", "hold", text, REVIEW, measured)]


def judge_against_ceremony(comparison: Comparison) -> list[Reason]:
    if comparison.outcome == "match":
        return []
    if comparison.outcome == "no_match":
        text = "The voice in the samples is not the one that gave the consent."
        return [Reason("not-the-consenting-speaker", "deny", text, OWN_VOICE, comparison.figures())]
    text = "It is not certain that the voice in the samples is the one that gave the consent."
    return [Reason("speaker-uncertain", "hold", text, REVIEW, comparison.figures())]


def _is_short(seconds: float) -> bool:
    return seconds < SHORT_SAMPLE_SECONDS
