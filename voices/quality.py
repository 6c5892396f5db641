"""Whether samples are good enough to learn a voice from: each measure against its limit, with what to do.

Limits were set on 353 bona fide recordings of the speech corpus: of those at 16 kHz and above the quietest has
-37.4 dBFS, the noisiest 12.5 dB of signal over noise, the emptiest 58 % silence, none
clips; those at 8 kHz reach 4 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence

from consent.reasons import Reason
from synth_adapter.measures import Measures

LEAST_LEVEL_DBFS = -40.0
MOST_CLIPPED_FRACTION = 0.001
LEAST_SNR_DB = 10.0
LEAST_BANDWIDTH_HZ = 5_000.0
MOST_SILENCE_FRACTION = 0.7


def judge_sample(measures: Measures, *, position: int) -> list[Reason]:
    """Everything that is wrong with the sound of one sample; `position` counts from one."""
    checks = (
        (
            "sample-too-quiet", measures.level_dbfs >= LEAST_LEVEL_DBFS, "is too quiet",
            "Come closer to the microphone, or turn it up.", "level_dbfs", measures.level_dbfs, LEAST_LEVEL_DBFS,
        ),
        (
            "sample-clipped", measures.clipped_fraction <= MOST_CLIPPED_FRACTION,
            "is clipped, that is, recorded too loud",
            "Turn the microphone down and record again.",
            "clipped_fraction", measures.clipped_fraction, MOST_CLIPPED_FRACTION,
        ),
        (
            "sample-noisy", measures.snr_db >= LEAST_SNR_DB, "holds too much noise",
            "Record again in a quiet room.", "snr_db", measures.snr_db, LEAST_SNR_DB,
        ),
        (
            "sample-narrow-band", measures.bandwidth_hz >= LEAST_BANDWIDTH_HZ,
            "holds no high tones, as a phone line does",
            "Record with a microphone at 16 kHz or more, not over the telephone.",
            "bandwidth_hz", measures.bandwidth_hz, LEAST_BANDWIDTH_HZ,
        ),
        (
            "sample-mostly-silent", measures.silence_fraction <= MOST_SILENCE_FRACTION, "is mostly silence",
            "Cut the silence off, or speak throughout.",
            "silence_fraction", measures.silence_fraction, MOST_SILENCE_FRACTION,
        ),
    )  # fmt: skip
    return [
        Reason(
            rule, "deny", f"Sample {position} {what}.", way, {"sample": position, unit: round(value, 4), "limit": limit}
        )
        for rule, passed, what, way, unit, value, limit in checks
        if not passed
    ]


def judge_amount(net_speech_seconds: Sequence[float], *, least_seconds: float) -> list[Reason]:
    """Whether there is enough speech in all samples together, pauses left out."""
    total = sum(net_speech_seconds)
    if total >= least_seconds:
        return []
    text = f"All samples together hold {total:.1f} s of speech; {least_seconds:.0f} s are needed."
    way_forward = f"Record {least_seconds - total:.0f} s more of continuous speech."
    measured = {"net_speech_seconds": round(total, 2), "limit_seconds": least_seconds}
    return [Reason("too-little-speech", "deny", text, way_forward, measured)]
