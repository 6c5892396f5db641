"""Hard signs in a recording: what a microphone does not do, each with its figures. A sign is no verdict by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from safety.ports import Sign
from safety.spoofing.takes import fingerprint, repeated_seconds
from synth_adapter.waveform import Waveform

REPEATED_TAKE = "repeated-take"
LEAST_RUN_SECONDS = 0.05
SYNTHESIS_CEILINGS_HZ = (4_000.0, 5_512.5, 8_000.0, 11_025.0, 12_000.0)
CEILING_REACH_HZ = 400.0
CEILING_FALL_DB = 30.0
ABOVE_FLOOR = 1e-16
LEAST_SPECTRUM_SECONDS = 0.5


def signs(sound: Waveform) -> tuple[Sign, ...]:
    """Every sign that is there."""
    found = (_digital_silence(sound), _ceiling(sound), _repeated(sound))
    return tuple(sign for sign in found if sign is not None)


def digital_silence_seconds(sound: Waveform) -> float:
    """Seconds within the recording, its ends apart, in which the samples stand perfectly still."""
    moving = np.flatnonzero(np.diff(sound.samples) != 0.0)
    if len(moving) < 2:  # noqa: PLR2004 - nothing moves, or once
        return 0.0
    still = np.diff(moving) - 1
    return float(still[still >= LEAST_RUN_SECONDS * sound.rate].sum()) / sound.rate


def ceiling_hz(sound: Waveform) -> float | None:
    """Where the spectrum breaks off below half the file's own rate, at half a rate at which synthesisers work."""
    if sound.seconds < LEAST_SPECTRUM_SECONDS:
        return None
    hertz, density = welch(sound.samples.astype(np.float64), fs=sound.rate, nperseg=2_048, window="blackmanharris")
    level = 10 * np.log10(density + ABOVE_FLOOR)
    for ceiling in SYNTHESIS_CEILINGS_HZ:
        if ceiling + 2 * CEILING_REACH_HZ > sound.rate / 2:
            continue
        under = _mean(level, hertz, ceiling - 2 * CEILING_REACH_HZ, ceiling - CEILING_REACH_HZ)
        over = _mean(level, hertz, ceiling + CEILING_REACH_HZ, ceiling + 2 * CEILING_REACH_HZ)
        if under - over >= CEILING_FALL_DB:
            return ceiling
    return None


def _mean(level: NDArray[np.float64], hertz: NDArray[np.float64], low: float, high: float) -> float:
    return float(level[(hertz >= low) & (hertz < high)].mean())


def _digital_silence(sound: Waveform) -> Sign | None:
    seconds = digital_silence_seconds(sound)
    if not seconds:
        return None
    text = "Between words the samples stand perfectly still, as no microphone leaves them."
    return Sign("digital-silence", text, {"seconds": round(seconds, 2)})


def _ceiling(sound: Waveform) -> Sign | None:
    found = ceiling_hz(sound)
    if found is None:
        return None
    text = "The sound breaks off at half a rate at which synthesisers work, far below what the file could hold."
    return Sign("bandwidth-ceiling", text, {"ceiling_hz": found, "sample_rate_hz": float(sound.rate)})


def _repeated(sound: Waveform) -> Sign | None:
    seconds = repeated_seconds(fingerprint(sound))
    if not seconds:
        return None
    text = "A stretch of the recording is a copy of an earlier one."
    return Sign(REPEATED_TAKE, text, {"seconds": round(seconds, 1)})
