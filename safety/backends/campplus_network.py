"""CAM++, the network: densely connected time-delay layers under context-aware masks (arXiv 2303.00332).

Attribute names follow the published state dict, so that the published weights fit without renaming.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

MEL_BINS = 80
DIMENSION = 192
FRONT_CHANNELS = 32
INITIAL_CHANNELS = 128
GROWTH = 32
BOTTLENECK = 128
SEGMENT_FRAMES = 100
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of the three dense blocks


def _normalised(channels: int, *, affine: bool = True, rectified: bool = True) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict(batchnorm=nn.BatchNorm1d(channels, affine=affine))
    if rectified:
        parts["relu"] = nn.ReLU()
    return nn.Sequential(parts)


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions over (frequency, time) with a shortcut; `stride` halves frequency only."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        width = FRONT_CHANNELS
        self.conv1 = nn.Conv2d(width, width, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride > 1:
            projection = nn.Conv2d(width, width, 1, stride=(stride, 1), bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(width))

    def forward(self, sound: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(sound)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(sound))


class Front(nn.Module):
    """The convolutional front: (batch, mel, frames) to (batch, 320, frames), frequency folded into channels."""

    def __init__(self) -> None:
        super().__init__()
        width = FRONT_CHANNELS
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(ResidualUnit(2), ResidualUnit(1))
        self.layer2 = nn.Sequential(ResidualUnit(2), ResidualUnit(1))
        self.conv2 = nn.Conv2d(width, width, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, mel: Tensor) -> Tensor:
        image = functional.relu(self.bn1(self.conv1(mel.unsqueeze(1))))
        image = self.layer2(self.layer1(image))
        return functional.relu(self.bn2(self.conv2(image))).flatten(1, 2)


class FrameLayer(nn.Module):
    """The first time-delay layer: five frames of context, half the frame rate."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _normalised(outputs)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.nonlinear(self.linear(frames))
        return result


class MaskedLayer(nn.Module):
    """A local convolution, scaled by a mask computed from the whole utterance and from each segment of it."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(BOTTLENECK, GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(BOTTLENECK, BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(BOTTLENECK // 2, GROWTH, 1)

    def forward(self, frames: Tensor) -> Tensor:
        context = frames.mean(dim=-1, keepdim=True) + _segment_means(frames)
        mask = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        result: Tensor = self.linear_local(frames) * mask
        return result


def _segment_means(frames: Tensor) -> Tensor:
    """Each frame replaced by the mean of its segment; the last segment counts only the frames that it has."""
    batch, channels, length = frames.shape
    padding = (-length) % SEGMENT_FRAMES
    segments = functional.pad(frames, (0, padding)).reshape(batch, channels, -1, SEGMENT_FRAMES)
    present = functional.pad(torch.ones_like(frames[:1, :1]), (0, padding)).reshape(1, 1, -1, SEGMENT_FRAMES)
    means: Tensor = segments.sum(dim=-1, keepdim=True) / present.sum(dim=-1, keepdim=True)
    return means.expand(-1, -1, -1, SEGMENT_FRAMES).flatten(-2)[..., :length]


class DenseLayer(nn.Module):
    """One layer of a dense block: squeeze to the bottleneck, then the masked convolution."""

    def __init__(self, inputs: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _normalised(inputs)
        self.linear1 = nn.Conv1d(inputs, BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _normalised(BOTTLENECK)
        self.cam_layer = MaskedLayer(dilation)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.cat([frames, self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(frames))))], dim=1)


class Transition(nn.Module):
    """Between dense blocks: halve the channels."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.nonlinear = _normalised(inputs)
        self.linear = nn.Conv1d(inputs, inputs // 2, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.linear(self.nonlinear(frames))
        return result


class Statistics(nn.Module):
    """Mean and (unbiased) standard deviation over time, side by side."""

    def forward(self, frames: Tensor) -> Tensor:
        mean = frames.mean(dim=-1, keepdim=True)
        variance = (frames - mean).square().sum(dim=-1) / (frames.shape[-1] - 1)
        return torch.cat([mean.squeeze(-1), variance.sqrt()], dim=-1)


class Projection(nn.Module):
    """From statistics to the embedding."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, DIMENSION, 1, bias=False)
        self.nonlinear = _normalised(DIMENSION, affine=False, rectified=False)

    def forward(self, statistics: Tensor) -> Tensor:
        result: Tensor = self.nonlinear(self.linear(statistics.unsqueeze(-1)).squeeze(-1))
        return result


class CamPlusPlusNetwork(nn.Module):
    """Filter-bank frames of shape (batch, frames, 80) to embeddings of shape (batch, 192), not normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.head = Front()
        channels = INITIAL_CHANNELS
        parts: OrderedDict[str, nn.Module] = OrderedDict(tdnn=FrameLayer(FRONT_CHANNELS * MEL_BINS // 8, channels))
        for number, (layers, dilation) in enumerate(BLOCKS, start=1):
            widths = [channels + GROWTH * index for index in range(layers)]
            block = nn.Sequential()
            for index, width in enumerate(widths, start=1):
                block.add_module(f"tdnnd{index}", DenseLayer(width, dilation))
            channels += GROWTH * layers
            parts[f"block{number}"] = block
            parts[f"transit{number}"] = Transition(channels)
            channels //= 2
        parts |= {"out_nonlinear": _normalised(channels), "stats": Statistics(), "dense": Projection(channels * 2)}
        self.xvector = nn.Sequential(parts)

    def forward(self, frames: Tensor) -> Tensor:
        result: Tensor = self.xvector(self.head(frames.transpose(1, 2)))
        return result
