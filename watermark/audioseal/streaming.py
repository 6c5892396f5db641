"""Runs AudioSeal's networks piece by piece, with the result of the whole and in memory that does not grow.

Each network is convolutions, a recurrent part, and convolutions again. The recurrent parts (two LSTM layers) hear only
what came before: their state (h and c, each of shape (layers, 1, channels)) is carried from piece to piece. A
convolution reaches a fixed way to both sides: each piece of it begins with as many units as were needed on the left
and ends once as many are known on the right, and what lies at the cut is thrown away. So nothing is approximated; what
differs from the whole is the rounding of sums in float32.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from audioseal.libs.moshi.modules.lstm import RawStreamingLSTM
from torch import Tensor, nn

HOP = 320
"""Samples in a frame of the recurrent parts: 20 ms at 16 kHz."""
ENCODER_REACH, MIDDLE_REACH, DECODER_REACH, HEAD_REACH = 1, 6, 1, 3
"""Frames to each side that outputs depend on, by kernels and strides: 243 samples in the encoder, two kernels of seven
frames in the middle, the overlap of the widest kernel in the decoder, one kernel of seven frames in the detector."""


class Stage(Protocol):
    """A part of a network that takes its input, shape (1, channels, n), in pieces."""

    def push(self, piece: Tensor, *, last: bool) -> Tensor:
        """What is finished, shape (1, channels', m), in order; with the last piece all the rest."""


class Convolutions:
    """Convolutions of a finite reach; `taken` steps of input and `given` steps of output make a unit."""

    def __init__(self, network: nn.Module, *, taken: int, given: int, reach: int) -> None:
        self._network, self._taken, self._given, self._reach = network, taken, given, reach
        self._held: Tensor | None = None
        self._lead = 0
        """Units at the beginning of what is held whose output was given before."""

    def push(self, piece: Tensor, *, last: bool) -> Tensor:
        """Every piece but the last must hold more units than the reach."""
        held = piece if self._held is None else torch.cat((self._held, piece), dim=-1)
        if last:
            return self._output(held)[..., self._lead * self._given :]
        units = held.shape[-1] // self._taken
        done = units - self._reach
        given = self._output(held[..., : units * self._taken])[..., self._lead * self._given : done * self._given]
        self._lead = min(self._reach, done)
        self._held = held[..., (done - self._lead) * self._taken :].clone()
        return given

    def _output(self, held: Tensor) -> Tensor:
        out: Tensor = self._network(held)
        return out


class Recurrent:
    """An LSTM over the frames, its input added to its output where the network says so."""

    def __init__(self, network: Any) -> None:
        self._lstm, self._skip = network.lstm, network.skip
        self._state: tuple[Tensor, Tensor] | None = None

    def push(self, piece: Tensor, *, last: bool) -> Tensor:  # noqa: ARG002 - the end is like every other place
        frames = piece.permute(2, 0, 1)
        found, self._state = self._lstm(frames, self._state)
        out: Tensor = found + frames if self._skip else found
        return out.permute(1, 2, 0)


class Stages:
    """Several stages, one after the other."""

    def __init__(self, *stages: Stage) -> None:
        self._stages = stages

    def push(self, piece: Tensor, *, last: bool) -> Tensor:
        for stage in self._stages:
            piece = stage.push(piece, last=last)
        return piece


def generating(generator: Any, bits: list[int]) -> Stages:
    """What the generator adds to sound (1, 1, n) at 16 kHz for a message: shape (1, 1, m), n rounded up to frames."""
    encode, remember, leave = _parts(generator.encoder.model)
    enter, recall, decode = _parts(generator.decoder.model)
    middle = nn.Sequential(leave, _Message(generator.msg_processor, bits), enter)
    return Stages(
        Convolutions(encode, taken=HOP, given=1, reach=ENCODER_REACH),
        Recurrent(remember),
        Convolutions(middle, taken=1, given=1, reach=MIDDLE_REACH),
        Recurrent(recall),
        Convolutions(decode, taken=1, given=HOP, reach=DECODER_REACH),
    )


def detecting(detector: Any) -> Stages:
    """Logits of shape (1, 18, n) for sound (1, 1, n) at 16 kHz, n rounded up to frames: unmarked, marked, the bits."""
    encoder, last_layer = detector.detector
    encode, remember, leave = _parts(encoder.model)
    head = nn.Sequential(leave, encoder.reverse_convolution, last_layer)
    return Stages(
        Convolutions(encode, taken=HOP, given=1, reach=ENCODER_REACH),
        Recurrent(remember),
        Convolutions(head, taken=1, given=HOP, reach=HEAD_REACH),
    )


class _Message(nn.Module):
    """Adds a message to every frame, as the package does."""

    def __init__(self, processor: nn.Module, bits: list[int]) -> None:
        super().__init__()
        self._processor = processor
        self._bits = bits

    def forward(self, hidden: Tensor) -> Tensor:
        marked: Tensor = self._processor(hidden, torch.tensor([self._bits], device=hidden.device))
        return marked


def _parts(layers: nn.Sequential) -> tuple[nn.Module, nn.Module, nn.Module]:
    """What comes before the recurrent part, that part, and what comes after it."""
    (place,) = (place for place, layer in enumerate(layers) if isinstance(layer, RawStreamingLSTM))
    return layers[:place], layers[place], layers[place + 1 :]
