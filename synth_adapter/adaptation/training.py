"""Fitting the spectral map of one speaker to pairs of utterances, the same every time it is run."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from synth_adapter.adaptation import mapping
from synth_adapter.adaptation.alignment import Indices, align
from synth_adapter.adaptation.analysis import ORDER, Floats, Speech
from synth_adapter.adaptation.mapping import Scale, SpectralMap

_HIDDEN = 256
_DROPOUT = 0.2
_BATCH = 256
_DRAFT_EPOCHS, _EPOCHS = 15, 60
_PEAK_RATE = 2e-3
_WEIGHT_DECAY = 1e-3
_STRIDE = 2  # alignment looks at every other frame: 10 ms
_ALIGNED_ORDER = 25
_VOICING_WEIGHT = 2.0
_SEED = 0

Pairs = list[tuple[Indices, Indices]]


def fit(stock: Sequence[Speech], speaker: Sequence[Speech]) -> SpectralMap:
    """Learn from utterances of the same words: a draft map first, then one on pairs that the draft aligned better."""
    source, target = _scale(stock), _scale(speaker)
    by_shape = [
        _align(a, b, (a.cepstra - source.mean) / source.deviation, (b.cepstra - target.mean) / target.deviation)
        for a, b in zip(stock, speaker, strict=True)
    ]
    draft = _train(stock, speaker, by_shape, source=source, target=target, epochs=_DRAFT_EPOCHS)
    by_draft = [
        _align(a, b, *((cepstra - target.mean) / target.deviation for cepstra in (mapping.apply(draft, a), b.cepstra)))
        for a, b in zip(stock, speaker, strict=True)
    ]
    return _train(stock, speaker, by_draft, source=source, target=target, epochs=_EPOCHS)


def _scale(speeches: Sequence[Speech]) -> Scale:
    return mapping.scale(np.concatenate([speech.cepstra[speech.audible] for speech in speeches]))


def _align(left: Speech, right: Speech, left_normal: Floats, right_normal: Floats) -> tuple[Indices, Indices]:
    """Frame numbers of both sides; silence is left out, because people pause where engines do not."""
    lefts, rights = (np.flatnonzero(speech.audible)[::_STRIDE] for speech in (left, right))
    rows, columns = align(_aligned(left, left_normal, lefts), _aligned(right, right_normal, rights))
    return lefts[rows], rights[columns]


def _aligned(speech: Speech, normal: Floats, frames: Indices) -> Floats:
    weights = 1.0 / np.sqrt(np.maximum(np.arange(_ALIGNED_ORDER), 1.0))
    return np.column_stack([normal[frames, :_ALIGNED_ORDER] * weights, _VOICING_WEIGHT * (speech.pitch[frames] > 0)])


def _train(
    stock: Sequence[Speech], speaker: Sequence[Speech], pairs: Pairs, *, source: Scale, target: Scale, epochs: int
) -> SpectralMap:
    seen = np.concatenate([mapping.inputs(a, source)[rows] for a, (rows, _) in zip(stock, pairs, strict=True)])
    wanted = np.concatenate([b.cepstra[columns] for b, (_, columns) in zip(speaker, pairs, strict=True)])
    normal = ((wanted - target.mean) / target.deviation).astype(np.float32) - mapping.KEPT * seen[:, :ORDER]
    layers = _descend(torch.from_numpy(seen), torch.from_numpy(normal), epochs=epochs)
    weights = tuple(_array(weight) for weight, _ in layers)
    biases = tuple(_array(bias) for _, bias in layers)
    silent = SpectralMap(source, target, np.ones(ORDER), weights, biases)
    produced = np.concatenate([mapping.apply(silent, speech)[speech.audible] for speech in stock])
    return SpectralMap(source, target, produced.std(axis=0), weights, biases)


def _descend(seen: torch.Tensor, wanted: torch.Tensor, *, epochs: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    chance = torch.Generator().manual_seed(_SEED)
    widths = (mapping.INPUTS, _HIDDEN, _HIDDEN, ORDER)
    layers = [_layer(fan_in, fan_out, chance) for fan_in, fan_out in itertools.pairwise(widths)]
    with torch.no_grad():
        layers[-1][0].zero_()  # begin as the identity between normalised spectra
    parameters = [tensor for layer in layers for tensor in layer]
    optimiser = torch.optim.AdamW(parameters, lr=_PEAK_RATE, weight_decay=_WEIGHT_DECAY)
    steps = epochs * -(-len(seen) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(seen), generator=chance).split(_BATCH):  # type: ignore[no-untyped-call]
            loss = (_forward(layers, seen[batch], chance) - wanted[batch]).square().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return layers


def _layer(fan_in: int, fan_out: int, chance: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    bound = fan_in**-0.5
    weight = (torch.rand(fan_out, fan_in, generator=chance) * 2 - 1) * bound
    return weight.requires_grad_(), torch.zeros(fan_out, requires_grad=True)


def _forward(
    layers: list[tuple[torch.Tensor, torch.Tensor]], seen: torch.Tensor, chance: torch.Generator
) -> torch.Tensor:
    hidden = seen
    for weight, bias in layers[:-1]:
        hidden = torch.relu(hidden @ weight.T + bias)
        kept = torch.rand(hidden.shape, generator=chance) >= _DROPOUT
        hidden = hidden * kept / (1.0 - _DROPOUT)
    return hidden @ layers[-1][0].T + layers[-1][1]


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    values: NDArray[np.float32] = tensor.detach().numpy()
    return values
