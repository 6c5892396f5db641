"""The Perth watermark: presence only, neither payload nor key, robust against codecs and crops.

At 32 kHz the marked sound equals that of the original package (1.0.1) to 4e-7 over their common length, the scores to
1e-3. The thresholds were chosen on 45 clips of 4 s of the test corpus, people and synthesisers alike, 8 to 48 kHz:

- marked, after MP3 at 64 or 32 kbit/s, at a sample rate of 8 kHz, or with 3 s of silence: all 45 score 0.94 to 1;
  after MP3 and cropped to 2 s at least 0.95, to 1 s at least 0.84;
- unmarked, treated alike: at most 0.42; cropped to 1 s at most 0.53;
- with noise at 20 dB the mark is lost in half of the clips (lowest score 0.12), and at a speed of 1.05 in all.

So "not marked" means that nothing was heard, never that nothing was put there.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from django.conf import settings
from numpy.typing import NDArray
from torch import Tensor

from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate
from watermark.backends.perth_network import BANDS, PerthNetwork
from watermark.errors import MarkError
from watermark.ports import ClipMark, MarkerIdentity, Reading

RATE = 32_000
TRANSFORM, HOP = 2048, 320
FLOOR = 1e-9
FLOOR_DB, HEADROOM_DB = -180.0, 15.0
LEAST_SECONDS = 1.0
MARKED_FROM = 0.65
NOT_MARKED_BELOW = 0.45


class Perth:
    """Adds to the sound what Perth would change in it below 2 kHz; everything above is left as it was."""

    capacity_bits = 0

    def __init__(self) -> None:
        torch.set_num_threads(settings.MODEL_THREADS)
        weights = locate("perth")
        state = torch.load(weights.path, map_location="cpu", weights_only=True)["model"]
        self.network = PerthNetwork()
        self.network.load_state_dict({name: value for name, value in state.items() if not name.startswith("ap.")})
        self.network.eval()
        self.window = torch.hann_window(TRANSFORM)
        self.identity = MarkerIdentity(name="perth", sha256=weights.sha256)

    def embed(self, waveform: Waveform, *, mark: ClipMark) -> Waveform:  # noqa: ARG002 - presence only, the same for all
        """The same sound, marked; raises `MarkError` for silence and below one second."""
        if waveform.seconds < LEAST_SECONDS or not waveform.samples.any():
            raise MarkError(f"Only audible sound of at least {LEAST_SECONDS} s can be marked.")
        change = Waveform(self._change(waveform.resampled(RATE).samples), RATE).resampled(waveform.rate).samples
        samples = waveform.samples.copy()
        shared = min(len(samples), len(change))
        samples[:shared] += change[:shared]
        return Waveform(samples, waveform.rate)

    def verify(self, waveform: Waveform, *, mark: ClipMark) -> Reading:  # noqa: ARG002 - it does not say whose it is
        """Whether the mark is there; no more can be told of it."""
        return self.detect(waveform)

    def detect(self, waveform: Waveform) -> Reading:
        """Whether the mark is there; sound that is silent or shorter than a second is inconclusive."""
        if waveform.seconds < LEAST_SECONDS or not waveform.samples.any():
            return Reading("perth", "inconclusive", 0.0, MARKED_FROM, b"")
        with torch.inference_mode():
            spectrum = _decibels(self._transform(waveform.resampled(RATE).samples))
            score = float(self.network.decoder(spectrum[None])[0].clamp(0.0, 1.0))
        if score >= MARKED_FROM:
            return Reading("perth", "marked", score, MARKED_FROM, b"")
        outcome: Literal["not_marked", "inconclusive"] = "not_marked" if score < NOT_MARKED_BELOW else "inconclusive"
        return Reading("perth", outcome, score, MARKED_FROM, b"")

    def _transform(self, samples: NDArray[np.float32]) -> Tensor:
        """The complex spectrum of shape (1025, frames)."""
        return torch.stft(torch.from_numpy(samples), TRANSFORM, HOP, window=self.window, return_complex=True)

    def _change(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What marking adds to `samples`, of the same length."""
        with torch.inference_mode():
            spectrum = self._transform(samples)
            decibels = self.network.encoder(_decibels(spectrum)[None])[0] * (HEADROOM_DB - FLOOR_DB)
            gain = torch.ones(spectrum.shape)
            gain[:BANDS] = 10 ** (decibels / 20)
            difference = spectrum * (gain - 1)
            change = torch.istft(difference, TRANSFORM, HOP, window=self.window, length=len(samples))
        return np.asarray(change.numpy(), dtype=np.float32)


def _decibels(spectrum: Tensor) -> Tensor:
    """Magnitudes in decibels, mapped so that -180 dB is 0 and +15 dB is 1."""
    return (20 * torch.log10(spectrum.abs().clamp_min(FLOOR)) - FLOOR_DB) / (HEADROOM_DB - FLOOR_DB)
