"""What a report says in plain words: the verdict, how sure it is, what it does not show, what else could explain it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from governance.evidence.dossier import Dossier

# log10 of the likelihood ratio from which on each word is used: the scale of the ENFSI Guideline for Evaluative
# Reporting in Forensic Science (2015), which courts in Europe know.
SCALE = (
    (6.0, "extremely strong support"),
    (4.0, "very strong support"),
    (3.0, "strong support"),
    (2.0, "moderately strong support"),
    (1.0, "moderate support"),
    (math.log10(2), "weak support"),
)
NO_SUPPORT = "no support"
AGAINST = "support for the opposite"
FOUND = {
    "marked": "A mark of synthetic speech was found in this sound.",
    "not_marked": "No mark was found in this sound. This does not mean that the sound is genuine.",
    "inconclusive": "Whether there is a mark in this sound cannot be said.",
}
OUTCOMES = {"marked": "mark found", "not_marked": "no mark found", "inconclusive": "cannot be said"}
CONTENT = {
    "same": "What is heard is what this clip says.",
    "other": "What is heard is NOT what this clip says: its mark seems to have been copied onto another sound.",
    "unknown": "Whether what is heard is what this clip says could not be compared.",
}
STANDINGS = {
    "witnessed": "in the log, witnessed",
    "unwitnessed": "in the log",
    "waiting": "on record, not in the log yet",
}
ORIGINS = {
    "trusted": "A manifest of origin (C2PA) is in the file, unbroken, and its signer is trusted.",
    "valid": "A manifest of origin (C2PA) is in the file and unbroken, but its signer is not on our list of trust.",
    "invalid": "A manifest of origin (C2PA) is in the file, and it is broken: the file was changed after signing.",
    "absent": "There is no manifest of origin (C2PA) in the file. Such a manifest is easily lost or removed.",
}
_LARGEST_SAID = 15


def support(log10_lr: float) -> str:
    """The verbal equivalent of a likelihood ratio, given as its log10."""
    for least, words in SCALE:
        if log10_lr >= least:
            return words
    return AGAINST if log10_lr < 0 else NO_SUPPORT


def times(log10_lr: float) -> str:
    """How many times as probable, in round figures: two that count, never more exact than it is known."""
    if log10_lr < 0:
        return f"1/{times(-log10_lr)}"
    figures = math.floor(log10_lr)
    leading = math.floor(10 ** (log10_lr - figures) * 10 + 1e-9) / 10
    return f"{round(leading * 10**figures):,}" if figures else f"{leading:.1f}"


def chance(log10_p: float) -> str:
    """A probability as one in so many; the exponent where that is a number that nobody can picture."""
    if log10_p >= math.log10(0.5):
        return "more than 1 in 2"
    if log10_p < -_LARGEST_SAID:
        return f"less than 1 in 10 to the power of {math.floor(-log10_p)}"
    return f"about 1 in {times(-log10_p)}"


def answer(dossier: Dossier) -> list[str]:
    """The result in a few sentences."""
    result = dossier.result
    said = [FOUND[result["verdict"]]]
    candidates = result["candidates"]
    if not candidates:
        if result["verdict"] == "marked":
            said.append("It does not lead to any single clip.")
        return said
    best = candidates[0]
    if best["clip_id"] in result.get("elsewhere", []):
        said.append("It leads to a clip that another organisation had made on this platform, which alone may name it.")
    else:
        said.append(f"It leads to the clip {best['clip_id']}, which was made on this platform.")
    words = support(best["log10_lr"])
    said.append(f"The findings give {words} to this (likelihood ratio {times(best['log10_lr'])}; see section 5).")
    return said if best["content"] != "other" else [*said, CONTENT["other"]]


def certainty(candidate: Mapping[str, Any], dossier: Dossier) -> list[str]:
    """How sure it is that this clip is in the sound, and on what that stands."""
    result, fixed = dossier.result, dossier.protocol["examination"]
    null, sought = result["null"], not candidate.get("by_pilot", True)
    way = "sought_" if sought else ""
    how = "No pilot led to it: the whole code of the clip was found in the sound. " if sought else ""
    return [
        (
            "Two statements are weighed: “the mark of this clip is in the sound”, and “no mark of a registered clip is "
            f"in the sound”. What was measured is {times(candidate['log10_lr'])} times as probable under the first as "
            f"under the second: {support(candidate['log10_lr'])}. {how}This figure is never larger than "
            f"{times(fixed[f'{way}greatest_log10_lr'])}, however clear the measurement: rarer accidents could not be "
            f"counted in the {fixed[f'{way}null_trials']:,} trials with random codes on which the protocol stands."
        ),
        (
            f"Chance of a score as high by accident, over all {result['clips_compared']:,} registered clips and every "
            f"position, speed and pitch tried: {chance(candidate['log10_p'])}. This is not the probability that the "
            "clip is the wrong one; that depends on the other evidence of the case too."
        ),
        (
            f"On this very sound, {null['keys']:,} random keys that belong to no clip were tried: the best of them "
            f"scored {null['greatest']:.1f} (mean {null['mean']:.2f}, standard deviation {null['deviation']:.2f}), the "
            f"clip {candidate['z']:.1f}. {null['reached']:,} of them reached the clip's score."
        ),
        CONTENT[candidate["content"]],
    ]


def limits(dossier: Dossier) -> list[str]:
    """What the result does not show, whatever it is."""
    verdict = dossier.result["verdict"]
    said = {
        "marked": [
            (
                "That every part of the sound is synthetic: only the parts shown as marked carry the mark; speech of "
                "another origin may stand beside them or be mixed with them."
            ),
            "Who spread the file, who heard it, and whether it was used to deceive.",
        ],
        "not_marked": [
            (
                "That the sound is genuine. Other systems do not leave our mark, a mark can be removed or lost on the "
                "way, and a short or noisy sound may not carry it."
            ),
        ],
        "inconclusive": [
            "Either that there is a mark or that there is none. A longer or cleaner copy may tell more.",
        ],
    }[verdict]
    return [
        *said,
        "Who speaks, or whose voice it is: no comparison of voices was made here.",
        "That what is said is true, or when and where it was said.",
        "How the file came to the one who handed it in: custody is documented from its receipt on, not before.",
    ]


def alternatives(dossier: Dossier) -> list[str]:
    """What else could have led to the result, and what speaks for or against it."""
    candidates = dossier.result["candidates"]
    if dossier.result["verdict"] != "marked":
        return [
            "The sound carries a mark that was destroyed by noise, processing or an attempt to remove it.",
            "The sound was made by a system that does not mark, or spoken by a person: this examination cannot tell.",
        ]
    said = [
        "Chance: see the chance of a score as high by accident.",
        (
            "A mark put there by someone else: no way is known to make one without the organisation's secret; who has "
            "the secret could. It is kept sealed."
        ),
    ]
    if candidates:
        said.append(f"A mark copied from a clip onto another sound. {CONTENT[candidates[0]['content']]}")
        said.append("Another copy of the same clip: copies of one clip carry the same mark and cannot be told apart.")
    else:
        said.append("A clip of somebody else who uses the same public method of marking.")
    return said


def done(dossier: Dossier) -> list[str]:
    """What was done, in order."""
    result, examination = dossier.result, dossier.examination
    names = ", ".join(layer["marker"] for layer in result["layers"])
    return [
        f"The file was hashed when it came in, and kept as it came ({examination['size']:,} bytes).",
        (
            "Before anything in it was looked at, the protocol was fixed and its hash put into the public log: which "
            f"measurements, which thresholds, which error rates. SHA-256 of the protocol: {dossier.protocol_sha256}."
        ),
        "A copy was decoded; every derived file's hash is in the chain of custody.",
        (
            f"The whole sound was put to these detectors: {names}. The codes of {result['clips_compared']:,} "
            "registered clips were compared with it."
        ),
        f"{result['null']['keys']:,} random keys were put to the same test on the same sound: what chance alone does.",
        "The file was searched for a manifest of origin (C2PA).",
    ]
