"""What an examination found, in the words of its page: the verdict first, then how sure, then what it does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from watermark.testimony import Candidate, Layer, Testimony

_LEAST_NAMED_POWER = 6
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUPPORT = (
    (0.3, "no support either way"),
    (1, "weak support"),
    (2, "moderate support"),
    (3, "moderately strong support"),
    (4, "strong support"),
    (6, "very strong support"),
)
"""Up to which log10 likelihood ratio, after the ENFSI guideline for evaluative reporting (2015), table 2."""
_MOST = "extremely strong support"
_UNCHANGED_SPEED, _UNCHANGED_PITCH = 0.003, 0.08
MEANINGS = {"marked": "found", "not_marked": "neutral", "inconclusive": "hold"}
OUTCOMES = {"marked": "Marked", "not_marked": "No mark found", "inconclusive": "Not clear"}

NOT_SHOWN = {
    "marked": (
        "It shows that this sound, or a part of it, left a system that marks what it makes. It does not show who "
        "passed it on, who edited it since, or with what intent. It says nothing about the parts where no mark was "
        "found, and nothing about whether what is said is true."
    ),
    "not_marked": (
        "It does not show that the recording is genuine. Most systems that can copy a voice do not mark what they "
        "make, and a mark can be lost when a sound is very short, very noisy, or was treated in order to remove it."
    ),
    "inconclusive": (
        "It does not show that the sound is marked, and it does not show that it is not. It must not be used as an "
        "indication for either. A longer or a less altered copy may give an answer: ask for the first copy there is."
    ),
}
_CONTENT = {
    "same": "What is heard is what this clip says.",
    "other": "What is heard is not what this clip says: its mark was copied onto another sound, or words were moved.",
    "unknown": "Whether it is this clip that is heard cannot be said: its fingerprint is gone or too little is left.",
}
CONTENT_SHORT = {"same": "The same words", "other": "Other words", "unknown": "Not known"}


@dataclass(frozen=True)
class Verdict:
    """The first sentence of the page, what follows on it, and how it looks."""

    title: str
    more: str
    meaning: str


def verdict(found: Testimony) -> Verdict:
    """The answer in one sentence and one more."""
    meaning = MEANINGS[found.verdict]
    if found.verdict == "marked":
        return Verdict(*_marked(found), meaning)
    if found.verdict == "not_marked":
        clips = f"{found.clips_compared:,} registered clip{'' if found.clips_compared == 1 else 's'}"
        compared = f"It was compared with {clips}." if found.clips_compared else ""
        return Verdict("No mark was found in this sound.", compared or "No clip is registered yet.", meaning)
    return Verdict(
        "It cannot be said whether this sound is marked.",
        "What there may be of a mark is too little to rule out an accident.",
        meaning,
    )


def _marked(found: Testimony) -> tuple[str, str]:
    if not found.candidates:
        said = _names([layer for layer in found.layers if layer.outcome == "marked"])
        return "This sound is marked, but no clip of ours is named.", f"The mark was read by {said}."
    best = found.candidates[0]
    if best.content == "other":
        return (
            "This sound bears the mark of one of our clips, but it is not that clip that is heard.",
            "The mark was copied onto it, or its words were moved. Do not treat it as that clip.",
        )
    others = len(found.candidates) - 1
    title = "This sound is marked, and the mark names one clip."
    if others:
        title = f"This sound is marked, and its parts name {others + 1} clips."
    return (
        title,
        f"An accident as good as this has a chance of {odds(best.log10_p)}, all clips and all attempts counted.",
    )


def odds(log10_p: float) -> str:
    """A chance as "1 in 1,000" or "1 in 10⁹", never smaller than it is."""
    if log10_p > -1:
        return f"{min(100.0, 100 * 10**log10_p):.0f} in 100"
    power = floor(-log10_p)
    if power > _LEAST_NAMED_POWER:
        return f"1 in 10{str(power).translate(_SUPERSCRIPTS)}"
    return f"1 in {10**power:,}"


def support(log10_lr: float) -> str:
    """What a likelihood ratio means in words, for the clip or against it."""
    strength = next((words for limit, words in _SUPPORT if abs(log10_lr) < limit), _MOST)
    if abs(log10_lr) < _SUPPORT[0][0]:
        return strength
    return f"{strength} {'for' if log10_lr > 0 else 'against'} this clip"


def ratio(log10_lr: float) -> str:
    """A likelihood ratio as a number: "1,000,000 times", or "10⁸ times" beyond what is read at a glance."""
    power = floor(abs(log10_lr))
    times = f"10{str(power).translate(_SUPERSCRIPTS)}" if power > _LEAST_NAMED_POWER else f"{10**power:,}"
    return f"{times} times" if log10_lr >= 0 else f"1/{times}"


def alteration(speed: float, pitch: float) -> str:
    """How the sound was altered since it was made."""
    said = []
    if abs(speed - 1) > _UNCHANGED_SPEED:
        said.append(f"{abs(speed - 1) * 100:.1f} % {'faster' if speed > 1 else 'slower'}")
    if abs(pitch) > _UNCHANGED_PITCH:
        said.append(f"{abs(pitch):.1f} semitones {'higher' if pitch > 0 else 'lower'}")
    return f"Played {' and '.join(said)} than it was made" if said else "Neither speed nor pitch was altered"


def content(candidate: Candidate) -> str:
    """Whether it is this clip that is heard, in a sentence."""
    said = _CONTENT[candidate.content]
    if candidate.content_score is None:
        return said
    return f"{said} {candidate.content_score * 100:.0f} % of the fingerprint agree; chance alone gives about 50 %."


def _names(layers: Sequence[Layer]) -> str:
    *most, last = [layer.marker for layer in layers] or ["no single layer, only by all together"]
    return f"{', '.join(most)} and {last}" if most else last
