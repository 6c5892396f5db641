"""From a stock voice's spectra to a speaker's: a small network over a window of frames, applied in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth_adapter.adaptation.analysis import ORDER, Floats, Speech

CONTEXT = (-10, -5, -2, 0, 2, 5, 10)  # frames seen around each frame: 50 ms to either side
_CONTEXT_ORDER = 25
INPUTS = ORDER + len(CONTEXT) * _CONTEXT_ORDER + 2
KEPT = 0.5  # the part of the normalised stock spectrum that passes beside the network
_PRIOR_FRAMES = 200.0  # how much the training frames weigh when the spread of a short utterance is judged
_STRONGEST = 2.0

Singles = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of cepstra, each of shape (ORDER,)."""

    mean: Floats
    deviation: Floats


@dataclass(frozen=True, eq=False)
class SpectralMap:
    """Weights and biases of three layers, the scales on both sides, and the spread the network itself produces."""

    source: Scale
    target: Scale
    produced: Floats
    weights: tuple[Singles, ...]
    biases: tuple[Singles, ...]


def scale(cepstra: Floats) -> Scale:
    """The scale of frames of shape (n, ORDER)."""
    return Scale(cepstra.mean(axis=0), np.maximum(cepstra.std(axis=0), 1e-6))


def inputs(speech: Speech, source: Scale) -> Singles:
    """What the network sees of each frame: shape (n, INPUTS)."""
    normal = (speech.cepstra - source.mean) / source.deviation
    frames = np.arange(len(normal))[:, None] + np.array(CONTEXT)
    window = normal[np.clip(frames, 0, len(normal) - 1), :_CONTEXT_ORDER].reshape(len(normal), -1)
    voiced = speech.pitch > 0
    melody = np.zeros(len(normal))
    if voiced.any():
        logarithm = np.log(speech.pitch[voiced])
        melody[voiced] = (logarithm - logarithm.mean()) / (logarithm.std() + 1e-6)
    return np.column_stack([normal, window, voiced, melody]).astype(np.float32)


def apply(spectral_map: SpectralMap, speech: Speech) -> Floats:
    """The speaker's cepstra for a stock voice's speech, as the network averages them: shape (n, ORDER)."""
    seen = inputs(speech, spectral_map.source)
    hidden = seen
    *inner, last = zip(spectral_map.weights, spectral_map.biases, strict=True)
    for weight, bias in inner:
        hidden = np.maximum(hidden @ weight.T + bias, 0.0)
    normal = hidden @ last[0].T + last[1] + KEPT * seen[:, :ORDER]
    return normal.astype(np.float64) * spectral_map.target.deviation + spectral_map.target.mean


def sharpen(cepstra: Floats, audible: NDArray[np.bool_], *, spectral_map: SpectralMap) -> Floats:
    """Give averaged spectra the speaker's own variance again, level excepted.

    Toda and Tokuda: global variance, IEICE Transactions on Information and Systems E90-D(5), 2007.
    """
    frames = cepstra[audible] if audible.any() else cepstra
    share = len(frames) / (len(frames) + _PRIOR_FRAMES)
    variance = share * frames.var(axis=0) + (1.0 - share) * spectral_map.produced**2
    gain = np.clip(spectral_map.target.deviation / np.sqrt(np.maximum(variance, 1e-12)), 1.0, _STRONGEST)
    gain[0] = 1.0
    mean = frames.mean(axis=0)
    sharpened: Floats = (cepstra - mean) * gain + mean
    return sharpened
