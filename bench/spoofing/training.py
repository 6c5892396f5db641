"""Fit the detector: small networks over standardised features, every system and every source weighing the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from safety.spoofing.network import Network

HIDDEN, MEMBERS, EPOCHS, BATCH = 32, 3, 40, 64
RATE_OF_LEARNING, DECAY = 2e-3, 1e-2
DROPPED_FEATURES, DROPPED_UNITS, JITTER = 0.2, 0.3, 0.1
FARTHEST = 4.0
LEAST_SPREAD = 1e-6

Rows = NDArray[np.float32]


def train(features: Rows, *, made: NDArray[np.bool_], systems: Sequence[str] | NDArray[np.str_]) -> Network:
    """A network whose score is above 0 for made speech; `systems` names what each row was made by."""
    torch.set_num_threads(1)
    centre, scale = features.mean(axis=0), features.std(axis=0) + LEAST_SPREAD
    standard = torch.tensor(np.clip((features - centre) / scale, -FARTHEST, FARTHEST))
    wanted = torch.tensor(made.astype(np.float32))
    weights = torch.tensor(system_weights(made, np.asarray(systems)))
    members = [_member(standard, wanted, weights, seed=seed) for seed in range(MEMBERS)]
    return Network(
        centre=centre,
        scale=scale,
        inner=np.stack([inner.weight.detach().numpy().T for inner, _ in members]),
        inner_bias=np.stack([inner.bias.detach().numpy() for inner, _ in members]),
        outer=np.stack([outer.weight.detach().numpy()[0] for _, outer in members]),
        outer_bias=np.stack([outer.bias.detach().numpy()[0] for _, outer in members]),
    )


def system_weights(made: NDArray[np.bool_], systems: NDArray[np.str_]) -> Rows:
    """Half for bona fide speech, half shared evenly by the systems."""
    names = sorted(set(systems[made]))
    weights = np.where(made, 0.0, 1.0 / max(1, int((~made).sum())))
    for name in names:
        weights[systems == name] = 1.0 / (len(names) * int((systems == name).sum()))
    return (weights / weights.mean()).astype(np.float32)


def _member(
    features: torch.Tensor, wanted: torch.Tensor, weights: torch.Tensor, *, seed: int
) -> tuple[torch.nn.Linear, torch.nn.Linear]:
    torch.manual_seed(seed)
    inner, outer = torch.nn.Linear(features.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    network = torch.nn.Sequential(
        torch.nn.Dropout(DROPPED_FEATURES), inner, torch.nn.ReLU(), torch.nn.Dropout(DROPPED_UNITS), outer
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE_OF_LEARNING, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(features)).split(BATCH):
            optimiser.zero_grad()
            scores = network(features[batch] + JITTER * torch.randn(len(batch), features.shape[1]))[:, 0]
            losses = torch.nn.functional.binary_cross_entropy_with_logits(scores, wanted[batch], reduction="none")
            (weights[batch] * losses).mean().backward()
            optimiser.step()
    return inner, outer
