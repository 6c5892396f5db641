"""What an examination of a sound found: verdict, layers, candidate clips, marked stretches, and the null behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

Outcome = Literal["marked", "not_marked", "inconclusive"]


@dataclass(frozen=True)
class Layer:
    """What one marker reads in the whole sound; `sha256` is that of its weights or of its own definition."""

    marker: str
    sha256: str
    outcome: Outcome
    score: float
    threshold: float
    payload: str


@dataclass(frozen=True)
class Candidate:
    """A registered clip whose code is in the sound.

    Attributes:
        clip_id: Which clip.
        organisation_id: Whose it is.
        epoch: Of the mark's secrets.
        z: Score of its code, standard normal under random keys.
        log10_p: log10 of the chance that any of the codes, at any alignment tried, scores as high by accident.
        log10_lr: log10 of the likelihood ratio of "this clip" to "no clip of ours", capped by what was validated.
        speed: Times as fast as when it was made.
        pitch: Semitones by which it was moved, speed apart.
        content: Whether what is heard is what this clip says; "other" means that a mark was copied onto it.
        content_score: Share of equal fingerprint bits, None where there is no fingerprint (any more).
        by_pilot: Whether a pilot led to it; otherwise it was found by its whole code alone.
    """

    clip_id: UUID
    organisation_id: UUID
    epoch: int
    z: float
    log10_p: float
    log10_lr: float
    speed: float
    pitch: float
    content: Literal["same", "other", "unknown"]
    content_score: float | None
    by_pilot: bool = True


@dataclass(frozen=True)
class Stretch:
    """A part of the sound, in seconds, and whether a candidate's code is in it; splices show as changes."""

    start: float
    end: float
    outcome: Outcome
    clip_id: UUID | None
    z: float


@dataclass(frozen=True)
class Null:
    """Scores of random keys on the very same sound: how many, their moments, and how many reached the best real one."""

    keys: int
    mean: float
    deviation: float
    greatest: float
    reached: int


@dataclass(frozen=True)
class Testimony:
    """Everything that an examination found.

    Attributes:
        verdict: Over all layers; "not_marked" never means genuine.
        seconds: Length of the sound.
        layers: One for every marker asked.
        candidates: Best first; none where no code reaches the protocol's false-name rate.
        stretches: The time map, in order, without gaps.
        null: Of the keyed mark.
        clips_compared: With how many registered clips.
        tried: How many scores the family-wise p-values account for.
        protocol_sha256: Of the protocol that was fixed before the sound was looked at.
    """

    verdict: Outcome
    seconds: float
    layers: tuple[Layer, ...]
    candidates: tuple[Candidate, ...]
    stretches: tuple[Stretch, ...]
    null: Null
    clips_compared: int
    tried: float
    protocol_sha256: str

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; identifiers as text."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Testimony:
        """The inverse of `as_json`."""
        return cls(
            verdict=stored["verdict"],
            seconds=stored["seconds"],
            layers=tuple(Layer(**layer) for layer in stored["layers"]),
            candidates=tuple(
                Candidate(
                    **{
                        **found,
                        "clip_id": UUID(found["clip_id"]),
                        "organisation_id": UUID(found["organisation_id"]),
                    }
                )
                for found in stored["candidates"]
            ),
            stretches=tuple(
                Stretch(**{**part, "clip_id": UUID(part["clip_id"]) if part["clip_id"] else None})
                for part in stored["stretches"]
            ),
            null=Null(**stored["null"]),
            clips_compared=stored["clips_compared"],
            tried=stored["tried"],
            protocol_sha256=stored["protocol_sha256"],
        )


def over(outcomes: Iterable[Outcome]) -> Outcome:
    """Over several layers: one clear yes is a yes; a clear no needs all of them, and at least one."""
    found = set(outcomes)
    if "marked" in found:
        return "marked"
    return "not_marked" if found == {"not_marked"} else "inconclusive"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, UUID) else value
