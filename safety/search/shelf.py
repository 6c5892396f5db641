"""The opened references of one owner, an organisation or the platform, and the search over several of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from safety.calibration import Calibration, Outcome
from safety.comparison import VoiceEmbedding
from safety.errors import ComparisonError
from safety.ports import ModelIdentity
from safety.search.index import Hit, Index
from safety.search.locked import LockedMemory
from safety.search.passes import FirstPass
from safety.search.thresholds import Thresholds, ratios, thresholds

CANDIDATES = 128
"""So many of the most alike by the first encoder are compared by all of them; `bench/open_set.py` counts the cost."""


@dataclass(frozen=True)
class Listed:
    """What a search must know of a row besides the voice."""

    list_id: UUID
    expires_at: datetime | None


@dataclass(frozen=True)
class Finding:
    """Somebody on a list who may be the speaker: the comparison, and the thresholds that it was held against."""

    id: UUID
    scores: dict[str, float]
    llr: float
    outcome: Outcome
    match_from: float
    hold_from: float
    list_size: int
    seconds: float
    bandwidth_hz: float
    calibration_id: str

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "id": str(self.id)}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Finding:
        return cls(**{**found, "id": UUID(found["id"])})

    def as_one_of(self, questions: int) -> Finding:
        """Judged again as one of so many questions about one recording, which share a prior as the listed do."""
        limits = Thresholds(self.match_from + math.log(questions), self.hold_from + math.log(questions))
        return replace(self, outcome=limits.outcome(self.llr), match_from=limits.match, hold_from=limits.hold)


@dataclass
class Shelf:
    """References by exactly `models`, the first of which is searched; rows by any others are named, not compared."""

    models: tuple[ModelIdentity, ...]
    first_pass: FirstPass | None = None
    memory: LockedMemory = field(default_factory=LockedMemory)
    executor: Executor | None = None
    listed: dict[UUID, Listed] = field(default_factory=dict)
    offsets: dict[UUID, float] = field(default_factory=dict)
    revisions: dict[UUID, int] = field(default_factory=dict)
    foreign: set[UUID] = field(default_factory=set)
    index: Index | None = None

    def __len__(self) -> int:
        return len(self.listed)

    def put(self, voices: Sequence[tuple[UUID, Listed, VoiceEmbedding]]) -> None:
        """Add or replace people."""
        self.take_out([voice_id for voice_id, _, _ in voices])
        ours = [(i, about, voice) for i, about, voice in voices if set(voice.models) == set(self.models)]
        self.foreign.update(i for i, _, voice in voices if set(voice.models) != set(self.models))
        if not ours:
            return
        parts = [np.stack([voice.part(model).vector for _, _, voice in ours]) for model in self.models]
        if self.index is None:
            widths = [part.shape[1] for part in parts]
            self.index = Index(widths, first_pass=self.first_pass, memory=self.memory, executor=self.executor)
        conditions = np.array([(voice.seconds, voice.bandwidth_hz) for _, _, voice in ours])
        self.index.add([i for i, _, _ in ours], parts, conditions=conditions)
        self.listed.update({i: about for i, about, _ in ours})

    def take_out(self, ids: Sequence[UUID]) -> None:
        self.foreign.difference_update(ids)
        for voice_id in ids:
            self.listed.pop(voice_id, None)
        if self.index is not None:
            self.index.remove(ids)

    def drop_expired(self, *, now: datetime) -> None:
        over = [i for i, about in self.listed.items() if about.expires_at is not None and about.expires_at <= now]
        self.take_out(over)

    def wipe(self) -> None:
        """Forget everything, and overwrite it."""
        self.listed.clear()
        self.foreign.clear()
        self.revisions.clear()
        if self.index is not None:
            self.index.wipe()


def search(
    shelves: Sequence[Shelf], probe: VoiceEmbedding, *, calibration: Calibration, now: datetime
) -> list[Finding]:
    """Everyone on the shelves who may be the speaker, the likeliest first.

    Raises:
        ComparisonError: somebody is listed by other encoders, so that it cannot be ruled out that it is them.
    """
    foreign = sum(len(shelf.foreign) for shelf in shelves)
    if foreign:
        raise ComparisonError(
            f"{foreign} protected voice(s) were listed by other encoders than those in use, "
            "and cannot be ruled out: list them again from a recording."
        )
    size = sum(len(shelf) for shelf in shelves)
    limits, found = thresholds(calibration, size=size), []
    for shelf in shelves:
        if shelf.index is None or not len(shelf):
            continue
        hits = shelf.index.top([probe.part(model).vector for model in shelf.models], count=CANDIDATES)
        found += _judge(shelf, hits, probe, calibration=calibration, limits=limits, size=size, now=now)
    return sorted(found, key=lambda finding: (-finding.llr, finding.id))


def _judge(
    shelf: Shelf,
    hits: Sequence[Hit],
    probe: VoiceEmbedding,
    *,
    calibration: Calibration,
    limits: Thresholds,
    size: int,
    now: datetime,
) -> list[Finding]:
    order = [shelf.models.index(model) for model in calibration.models]
    scores: NDArray[np.float64] = np.array([[hit.scores[place] for place in order] for hit in hits])
    seconds = np.minimum(probe.seconds, [hit.seconds for hit in hits])
    bandwidth = np.minimum(probe.bandwidth_hz, [hit.bandwidth_hz for hit in hits])
    llrs = ratios(calibration, scores, seconds=seconds, bandwidth_hz=bandwidth)
    if not np.isfinite(llrs).all():
        raise ComparisonError("A comparison came out as no number: this voice cannot be cleared.")
    found = []
    for place, hit in enumerate(hits):
        about = shelf.listed[hit.id]
        offset = shelf.offsets.get(about.list_id, 0.0)
        outcome = limits.outcome(float(llrs[place]), offset=offset)
        if outcome == "no_match" or (about.expires_at is not None and about.expires_at <= now):
            continue
        found.append(
            Finding(
                id=hit.id,
                scores={model.name: score for model, score in zip(shelf.models, hit.scores, strict=True)},
                llr=float(llrs[place]),
                outcome=outcome,
                match_from=limits.match + offset,
                hold_from=limits.hold + offset,
                list_size=size,
                seconds=float(seconds[place]),
                bandwidth_hz=float(bandwidth[place]),
                calibration_id=calibration.id,
            )
        )
    return found
