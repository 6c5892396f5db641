"""Who is compared: groups of speakers as far as the corpus lets one know them, and how far rates differ among them.

The corpus names neither sex, age nor accent. What can be known is the collection a speaker was recorded for, and how
high the voice is, measured here: a proxy for sex in adults, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyworld
from numpy.typing import NDArray

from bench.speakers.embeddings import takes
from bench.speakers.rates import DRAWS, Interval
from bench.speakers.trials import Floats, Trials, weights
from synth_adapter.decoding import decode

HIGH_FROM_HZ = 165.0
COLLECTIONS = {
    "librispeech_train": "LibriSpeech, audio books in English",
    "librispeech_testother": "LibriSpeech, audio books in English",
    "fs2_libritts_real": "LibriSpeech, audio books in English",
    "vctk_stargan": "VCTK, British English",
    "fs2_aishell_real": "AISHELL-3, Mandarin",
    "ljspeech": "LJSpeech, one reader, American English",
    "fs2_lj_real": "LJSpeech, one reader, American English",
    "whisper_jfk": "John F. Kennedy, American English",
}


def by_collection(trials: Trials) -> dict[str, str]:
    return {speaker: COLLECTIONS.get(trials.sources[speaker], trials.sources[speaker]) for speaker in trials.speakers}


def by_pitch(trials: Trials) -> dict[str, str]:
    """A voice is high from a median fundamental of 165 Hz (DIO, Morise et al. 2009) in the speaker's first take."""
    first = {take.speaker: take for take in reversed(takes())}
    found = {}
    for speaker in trials.speakers:
        sound = decode(first[speaker].path.read_bytes()).waveform
        pitch, _ = pyworld.dio(sound.samples.astype(np.float64), sound.rate)
        voiced = pitch[pitch > 0]
        high = len(voiced) > 0 and float(np.median(voiced)) >= HIGH_FROM_HZ
        found[speaker] = f"{'high' if high else 'low'} voices"
    return found


def members(trials: Trials, groups: Mapping[str, str], group: str) -> NDArray[np.bool_]:
    """Trials whose probe is spoken by somebody of the group."""
    inside = np.array([groups[speaker] == group for speaker in trials.speakers])
    return np.asarray(inside[trials.probe])


def worst_to_best(llr: Floats, trials: Trials, groups: Mapping[str, str], *, threshold: float) -> Interval | None:
    """The greatest FNMR of a group by the least, at one threshold; None where a group has no genuine trials."""
    names = sorted(set(groups.values()))
    rates = [_by_speaker(llr, trials, members(trials, groups, name), threshold) for name in names]
    rates = [rate for rate in rates if len(rate)]
    if len(rates) < 2:  # noqa: PLR2004 -- nothing to compare
        return None
    generator = np.random.default_rng(0)
    drawn = [_ratio([float(generator.choice(rate, size=len(rate)).mean()) for rate in rates]) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5], method="nearest")
    return Interval(_ratio([float(rate.mean()) for rate in rates]), float(low), float(high))


def _ratio(rates: list[float]) -> float:
    if max(rates) == 0.0:
        return 1.0
    return float("inf") if min(rates) == 0.0 else max(rates) / min(rates)


def _by_speaker(llr: Floats, trials: Trials, inside: NDArray[np.bool_], threshold: float) -> Floats:
    """The FNMR of every speaker in the group who has genuine trials."""
    chosen = inside & trials.genuine
    if not chosen.any():
        return np.zeros(0)
    shares = weights(trials)[chosen]
    missed = np.bincount(trials.probe[chosen], shares * (llr[chosen] < threshold), len(trials.speakers))
    every = np.bincount(trials.probe[chosen], shares, len(trials.speakers))
    return np.asarray(missed[every > 0] / every[every > 0])
