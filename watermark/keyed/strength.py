"""How strong the mark has to be in a stretch of sound to outlast noise and a narrow codec, heard beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from synth_adapter import lossy
from synth_adapter.lossy import Codec
from synth_adapter.waveform import Waveform
from watermark.keyed.features import RATE, ROWS_PER_CHIP, STEP, WINDOW, powers, soft_cells
from watermark.keyed.grid import BANDS, CHIPS
from watermark.keyed.scoring import z_score

LEAST, MOST = 0.5, 2.2
"""Times the decibels of the grid."""
NOISE_DECIBELS = 10.0
CODE_SCORE, PILOT_SCORE = 8.8, 6.0
"""What code and pilot should reach under white noise this far below the stretch (as dense as at 16 kHz)."""
CODEC: Codec = "libopus"
CODEC_BITS = 12_000
CODEC_CODE_SCORE, CODEC_PILOT_SCORE = 9.3, 5.6
"""The same after this codec. Others ask for less, but for those of telephones at 13 kbit/s and below."""
ROUNDS = 3
"""Trials, each with other noise."""
GROWTH = 0.8
"""Scores grow about with this power of the strength."""
HOPELESS = 0.1
"""Share of the goals at unit strength below which no strength would do."""
FIRST_ROW = (ROWS_PER_CHIP - WINDOW // STEP) // 2
"""Where the first chip is centred: rows are centred half a window after the sound begins."""
QUIET = 1e-9
"""Mean square below which nothing is tried: digital silence."""

Signs = NDArray[np.int8]
Marked = Callable[[float], NDArray[np.float32]]


def needed(marked: Marked, signs: Signs, *, rate: int) -> float:
    """The strength that lets all scores reach their goals, within the limits.

    Args:
        marked: Gives the stretch with the mark at some strength, shape (n,).
        signs: The pattern from the stretch's first chip on, whole frames, shape (chips, BANDS).
        rate: Hertz.
    """
    strength, reached = 1.0, []
    for turn in range(ROUNDS):
        samples = marked(strength)
        power = float(np.mean(samples.astype(np.float64) ** 2)) if len(samples) else 0.0
        if power < QUIET:
            return LEAST
        level = np.sqrt(power * rate / RATE / 10 ** (NOISE_DECIBELS / 10))
        noise = np.random.default_rng(turn).standard_normal(len(samples)) * level
        noisy = _scores(Waveform((samples + noise).astype(np.float32), rate), signs)
        narrow = _scores(lossy.coded(Waveform(samples, rate), codec=CODEC, bits=CODEC_BITS), signs)
        shares = (
            noisy[0] / CODE_SCORE,
            noisy[1] / PILOT_SCORE,
            narrow[0] / CODEC_CODE_SCORE,
            narrow[1] / CODEC_PILOT_SCORE,
        )
        share = min(shares)
        reached.append(share / strength**GROWTH)
        strength = float(np.clip(max(np.mean(reached), HOPELESS) ** (-1 / GROWTH), LEAST, MOST))
    return strength


def _scores(sound: Waveform, signs: Signs) -> tuple[float, float]:
    """The scores of code and pilot, read where the mark is known to be."""
    cells = soft_cells(powers(sound), pitches=np.ones(1), lag=ROWS_PER_CHIP)[0]
    rows = FIRST_ROW + ROWS_PER_CHIP * np.arange(len(signs))
    inside = (rows >= 0) & (rows < len(cells))
    heard = cells[rows[inside]]
    there = signs[inside]
    pilot = np.tile(_repeated(signs), (len(signs) // CHIPS + 1, 1))[: len(signs)][inside]
    return z_score(np.where(pilot, 0, there), heard), z_score(np.where(pilot, there, 0), heard)


def _repeated(signs: Signs) -> NDArray[np.bool_]:
    """The cells of a frame that are the same in every frame, the pilot's: shape (CHIPS, BANDS)."""
    frames = signs.reshape(-1, CHIPS, BANDS)
    return np.asarray((frames == frames[0]).all(axis=0))
