"""The AudioSeal watermark (arXiv 2401.17264): sixteen bits, for those who bring the weights from a model hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from django.conf import settings

from synth_adapter.waveform import Waveform
from synth_adapter.weights import LocatedWeights, locate
from watermark.errors import MarkError
from watermark.payload import from_bits, to_bits
from watermark.ports import MarkerIdentity, Reading

RATE = 16_000
BITS = 16
LEAST_SECONDS = 1.0
MARKED_FROM = 0.5
NOT_MARKED_BELOW = 0.15


class AudioSeal:
    """Adds the generator's watermark, made at 16 kHz; the score is the share of samples that the detector finds marked.

    The published files are pickles that run code when loaded: they are loaded only after `locate` has found their
    pinned SHA-256. The thresholds are not measured here, because the weights are in no package: score your own speech
    before you rely on them. Whoever has the public generator can forge a payload.
    """

    capacity_bits = BITS

    def __init__(self) -> None:
        torch.set_num_threads(settings.MODEL_THREADS)
        generator, detector = self.locate_weights("audioseal-generator"), self.locate_weights("audioseal-detector")
        loader = _loader()
        self.generator = loader.load_generator(_path(generator), nbits=BITS).eval()
        self.detector = loader.load_detector(_path(detector), nbits=BITS).eval()
        self.identity = MarkerIdentity(name="audioseal", sha256=detector.sha256)

    def locate_weights(self, name: str) -> LocatedWeights:
        return locate(name)

    def embed(self, waveform: Waveform, *, payload: bytes) -> Waveform:
        """The same sound, marked with two bytes; `MarkError` for other payloads, for silence and below one second."""
        bits = to_bits(payload)
        if len(bits) != BITS:
            raise MarkError(f"AudioSeal carries exactly {BITS} bits, got {len(bits)}.")
        if waveform.seconds < LEAST_SECONDS or not waveform.samples.any():
            raise MarkError(f"Only audible sound of at least {LEAST_SECONDS} s can be marked.")
        sound = torch.from_numpy(waveform.resampled(RATE).samples)[None, None]
        with torch.inference_mode():
            change = self.generator.get_watermark(sound, message=torch.tensor([bits]))[0, 0]
        added = Waveform(np.asarray(change.numpy(), dtype=np.float32), RATE).resampled(waveform.rate).samples
        samples = waveform.samples.copy()
        shared = min(len(samples), len(added))
        samples[:shared] += added[:shared]
        return Waveform(samples, waveform.rate)

    def detect(self, waveform: Waveform) -> Reading:
        """Whether the mark is there, and what it carries; silence and less than a second are inconclusive."""
        if waveform.seconds < LEAST_SECONDS or not waveform.samples.any():
            return Reading("audioseal", "inconclusive", 0.0, MARKED_FROM, b"")
        sound = torch.from_numpy(waveform.resampled(RATE).samples)[None, None]
        with torch.inference_mode():
            share, bits = self.detector.detect_watermark(sound)
        score = float(share)
        if score >= MARKED_FROM:
            return Reading("audioseal", "marked", score, MARKED_FROM, from_bits([int(bit) for bit in bits[0]]))
        outcome: Literal["not_marked", "inconclusive"] = "not_marked" if score < NOT_MARKED_BELOW else "inconclusive"
        return Reading("audioseal", outcome, score, MARKED_FROM, b"")


def _loader() -> Any:
    """The package's loader; compiling its network takes minutes and gains nothing on one clip, so it is told not to."""
    os.environ["NO_TORCH_COMPILE"] = "1"
    from audioseal.loader import AudioSeal as Loader  # noqa: PLC0415 (reads the variable while it is imported)

    return Loader


def _path(weights: LocatedWeights) -> str:
    """An existing file's path: anything else the package would look up on the network."""
    if not Path(weights.path).is_file():
        raise MarkError(f"The weights {weights.name} are not at {weights.path}; run `manage.py fetch_weights`.")
    return str(weights.path)
