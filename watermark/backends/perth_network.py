"""Perth's network: a residual on the log spectrum below 2 kHz, and a detector that listens at three speeds.

The architecture is that of Resemble AI's `perth` 1.0.1 (MIT licence); attribute names follow its state dict, so that
the published weights fit.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

BANDS = 128  # of 1025: below 2 kHz at 32 kHz
HIDDEN = 256
AUDIBLE_SHARE = 0.05
SPEEDS = OrderedDict(slow=1.25, normal=1.0, fast=0.75)


class Layer(nn.Module):
    """A convolution over frames that keeps their number."""

    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, width, padding=width // 2)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.conv(frames)
        return result


def _stack(outputs: int) -> nn.Sequential:
    """Seven convolutions with leaky rectifiers between them; only those in the middle look at their neighbours."""
    widths = [(BANDS, HIDDEN, 1), *[(HIDDEN, HIDDEN, 7)] * 5, (HIDDEN, outputs, 1)]
    return nn.Sequential(*[Layer(*width) for width in widths])


def _run(layers: nn.Sequential, frames: Tensor) -> Tensor:
    *first, last = layers
    for layer in first:
        frames = functional.leaky_relu(layer(frames))
    result: Tensor = last(frames)
    return result


def audible(spectrum: Tensor) -> Tensor:
    """1 for each frame whose level reaches a twentieth of the loudest frame's, else 0; shape (batch, 1, frames)."""
    level = spectrum.sum(dim=1, keepdim=True)
    return (level > level.amax(dim=2, keepdim=True) * AUDIBLE_SHARE).to(spectrum.dtype)


class Encoder(nn.Module):
    """Says by how much each band of each frame changes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _stack(BANDS)

    def forward(self, spectrum: Tensor) -> Tensor:
        """(batch, 1025, frames) of normalised decibels to the change of its lowest 128 bands."""
        return _run(self.layers, spectrum[:, :BANDS]) * audible(spectrum)


class Decoder(nn.Module):
    """Says how sure it is that a spectrum is marked, near 0 or near 1."""

    def __init__(self) -> None:
        super().__init__()
        self.slow_layers = _stack(2)
        self.normal_layers = _stack(2)
        self.fast_layers = _stack(2)

    def forward(self, spectrum: Tensor) -> Tensor:
        """(batch, 1025, frames) of normalised decibels to (batch,)."""
        mask, bands = audible(spectrum), spectrum[:, :BANDS]
        heard = torch.stack([self._listen(name, factor, bands, mask) for name, factor in SPEEDS.items()], dim=2)
        attention, marks = heard.unbind(dim=1)
        return (marks * attention.softmax(dim=1)).sum(dim=1)

    def _listen(self, name: str, factor: float, bands: Tensor, mask: Tensor) -> Tensor:
        """Attention and mark at one speed, averaged over the audible frames: (batch, 2)."""
        frames = int(bands.shape[2] * factor)
        if factor != 1:
            bands = functional.interpolate(bands, size=frames, mode="linear", align_corners=True)
            mask = functional.interpolate(mask, size=frames, mode="nearest")
        return (_run(self.get_submodule(f"{name}_layers"), bands) * mask).sum(dim=2) / mask.sum(dim=2)  # type: ignore[arg-type]  # the submodule is a Sequential


class PerthNetwork(nn.Module):
    """Encoder and decoder, as they lie together in the weights file."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()
