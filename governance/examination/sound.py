"""Is the output sane audio: the rate that the engine's release promised, a length that suits the text, no faults?"""

from __future__ import annotations

from governance.examination.findings import RETRY, Findings
from governance.rules import Objection
from safety.errors import SpeechError
from safety.ports import SpeechRating
from safety.registry import quality_judge
from synth_adapter.measures import Measures, measure, silences
from synth_adapter.waveform import Waveform

MAX_SILENCE_FRACTION = 0.6
LONGEST_PAUSE_SECONDS = 4.0
MAX_CLIPPED_FRACTION = 0.001
MAX_DC_OFFSET = 0.02
LEAST_LEVEL_DBFS = -40.0
SECONDS_PER_CHARACTER = (0.025, 0.25)
SHORTEST_SECONDS, LONGEST_OVERHEAD_SECONDS = 0.2, 3.0
LEAST_RATING = 1.3
"""Overall DNSMOS. 34 readings of the test corpus: 2.6 to 3.5; 16 outputs of the local engine: 1.9 to 3.0; a stock voice
that whispers: from 1.6; white noise alone: 1.1; speech under white noise as loud as itself: 1.2 on one clip, above 1.5
on another. So low a floor objects to what must have gone wrong, and to no manner of speaking."""

EXPLANATIONS = {
    "output-other-rate": "The output has another sample rate than the engine's release promises.",
    "output-duration": "The output is too short or too long for the text.",
    "output-silent": "Most of the output is silence, or there is a gap in it.",
    "output-clipped": "The output is clipped.",
    "output-offset": "The output does not swing about zero (DC offset).",
    "output-quiet": "The output is too quiet.",
    "output-poor": "The output sounds so poor that something must have gone wrong.",
}


def examine_sound(output: Waveform, *, text: str, promised_rate: int) -> Findings:
    """Measure the output against its text and against `promised_rate` (hertz)."""
    measures, rating = measure(output), _rating(output)
    pause = max((end - start for start, end in silences(output, at_least=LONGEST_PAUSE_SECONDS)), default=0.0)
    figures: dict[str, float] = {
        "sample_rate": output.rate,
        "seconds": round(measures.seconds, 4),
        "silence": round(measures.silence_fraction, 4),
        "longest_gap_s": round(pause, 2),
        "clipped": round(measures.clipped_fraction, 4),
        "dc_offset": round(measures.dc_offset, 4),
        "level_dbfs": round(measures.level_dbfs, 1),
        "peak_dbfs": round(measures.peak_dbfs, 1),
        "bandwidth_hz": round(measures.bandwidth_hz),
    }
    if rating is not None:
        figures |= {"dnsmos": round(rating.overall, 2), "dnsmos_signal": round(rating.signal, 2)}
    failed = [
        rule
        for rule, sane in {
            "output-other-rate": output.rate == promised_rate,
            "output-duration": _lasts_as_expected(measures, text),
            "output-silent": measures.silence_fraction <= MAX_SILENCE_FRACTION and not pause,
            "output-clipped": measures.clipped_fraction <= MAX_CLIPPED_FRACTION,
            "output-offset": abs(measures.dc_offset) <= MAX_DC_OFFSET,
            "output-quiet": measures.level_dbfs >= LEAST_LEVEL_DBFS,
            "output-poor": rating is None or rating.overall >= LEAST_RATING,
        }.items()
        if not sane
    ]
    return Findings(tuple(_objection(rule, figures, promised_rate) for rule in failed), dict(figures))


def _rating(output: Waveform) -> SpeechRating | None:
    """None where there is too little to rate; then length or silence objects."""
    try:
        return quality_judge().rate(output)
    except SpeechError:
        return None


def _lasts_as_expected(measures: Measures, text: str) -> bool:
    shortest = max(SHORTEST_SECONDS, len(text) * SECONDS_PER_CHARACTER[0])
    longest = LONGEST_OVERHEAD_SECONDS + len(text) * SECONDS_PER_CHARACTER[1]
    return shortest <= measures.seconds <= longest


_SHOWN = {
    "output-other-rate": ("sample_rate",),
    "output-duration": ("seconds",),
    "output-silent": ("silence", "longest_gap_s"),
    "output-clipped": ("clipped",),
    "output-offset": ("dc_offset",),
    "output-quiet": ("level_dbfs",),
    "output-poor": ("dnsmos", "dnsmos_signal"),
}
_LIMITS = {
    "output-silent": MAX_SILENCE_FRACTION,
    "output-clipped": MAX_CLIPPED_FRACTION,
    "output-offset": MAX_DC_OFFSET,
    "output-quiet": LEAST_LEVEL_DBFS,
    "output-poor": LEAST_RATING,
}


def _objection(rule: str, figures: dict[str, float], promised_rate: int) -> Objection:
    limits = {**_LIMITS, "output-other-rate": float(promised_rate)}
    measured: dict[str, float | str] = {name: figures[name] for name in _SHOWN[rule]}
    if rule in limits:
        measured["limit"] = limits[rule]
    return Objection(rule, "deny", EXPLANATIONS[rule], RETRY, measured)
