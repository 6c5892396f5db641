"""An examination as its page shows it: the outcome, the picture with its key, the clips it names, and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance import sound_picture
from governance.console import examination_words as words
from governance.console.chain_cards import Chain, chain_behind
from governance.console.wording import Figure, figures
from governance.forensic_models import Examination, ExaminationStatus
from governance.forensics.chain import note_look
from governance.sound_picture import Picture
from watermark.testimony import Candidate, Layer, Stretch, Testimony

_CONTENT_MEANINGS = {"same": "permit", "other": "deny", "unknown": "hold"}


@dataclass(frozen=True)
class Outcome:
    """How an answer looks (`found`, `neutral`, `hold` or `deny`) and what it is called."""

    meaning: str
    word: str


@dataclass(frozen=True)
class NamedClip:
    """A candidate in words; `letter` is that on the picture, `chain` None where it is another organisation's."""

    id: UUID
    letter: str
    ours: bool
    heard_in: str
    odds: str
    support: str
    ratio: str
    capped: bool
    z: float
    alteration: str
    content: str
    content_short: str
    content_meaning: str
    chain: Chain | None


@dataclass(frozen=True)
class Part:
    """A row of the time map."""

    start: float
    end: float
    said: str
    z: float


def outcome(status: str, verdict: str | None) -> Outcome:
    """What a list says of an examination."""
    if status == ExaminationStatus.COMPLETED and verdict in words.OUTCOMES:
        return Outcome(words.MEANINGS[verdict], words.OUTCOMES[verdict])
    if status == ExaminationStatus.FAILED:
        return Outcome("deny", "Could not be examined")
    return Outcome("neutral", "Being examined" if status == ExaminationStatus.RUNNING else "Waiting for its turn")


def doing(examination: Examination) -> str:
    """What happens to a file whose answer is not there yet."""
    if examination.status == ExaminationStatus.RECEIVED:
        return "The file is in and waits for its turn."
    return f"The file is being searched for marks: {percent(examination)} % done."


def percent(examination: Examination) -> int:
    """How far it is; never 100 before there is an answer."""
    return min(99, round(100 * examination.progress))


def first_words(examination: Examination) -> words.Verdict:
    """The first sentence of the page, whatever the examination has come to."""
    if examination.status == ExaminationStatus.COMPLETED:
        return words.verdict(Testimony.from_json(examination.result))
    if examination.status == ExaminationStatus.FAILED:
        return words.Verdict("This file could not be examined.", examination.explanation, "deny")
    return words.Verdict("The answer is not there yet.", "This page shows it as soon as it is there.", "neutral")


def context_of(examination: Examination, *, organisation_id: UUID) -> dict[str, Any]:
    """What the template needs of a completed examination."""
    found = Testimony.from_json(examination.result)
    sound = examination.result["sound"]
    picture = sound_picture.draw(sound["peaks"], seconds=found.seconds, stretches=found.stretches)
    letters = {stretch.clip_id: band.letter for stretch, band in zip(found.stretches, picture.bands, strict=True)}
    clips = _named(examination, found, letters, organisation_id)
    outcomes = {stretch.outcome for stretch in found.stretches}
    return {
        "result": True,
        "picture": picture,
        "described": _described(found, picture),
        "key": {
            "inconclusive": "inconclusive" in outcomes,
            "not_marked": "not_marked" in outcomes,
            "marked_unnamed": any(part.outcome == "marked" and part.clip_id is None for part in found.stretches),
        },
        "stretches": [Part(part.start, part.end, _said(part, letters), part.z) for part in found.stretches],
        "clips": clips,
        "not_shown": words.NOT_SHOWN[found.verdict],
        "layers": [_layer(layer) for layer in found.layers],
        "null_figures": _null_figures(found),
        "provenance": examination.result["provenance"],
    }


def file_figures(examination: Examination) -> list[Figure]:
    """What kind of file it is, and its hash."""
    sound = examination.result.get("sound") or {}
    known = {
        "seconds": sound.get("seconds"),
        "codec": sound.get("codec"),
        "sample_rate_hz": sound.get("sample_rate"),
        "channels": sound.get("channels"),
    }
    facts = figures({name: value for name, value in known.items() if value is not None})
    if sound.get("truncated"):
        facts.append(Figure("Ends early", "The file ends before it says it does"))
    return [
        *facts,
        Figure("SHA-256 at receipt", f"{examination.sha256[:12]}…", exact=examination.sha256),
        Figure("Protocol", f"{examination.protocol_sha256[:12]}…", exact=examination.protocol_sha256),
    ]


def _named(
    examination: Examination, found: Testimony, letters: dict[UUID | None, str], organisation_id: UUID
) -> list[NamedClip]:
    fixed = examination.protocol.get("examination", {})
    for candidate in found.candidates:
        if candidate.organisation_id == organisation_id:
            note_look(examination, candidate.clip_id)
    free = iter(letter for letter in sound_picture.LETTERS if letter not in letters.values())
    return [
        _clip(candidate, letters.get(candidate.clip_id) or next(free), found.stretches, fixed, organisation_id)
        for candidate in found.candidates
    ]


def _clip(
    candidate: Candidate, letter: str, stretches: Sequence[Stretch], fixed: Mapping[str, Any], organisation_id: UUID
) -> NamedClip:
    cap = fixed.get("greatest_log10_lr" if candidate.by_pilot else "sought_greatest_log10_lr")
    heard = [part for part in stretches if part.clip_id == candidate.clip_id]
    ours = candidate.organisation_id == organisation_id
    return NamedClip(
        id=candidate.clip_id,
        letter=letter,
        ours=ours,
        heard_in=_heard_in(heard),
        odds=words.odds(candidate.log10_p),
        support=words.support(candidate.log10_lr),
        ratio=words.ratio(candidate.log10_lr),
        capped=cap is not None and candidate.log10_lr >= cap,
        z=candidate.z,
        alteration=words.alteration(candidate.speed, candidate.pitch),
        content=words.content(candidate),
        content_short=words.CONTENT_SHORT[candidate.content],
        content_meaning=_CONTENT_MEANINGS[candidate.content],
        chain=chain_behind(candidate.clip_id) if ours else None,
    )


def _layer(layer: Layer) -> dict[str, Any]:
    shown = Outcome(words.MEANINGS[layer.outcome], words.OUTCOMES[layer.outcome])
    return {
        "marker": layer.marker,
        "shown": shown,
        "score": layer.score,
        "threshold": layer.threshold,
        "payload": layer.payload,
        "sha256": layer.sha256,
    }


def _heard_in(heard: Sequence[Stretch]) -> str:
    seconds = sum(part.end - part.start for part in heard)
    if not heard:
        return "in the sound as a whole"
    return f"heard for {seconds:.1f} s" + (f" in {len(heard)} parts" if len(heard) > 1 else "")


def _said(part: Stretch, letters: dict[UUID | None, str]) -> str:
    if part.outcome != "marked":
        return words.OUTCOMES[part.outcome]
    return f"Mark of clip {letters[part.clip_id]}" if part.clip_id else "Marked, no clip named"


def _described(found: Testimony, picture: Picture) -> str:
    """The picture in words, for whoever does not see it."""
    parts = [
        f"{band.start:.1f} to {band.end:.1f} s {words.OUTCOMES[band.outcome].lower()}"
        + (f", clip {band.letter}" if band.letter else "")
        for band in picture.bands
    ]
    return f"Waveform of {found.seconds:.1f} seconds of sound. " + ("; ".join(parts) or "No part was told apart") + "."


def _null_figures(found: Testimony) -> list[Figure]:
    null = found.null
    return [
        Figure("Clips compared", f"{found.clips_compared:,}"),
        Figure("Scores counted", f"{found.tried:,.0f}"),
        Figure("Random keys", f"{null.keys:,}"),
        Figure("Their mean score", f"{null.mean:.2f} ± {null.deviation:.2f}"),
        Figure("Their greatest score", f"{null.greatest:.1f}"),
        Figure("As high as the best", f"{null.reached:,} of {null.keys:,}"),
    ]
