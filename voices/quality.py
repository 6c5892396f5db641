"""Whether samples are good enough to learn a voice from: each measure against its limit, with what to do.

Limits were set on 353 bona fide recordings of the speech corpus: of those at 16 kHz and above the quietest has
-37.4 dBFS, the noisiest 12.5 dB of signal over noise, the emptiest 58 % silence, none clips; those at 8 kHz reach
4 kHz. How far the other limits are from that speech is said where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from consent.reasons import Reason
from consent.scope import base_language
from synth_adapter.measures import Measures

LEAST_LEVEL_DBFS = -40.0
MOST_CLIPPED_FRACTION = 0.001
LEAST_SNR_DB = 10.0
LEAST_BANDWIDTH_HZ = 5_000.0
MOST_SILENCE_FRACTION = 0.7
MOST_DECAY_SECONDS = 0.21
"""One of 233 dry recordings is over it (2 s long); 85 % are in a simulated room of 0.5 s, 6 dB direct; all in worse."""
LEAST_SNR_FOR_DECAY_DB = 20.0
"""With more noise than this the noise, not the room, makes the falls slow (15 dB: 11 % would be over the limit)."""
SURE_OF_LANGUAGE = 0.8
"""Of 60 English recordings of the corpus one was taken for Welsh (0.54); of 5 Mandarin ones none for anything else."""

GOOD_SNR_DB = 25.0
GOOD_BANDWIDTH_HZ = 7_000.0
GOOD_DECAY_SECONDS = 0.16
ENOUGH_SECONDS = 12.0
LEAST_WEIGHT = 0.05


@dataclass(frozen=True)
class Check:
    """One measure of one sample beside its limit; `unit` names both, `side` says on which side of the limit is good."""

    rule: str
    unit: str
    value: float
    side: Literal["at least", "at most"]
    limit: float
    fault: str
    way_forward: str

    @property
    def passed(self) -> bool:
        return self.value >= self.limit if self.side == "at least" else self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        """What is kept with the sample, whether it passed or not."""
        figures = {"value": round(self.value, 4), "side": self.side, "limit": self.limit, "passed": self.passed}
        return {"rule": self.rule, "unit": self.unit, **figures, "way_forward": self.way_forward}

    def reason(self, position: int) -> Reason:
        measured: dict[str, float | str] = {"sample": position, self.unit: round(self.value, 4), "limit": self.limit}
        return Reason(self.rule, "deny", f"Sample {position} {self.fault}.", self.way_forward, measured)


def checks(measures: Measures) -> tuple[Check, ...]:
    """Every measure of the sound of one sample against its limit."""
    echo = measures.decay_seconds if measures.snr_db >= LEAST_SNR_FOR_DECAY_DB else 0.0
    return (
        Check(
            "sample-too-quiet", "level_dbfs", measures.level_dbfs, "at least", LEAST_LEVEL_DBFS, "is too quiet",
            "Come closer to the microphone, or turn it up.",
        ),
        Check(
            "sample-clipped", "clipped_fraction", measures.clipped_fraction, "at most", MOST_CLIPPED_FRACTION,
            "is clipped, that is, recorded too loud", "Turn the microphone down and record again.",
        ),
        Check(
            "sample-noisy", "snr_db", measures.snr_db, "at least", LEAST_SNR_DB, "holds too much noise",
            "Record again in a quiet room.",
        ),
        Check(
            "sample-reverberant", "decay_seconds", echo, "at most", MOST_DECAY_SECONDS,
            "echoes, because the room is bare or the microphone far away",
            "Come within a hand's breadth or two of the microphone, in a room with curtains or furniture.",
        ),
        Check(
            "sample-narrow-band", "bandwidth_hz", measures.bandwidth_hz, "at least", LEAST_BANDWIDTH_HZ,
            "holds no high tones, as a phone line does",
            "Record with a microphone at 16 kHz or more, not over the telephone.",
        ),
        Check(
            "sample-mostly-silent", "silence_fraction", measures.silence_fraction, "at most", MOST_SILENCE_FRACTION,
            "is mostly silence", "Cut the silence off, or speak throughout.",
        ),
    )  # fmt: skip


def judge_sample(measures: Measures, *, position: int) -> list[Reason]:
    """Everything that is wrong with the sound of one sample; `position` counts from one."""
    return [check.reason(position) for check in checks(measures) if not check.passed]


def judge_language(heard: str, probability: float, *, wanted: str, position: int) -> list[Reason]:
    """Whether a sample is in the voice's language; a transcriber errs over accents, so a reviewer listens first.

    Args:
        heard: what the transcriber took it for; empty where it heard no voice, which is judged elsewhere.
        probability: how sure it was, within 0..1.
        wanted: the language of the voice (BCP 47); of both only the base language counts.
        position: of the sample, from one.
    """
    if not heard or base_language(heard) == base_language(wanted) or probability < SURE_OF_LANGUAGE:
        return []
    text = f"Sample {position} sounds like another language ({heard}) than that of the voice ({wanted})."
    way_forward = f"A reviewer listens and decides; or record it again in {wanted}."
    measured: dict[str, float | str] = {"sample": position, "heard": heard}
    measured |= {"probability": round(probability, 2), "limit": SURE_OF_LANGUAGE}
    return [Reason("sample-other-language", "hold", text, way_forward, measured)]


def judge_amount(net_speech_seconds: Sequence[float], *, least_seconds: float) -> list[Reason]:
    """Whether there is enough speech in all samples together, pauses left out."""
    total = sum(net_speech_seconds)
    if total >= least_seconds:
        return []
    text = f"All samples together hold {total:.1f} s of speech; {least_seconds:.0f} s are needed."
    way_forward = f"Record {least_seconds - total:.0f} s more of continuous speech."
    measured = {"net_speech_seconds": round(total, 2), "limit_seconds": least_seconds}
    return [Reason("too-little-speech", "deny", text, way_forward, measured)]


def weight_of(measures: Measures, *, net_speech_seconds: float) -> float:
    """What a sample is worth beside others, above 0 to 1: its length times how free of noise, echo, narrowness it is.

    Beyond what is good in each respect nothing more is gained.
    """
    length = net_speech_seconds / ENOUGH_SECONDS
    noise, band = measures.snr_db / GOOD_SNR_DB, measures.bandwidth_hz / GOOD_BANDWIDTH_HZ
    echo = GOOD_DECAY_SECONDS / max(measures.decay_seconds, GOOD_DECAY_SECONDS)
    worth = 1.0
    for share in (length, noise, band, echo):
        worth *= min(1.0, share)
    return max(LEAST_WEIGHT, worth)
