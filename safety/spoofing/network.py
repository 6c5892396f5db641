"""The detector's weights and what a score is worth, from their files; inference is a few products of matrices.

The weights are ours: made by `make train-spoof-detector` and kept in the repository beside a card that pins their
SHA-256 and holds the calibration, the operating points and what was measured.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from synth_adapter.errors import WeightsError

FOLDER = Path(__file__).parent
WEIGHTS, CARD = "weights.npz", "card.json"
FARTHEST = 4.0
Outcome = Literal["bona_fide", "inconclusive", "spoofed"]


@dataclass(frozen=True)
class Network:
    """Standardised features into several small nets of one hidden layer; a score is the mean of theirs."""

    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    inner: NDArray[np.float32]
    inner_bias: NDArray[np.float32]
    outer: NDArray[np.float32]
    outer_bias: NDArray[np.float32]

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of shape (rows,) for features of shape (rows, n): above 0 speaks for a machine, uncalibrated."""
        standard = np.clip((features - self.centre) / self.scale, -FARTHEST, FARTHEST)
        hidden = np.maximum(0.0, np.einsum("rf,mfh->mrh", standard, self.inner) + self.inner_bias[:, None])
        scores = np.einsum("mrh,mh->mr", hidden, self.outer) + self.outer_bias[:, None]
        return np.asarray(scores.mean(axis=0), dtype=np.float32)


@dataclass(frozen=True)
class Card:
    """What a score means: `llr = offset + slope * score` within ±cap, and the ratios between which nobody is sure."""

    id: str
    weights_sha256: str
    slope: float
    offset: float
    cap: float
    bona_fide: float
    spoofed: float
    source: Mapping[str, Any]

    def llr(self, score: float) -> float:
        """Natural logarithm of the likelihood ratio, machine over person."""
        return max(-self.cap, min(self.cap, self.offset + self.slope * score))

    def outcome(self, llr: float) -> Outcome:
        """Below `bona_fide` a person, from `spoofed` upwards a machine; between them somebody must listen."""
        if llr >= self.spoofed:
            return "spoofed"
        return "bona_fide" if llr < self.bona_fide else "inconclusive"


def load(folder: Path = FOLDER) -> tuple[Network, Card]:
    """Both files, checked against each other; raises `WeightsError` when they are missing or not a pair."""
    try:
        weights, described = (folder / WEIGHTS).read_bytes(), (folder / CARD).read_bytes()
    except OSError as error:
        raise WeightsError(f"The spoof detector lacks {error.filename}: restore it from the repository.") from error
    content = json.loads(described)
    card = Card(id=hashlib.sha256(described).hexdigest(), **content)
    if (found := hashlib.sha256(weights).hexdigest()) != card.weights_sha256:
        raise WeightsError(f"{WEIGHTS} has SHA-256 {found} instead of the {card.weights_sha256} of its card.")
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        return Network(**{name: arrays[name].astype(np.float32) for name in Network.__dataclass_fields__}), card
