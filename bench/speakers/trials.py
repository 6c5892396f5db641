"""Trials: which probe is compared with which reference, by which speakers, and what weight each comparison has.

References are clean takes in full, with at least three seconds of speech; probes are other takes under every condition
and length. The speakers are parted in two: a calibration is made with one part and judged by the other. The readers
with ten utterances go to the parts in turns, everybody else by a hash of the name. The two halves of the only recording
of a speaker make genuine trials, too; they are flagged, because halves of one recording are more alike than two
recordings are.

Every pair of speakers has one vote among the impostors, every speaker one among the genuine, however many takes there
are; genuine trials across recordings and within one weigh the same in all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.speakers.embeddings import Embedded, bandwidths, embed_all
from safety.calibration import features
from safety.ports import ModelIdentity, SpeakerEncoder

LEAST_REFERENCE_SECONDS, LEAST_PROBE_SECONDS = 3.0, 0.5
NEAREST = 30
LEFT_OUT = {
    "fsdd": "single digits of under a second, at 8 kHz",
    "stylespeech_ref": "the corpus does not say who these readers are; one is another reader under a second name",
}
PERHAPS_ONE_READER = (frozenset({"libri_4267", "libri_8226"}),)
Part = Literal["calibration", "report"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """One take under one condition as every encoder heard it."""

    take: str
    recording: str
    speaker: str
    source: str
    condition: str
    seconds: float
    bandwidth_hz: float
    vectors: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class Trials:
    """Comparisons as columns; `scores` has shape (trials, encoders), speakers are indices into `speakers`."""

    models: tuple[ModelIdentity, ...]
    speakers: tuple[str, ...]
    sources: Mapping[str, str]
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]
    bandwidth_hz: NDArray[np.float64]
    reference: NDArray[np.int64]
    probe: NDArray[np.int64]
    within: NDArray[np.bool_]
    condition: NDArray[np.str_]

    @property
    def genuine(self) -> NDArray[np.bool_]:
        return self.reference == self.probe

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, chosen: NDArray[np.bool_]) -> Trials:
        columns = ("scores", "seconds", "bandwidth_hz", "reference", "probe", "within", "condition")
        return replace(self, **{column: getattr(self, column)[chosen] for column in columns})

    def features(self) -> NDArray[np.float64]:
        """What `safety.calibration.features` makes of each trial."""
        rows = zip(self.scores.tolist(), self.seconds.tolist(), self.bandwidth_hz.tolist(), strict=True)
        return np.array([features(scores, seconds=seconds, bandwidth_hz=hertz) for scores, seconds, hertz in rows])

    def pairs(self) -> NDArray[np.int64]:
        """One number for the two speakers of a trial, whichever is the reference."""
        low, high = np.minimum(self.reference, self.probe), np.maximum(self.reference, self.probe)
        return low * len(self.speakers) + high


def part_of(speaker: str, takes: Mapping[str, int]) -> Part:
    """Whom the calibration is made with, and whom it is judged by; `takes` counts recordings by speaker."""
    often = sorted(name for name, count in takes.items() if count == 10 and name.startswith("libri_"))  # noqa: PLR2004 -- the readers with ten utterances
    if speaker in often:
        return "calibration" if often.index(speaker) % 2 == 0 else "report"
    return "calibration" if hashlib.sha256(speaker.encode()).digest()[0] % 2 == 0 else "report"


def hear(encoders: Sequence[SpeakerEncoder], *, labels: str = "bonafide") -> list[Heard]:
    """Everything of the corpus that can be compared, from the caches."""
    hertz = bandwidths(labels=labels)
    by_encoder = [{(e.take.name, e.condition): e for e in embed_all(encoder, labels=labels)} for encoder in encoders]
    found = []
    for key, first in by_encoder[0].items():
        vectors = tuple(embedded[key].vector for embedded in by_encoder)
        known = first.take.source not in LEFT_OUT and np.isfinite(np.concatenate(vectors)).all()
        if known and first.net_seconds >= LEAST_PROBE_SECONDS:
            found.append(_heard(first, vectors, hertz[key]))
    return found


def _heard(embedded: Embedded, vectors: tuple[NDArray[np.float32], ...], hertz: float) -> Heard:
    take = embedded.take
    recording = take.name.partition("#")[0]
    return Heard(
        take.name, recording, take.speaker, take.source, embedded.condition, embedded.net_seconds, hertz, vectors
    )


def parted(heard: Iterable[Heard], part: Part) -> list[Heard]:
    """What the speakers of this part said."""
    everything = list(heard)
    recordings: dict[str, set[str]] = {}
    for one in everything:
        recordings.setdefault(one.speaker, set()).add(one.recording)
    counts = {speaker: len(found) for speaker, found in recordings.items()}
    return [one for one in everything if part_of(one.speaker, counts) == part]


def trials_of(
    heard: Sequence[Heard], models: Sequence[ModelIdentity], *, cohort: Sequence[Heard] | None = None
) -> Trials:
    """Every reference with every probe that is another take; readers who may be one under two names never meet.

    With a `cohort` every score is normalised by the scores of both sides against their nearest strangers in it
    (adaptive symmetric normalisation, Matějka et al. 2017).
    """
    speakers = tuple(sorted({one.speaker for one in heard}))
    number = {speaker: index for index, speaker in enumerate(speakers)}
    references = [one for one in heard if one.condition == "clean" and one.seconds >= LEAST_REFERENCE_SECONDS]
    rows, columns = _meetings(references, heard)
    scores = np.stack(
        [
            np.einsum("nd,nd->n", _stack(references, model)[rows], _stack(heard, model)[columns])
            for model in range(len(models))
        ],
        axis=1,
    )
    if cohort is not None:
        scores = np.stack(
            [
                (
                    _normal(scores[:, m], _strangers(references, cohort, m), rows)
                    + _normal(scores[:, m], _strangers(heard, cohort, m), columns)
                )
                / 2
                for m in range(len(models))
            ],
            axis=1,
        )
    recordings = (np.array([one.recording for one in side]) for side in (references, heard))
    first, second = recordings
    return Trials(
        models=tuple(models),
        speakers=speakers,
        sources={one.speaker: one.source for one in heard},
        scores=scores.astype(np.float64),
        seconds=_lesser([one.seconds for one in references], [one.seconds for one in heard], rows, columns),
        bandwidth_hz=_lesser(
            [one.bandwidth_hz for one in references], [one.bandwidth_hz for one in heard], rows, columns
        ),
        reference=np.array([number[one.speaker] for one in references])[rows],
        probe=np.array([number[one.speaker] for one in heard])[columns],
        within=first[rows] == second[columns],
        condition=np.array([one.condition for one in heard])[columns],
    )


def _meetings(references: Sequence[Heard], probes: Sequence[Heard]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    takes = np.array([one.take for one in references])[:, np.newaxis] == np.array([one.take for one in probes])
    meet = ~takes
    for pair in PERHAPS_ONE_READER:
        for one in pair:
            side = np.array([heard.speaker == one for heard in references])
            other = np.array([heard.speaker in pair - {one} for heard in probes])
            meet &= ~(side[:, np.newaxis] & other)
    rows, columns = np.nonzero(meet)
    return rows, columns


def _stack(heard: Sequence[Heard], model: int) -> NDArray[np.float32]:
    return np.stack([one.vectors[model] for one in heard])


def _strangers(heard: Sequence[Heard], cohort: Sequence[Heard], model: int) -> NDArray[np.float64]:
    """Mean and deviation of the scores of each with the nearest of the cohort who are other speakers."""
    scores = _stack(heard, model) @ _stack(cohort, model).T
    own = np.array([one.speaker for one in heard])[:, np.newaxis] == np.array([one.speaker for one in cohort])
    nearest = np.sort(np.where(own, -np.inf, scores), axis=1)[:, -NEAREST:]
    return np.stack([nearest.mean(axis=1), nearest.std(axis=1)], axis=1)


def _normal(scores: Floats, strangers: NDArray[np.float64], rows: NDArray[np.int64]) -> Floats:
    return np.asarray((scores - strangers[rows, 0]) / strangers[rows, 1], dtype=np.float64)


def _lesser(
    references: list[float], probes: list[float], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.minimum(np.array(references)[rows], np.array(probes)[columns])


def weights(trials: Trials) -> NDArray[np.float64]:
    """One vote for each pair of speakers; genuine and impostors sum to one each, as do both kinds of genuine halves."""
    genuine, pairs = trials.genuine, trials.pairs()
    kinds = [kind for kind in (genuine & trials.within, genuine & ~trials.within) if kind.any()]
    found = np.zeros(len(trials))
    for kind, share in [*((kind, 1.0 / len(kinds)) for kind in kinds), (~genuine, 1.0)]:
        _, pair, counts = np.unique(pairs[kind], return_inverse=True, return_counts=True)
        votes = 1.0 / counts[pair]
        found[kind] = share * votes / max(votes.sum(), 1e-12)
    return found
