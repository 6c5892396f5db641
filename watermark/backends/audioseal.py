"""The AudioSeal watermark (arXiv 2401.17264): sixteen bits, for those who bring the weights from a model hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from django.conf import settings

from synth_adapter.waveform import Waveform
from synth_adapter.weights import entry, locate
from watermark.audioseal.embedding import PIECE, Embedder, Samples
from watermark.audioseal.listening import Course, Listener
from watermark.audioseal.networks import BITS, filled, new_detector, new_generator
from watermark.errors import MarkError
from watermark.payload import from_bits, payload_for, to_bits
from watermark.ports import ClipMark, MarkerIdentity, Reading

NAME = "audioseal"
LEAST_SECONDS = 1.0
WINDOW_STEPS = 10
"""Seconds of longer sound that are judged together, so that a marked part is not lost in what is around it."""
MARKED_FROM = 0.5
NOT_MARKED_BELOW = 0.15


class AudioSeal:
    """Adds the generator's watermark, made at 16 kHz; the score is the share of samples that the detector finds marked.

    The weights are safetensors that `manage.py fetch_weights` made of the published pickles; the identity is that
    detector's published hash. The thresholds are not measured here, the weights being in no package: score your speech
    before you rely on them. Whoever has the public generator can forge a payload.
    """

    capacity_bits = BITS

    def __init__(self) -> None:
        torch.set_num_threads(settings.MODEL_THREADS)
        self.device = _device()
        self.generator = filled(new_generator(), locate("audioseal-generator-safetensors").path, device=self.device)
        self.detector = filled(new_detector(), locate("audioseal-detector-safetensors").path, device=self.device)
        self.identity = MarkerIdentity(name=NAME, sha256=entry("audioseal-detector").files[0].sha256)

    def embed(self, waveform: Waveform, *, mark: ClipMark) -> Waveform:
        """The same sound, marked with two bytes of the clip; raises `MarkError` for silence and below one second."""
        if not _audible(waveform):
            raise MarkError(f"Only audible sound of at least {LEAST_SECONDS} s can be marked.")
        embedder = self.embedder(mark, rate=waveform.rate)
        marked = [embedder.push(piece) for piece in _pieces(waveform)]
        return Waveform(np.concatenate((*marked, embedder.finish())), waveform.rate)

    def embedder(self, mark: ClipMark, *, rate: int) -> Embedder:
        """For sound that comes in pieces, at `rate` hertz."""
        return Embedder(self.generator, to_bits(payload_for(mark.clip_id, bits=BITS)), rate=rate, device=self.device)

    def verify(self, waveform: Waveform, *, mark: ClipMark) -> Reading:
        """Whether the mark is there with the clip's two bytes; with others it is that of another clip."""
        reading = self.detect(waveform)
        if reading.outcome == "marked" and reading.payload != payload_for(mark.clip_id, bits=BITS):
            return replace(reading, outcome="not_marked")
        return reading

    def detect(self, waveform: Waveform) -> Reading:
        """Whether the mark is there, and what it carries; silence and less than a second are inconclusive.

        Up to ten seconds are judged as a whole, as the package does; of longer sound the ten that are most marked.
        """
        if not _audible(waveform):
            return Reading(NAME, "inconclusive", 0.0, MARKED_FROM, b"")
        found = self.listen(waveform).most_marked(steps=WINDOW_STEPS)
        if found.share >= MARKED_FROM:
            return Reading(NAME, "marked", found.share, MARKED_FROM, from_bits(found.bits))
        outcome: Literal["not_marked", "inconclusive"] = (
            "not_marked" if found.share < NOT_MARKED_BELOW else "inconclusive"
        )
        return Reading(NAME, outcome, found.share, MARKED_FROM, b"")

    def listen(self, waveform: Waveform) -> Course:
        """Second by second, how much of the sound is marked and what its bits say."""
        listener = Listener(self.detector, rate=waveform.rate, device=self.device)
        for piece in _pieces(waveform):
            listener.push(piece)
        return listener.finish()


def _device() -> torch.device:
    """Where AUDIOSEAL_DEVICE says; raises `MarkError` where that is not there, and never goes elsewhere instead."""
    if settings.AUDIOSEAL_DEVICE == "cuda" and not torch.cuda.is_available():
        raise MarkError("AUDIOSEAL_DEVICE is cuda, and PyTorch finds no CUDA device here; set it to cpu, or add one.")
    return torch.device(settings.AUDIOSEAL_DEVICE)


def _audible(waveform: Waveform) -> bool:
    return waveform.seconds >= LEAST_SECONDS and bool(waveform.samples.any())


def _pieces(waveform: Waveform) -> Iterator[Samples]:
    for start in range(0, len(waveform.samples), PIECE):
        yield waveform.samples[start : start + PIECE]
