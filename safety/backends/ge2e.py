"""Speaker embeddings by the GE2E network (arXiv 1710.10467): an independent second opinion on a voice."""

from __future__ import annotations

import numpy as np
import onnxruntime
from django.conf import settings
from numpy.typing import NDArray
from scipy.signal import get_window

from safety.backends.ge2e_export import MEL_BINS, PARTIAL_FRAMES, WIDTH
from safety.ports import ModelIdentity
from safety.speech import require_sound
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate

RATE = 16_000
WINDOW = 400
HOP = 160
LEAST_SECONDS = 0.5
PARTIAL_STEP = 77  # 1.3 partials a second
LEAST_COVERAGE = 0.75
LEAST_LEVEL_DBFS = -30.0


class Ge2e:
    """256 numbers per voice, the mean over overlapping partial utterances of 1.6 s.

    It hears loudness, too: the same speech at -16 and at -30 dBFS is only 0.81 alike. Compare recordings of like level.
    """

    dimension = WIDTH

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.MODEL_THREADS
        options.inter_op_num_threads = 1
        path = str(locate("ge2e-onnx").path)
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.filters = mel_filters()
        self.model = ModelIdentity(name="ge2e", sha256=locate("ge2e").sha256)

    def embed(self, waveform: Waveform) -> NDArray[np.float32]:
        """An L2-normalised vector of shape (256,); raises `SpeechError` below half a second or for digital silence."""
        samples = _levelled(waveform)
        frames = self.filters @ _power_spectrum(samples)
        partials = _partials(np.asarray(frames.T, dtype=np.float32))
        (embeddings,) = self.session.run(["embeddings"], {"frames": partials})
        mean = np.asarray(embeddings).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def _levelled(waveform: Waveform) -> NDArray[np.float32]:
    """Samples at 16 kHz, raised to -30 dBFS where quieter, as in training."""
    require_sound(waveform, least_seconds=LEAST_SECONDS)
    samples = waveform.resampled(RATE).samples
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain: float = max(1.0, 10 ** (LEAST_LEVEL_DBFS / 20) / level)
    return np.asarray(samples * np.float32(gain), dtype=np.float32)


def _power_spectrum(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Power of shape (201, frames), 25 ms Hann windows every 10 ms, centred."""
    padded = np.pad(samples.astype(np.float64), WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * get_window("hann", WINDOW)
    return np.asarray(np.square(np.abs(np.fft.rfft(windows, axis=1))).T, dtype=np.float64)


def _partials(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Overlapping windows of shape (partials, 160, 40); a last one that is mostly padding is left out."""
    starts = list(range(0, max(1, len(frames) - PARTIAL_FRAMES + PARTIAL_STEP + 1), PARTIAL_STEP))
    if len(starts) > 1 and len(frames) - starts[-1] < LEAST_COVERAGE * PARTIAL_FRAMES:
        starts.pop()
    padded = np.pad(frames, ((0, max(0, starts[-1] + PARTIAL_FRAMES - len(frames))), (0, 0)))
    return np.stack([padded[start : start + PARTIAL_FRAMES] for start in starts])


def mel_filters() -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale (linear to 1 kHz, logarithmic above), shape (40, 201)."""
    edges = _slaney_hertz(np.linspace(0.0, _slaney_mel(RATE / 2), MEL_BINS + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    low, middle, high = edges[:-2, np.newaxis], edges[1:-1, np.newaxis], edges[2:, np.newaxis]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low), dtype=np.float64)


def _slaney_mel(hertz: float) -> float:
    return float(15 + np.log(hertz / 1000) * 27 / np.log(6.4))


def _slaney_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27)))  # noqa: PLR2004 (the scale's own constant)
