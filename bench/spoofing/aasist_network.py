"""AASIST, the network: graph attention over the spectral and the temporal side of a raw waveform (arXiv 2110.01200).

Attribute names follow the published state dict, so that the published weights fit without renaming. For evaluation
only: the dropouts of training are left out.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
SAMPLES = 64_600
FILTERS, TAPS = 70, 129
ENCODER = ((1, 32), (32, 32), (32, 64), (64, 64), (64, 64), (64, 64))
WIDTH, NARROW = 64, 32
BANDS = 23
KEPT_BANDS, KEPT_TIMES, KEPT_LATER = 0.5, 0.7, 0.5
WARM, HOT = 2.0, 100.0
"""Temperatures of attention within one side, and between both."""


class ResidualUnit(nn.Module):
    """Two convolutions over (band, time) with a shortcut; a third of the times remains.

    `bn1` is among the published weights, but was not used in training: the first convolution hears the plain image.
    """

    def __init__(self, inputs: int, outputs: int, *, first: bool) -> None:
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1))
        if inputs != outputs:
            self.conv_downsample = nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1))
        self.changed = inputs != outputs

    def forward(self, image: Tensor) -> Tensor:
        inner = self.conv2(functional.selu(self.bn2(self.conv1(image))))
        shortcut = self.conv_downsample(image) if self.changed else image
        return functional.max_pool2d(inner + shortcut, (1, 3))


class GraphAttention(nn.Module):
    """Every node of one side attends to every other; (batch, nodes, 64) stays (batch, nodes, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.att_proj = nn.Linear(WIDTH, WIDTH)
        self.att_weight = nn.Parameter(torch.zeros(WIDTH, 1))
        self.proj_with_att = nn.Linear(WIDTH, WIDTH)
        self.proj_without_att = nn.Linear(WIDTH, WIDTH)
        self.bn = nn.BatchNorm1d(WIDTH)

    def forward(self, nodes: Tensor) -> Tensor:
        alike = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        attention = torch.softmax((alike @ self.att_weight).squeeze(-1) / WARM, dim=-1)
        mixed = self.proj_with_att(attention @ nodes) + self.proj_without_att(nodes)
        return functional.selu(self.bn(mixed.flatten(0, 1)).view_as(mixed))


class TwoSidedAttention(nn.Module):
    """The nodes of both sides attend to each other, and a master node, which nobody hears, to all of them."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.proj_type1, self.proj_type2 = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        self.att_proj, self.att_projM = nn.Linear(inputs, NARROW), nn.Linear(inputs, NARROW)
        for name in ("11", "22", "12", "M"):
            self.register_parameter(f"att_weight{name}", nn.Parameter(torch.zeros(NARROW, 1)))
        self.proj_with_att, self.proj_without_att = nn.Linear(inputs, NARROW), nn.Linear(inputs, NARROW)
        self.proj_with_attM, self.proj_without_attM = nn.Linear(inputs, NARROW), nn.Linear(inputs, NARROW)
        self.bn = nn.BatchNorm1d(NARROW)

    def forward(self, times: Tensor, bands: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        count = times.shape[1]
        nodes = torch.cat([self.proj_type1(times), self.proj_type2(bands)], dim=1)
        attention = torch.softmax(self._likeness(nodes, count) / HOT, dim=-1)
        heed = torch.tanh(self.att_projM(nodes * master)) @ self.get_parameter("att_weightM")
        heard = torch.softmax(heed / HOT, dim=1).transpose(1, 2) @ nodes
        master = self.proj_with_attM(heard) + self.proj_without_attM(master)
        mixed = self.proj_with_att(attention @ nodes) + self.proj_without_att(nodes)
        mixed = functional.selu(self.bn(mixed.flatten(0, 1)).view_as(mixed))
        return mixed[:, :count], mixed[:, count:], master

    def _likeness(self, nodes: Tensor, count: int) -> Tensor:
        """(batch, nodes, nodes): weighed apart within the times, within the bands, and between both."""
        alike = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        within_times, within_bands, between = (
            (alike @ self.get_parameter(f"att_weight{name}")).squeeze(-1) for name in ("11", "22", "12")
        )
        upper = torch.cat([within_times[:, :count, :count], between[:, :count, count:]], dim=2)
        lower = torch.cat([between[:, count:, :count], within_bands[:, count:, count:]], dim=2)
        return torch.cat([upper, lower], dim=1)


class GraphPool(nn.Module):
    """Keeps the share of nodes that score highest, scaled by their scores."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        self.share = share
        self.proj = nn.Linear(width, 1)

    def forward(self, nodes: Tensor) -> Tensor:
        scores = torch.sigmoid(self.proj(nodes))
        kept = torch.topk(scores, max(1, int(nodes.shape[1] * self.share)), dim=1).indices
        return torch.gather(nodes * scores, 1, kept.expand(-1, -1, nodes.shape[2]))


class Aasist(nn.Module):
    """64,600 samples at 16 kHz, (batch, samples), into the last hidden layer (batch, 160) and scores (batch, 2).

    The second score less the first speaks for a person.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", sinc_filters(), persistent=False)
        self.first_bn = nn.BatchNorm2d(1)
        units = (ResidualUnit(*widths, first=index == 0) for index, widths in enumerate(ENCODER))
        self.encoder = nn.Sequential(*(nn.Sequential(unit) for unit in units))
        self.pos_S = nn.Parameter(torch.zeros(1, BANDS, WIDTH))
        self.master1, self.master2 = (nn.Parameter(torch.zeros(1, 1, WIDTH)) for _ in range(2))
        self.GAT_layer_S, self.GAT_layer_T = GraphAttention(), GraphAttention()
        self.HtrgGAT_layer_ST11, self.HtrgGAT_layer_ST12 = TwoSidedAttention(WIDTH), TwoSidedAttention(NARROW)
        self.HtrgGAT_layer_ST21, self.HtrgGAT_layer_ST22 = TwoSidedAttention(WIDTH), TwoSidedAttention(NARROW)
        self.pool_S, self.pool_T = GraphPool(WIDTH, KEPT_BANDS), GraphPool(WIDTH, KEPT_TIMES)
        self.pool_hS1, self.pool_hT1 = GraphPool(NARROW, KEPT_LATER), GraphPool(NARROW, KEPT_LATER)
        self.pool_hS2, self.pool_hT2 = GraphPool(NARROW, KEPT_LATER), GraphPool(NARROW, KEPT_LATER)
        self.out_layer = nn.Linear(5 * NARROW, 2)

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        heard = functional.conv1d(samples.unsqueeze(1), self.get_buffer("filters")).abs()
        image = self.encoder(functional.selu(self.first_bn(functional.max_pool2d(heard.unsqueeze(1), 3)))).abs()
        bands = self.pool_S(self.GAT_layer_S(image.amax(dim=3).transpose(1, 2) + self.pos_S))
        times = self.pool_T(self.GAT_layer_T(image.amax(dim=2).transpose(1, 2)))
        first, second = self._branch(times, bands, "1"), self._branch(times, bands, "2")
        times, bands, master = (torch.maximum(one, other) for one, other in zip(first, second, strict=True))
        parts = (times.abs().amax(dim=1), times.mean(dim=1), bands.abs().amax(dim=1), bands.mean(dim=1), master[:, 0])
        hidden = torch.cat(parts, dim=1)
        return hidden, self.out_layer(hidden)

    def _branch(self, times: Tensor, bands: Tensor, name: str) -> tuple[Tensor, Tensor, Tensor]:
        """One of two stacks of two-sided attention; the stronger answer of both counts."""
        outer = self.get_submodule(f"HtrgGAT_layer_ST{name}1")
        times, bands, master = outer(times, bands, self.get_parameter(f"master{name}").expand(len(times), -1, -1))
        bands = self.get_submodule(f"pool_hS{name}")(bands)
        times = self.get_submodule(f"pool_hT{name}")(times)
        more_times, more_bands, more_master = self.get_submodule(f"HtrgGAT_layer_ST{name}2")(times, bands, master)
        return times + more_times, bands + more_bands, master + more_master


def sinc_filters() -> Tensor:
    """Band-pass filters evenly spaced in mel, fixed: (70, 1, 129)."""
    top = 2_595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0.0, top, FILTERS + 1) / 2_595) - 1)
    steps = np.arange(TAPS) - (TAPS - 1) / 2
    low_passes = 2 * edges[:, None] / RATE * np.sinc(2 * edges[:, None] * steps / RATE)
    return torch.tensor(np.diff(low_passes, axis=0) * np.hamming(TAPS), dtype=torch.float32).unsqueeze(1)
