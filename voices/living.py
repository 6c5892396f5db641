"""Whether a living person spoke the samples, and the consent behind them: doubt waits for a reviewer, copies do not."""

from __future__ import annotations

from collections.abc import Sequence

from consent.reasons import Reason
from safety.ports import SpoofDetector, SpoofFinding
from safety.spoofing.demonstration import synthetic_speakers_admitted
from safety.spoofing.signs import REPEATED_TAKE
from safety.spoofing.takes import copies
from voices.listening import HeardSample

REVIEW = "A reviewer listens and decides; samples recorded afresh with a plain microphone help."
UNLIKELY = {"spoofed": "sounds synthetic or played back", "inconclusive": "may be synthetic or played back"}


def judge_living(
    samples: Sequence[HeardSample], *, ceremony: SpoofFinding | None, detector: SpoofDetector
) -> list[Reason]:
    """The ceremony, each sample for itself when it is clearly synthetic, and all samples together; and copied takes.

    A ceremony of None is one about which a person decided.
    """
    found = [*_judge_repeated(samples), *_judge_copies(samples)]
    if synthetic_speakers_admitted():
        return found
    heard = [sample.living for sample in samples if sample.living is not None]
    if len(heard) < len(samples):
        return [*found, Reason("living-voice-unknown", "hold", "Nobody asked whether a living voice speaks.", REVIEW)]
    found += _judge_one(ceremony, "The recording of the consent", rule="ceremony-may-be-synthetic", where={})
    alone = [sample for sample in samples if sample.living is not None and sample.living.outcome == "spoofed"]
    for sample in alone:
        where = {"sample": float(sample.position)}
        found += _judge_one(sample.living, f"Sample {sample.position}", rule="sample-may-be-synthetic", where=where)
    if not alone:
        found += _judge_one(detector.pooled(heard), "What was sent", rule="sample-may-be-synthetic", where={})
    return found


def _judge_one(finding: SpoofFinding | None, what: str, *, rule: str, where: dict[str, float]) -> list[Reason]:
    if finding is None or finding.outcome == "bona_fide":
        return []
    measured: dict[str, float | str] = {
        **where,
        "llr": round(finding.llr, 2),
        "outcome": finding.outcome,
        "signs": " ".join(sorted({sign.kind for sign in finding.signs})),
    }
    return [Reason(rule, "hold", f"{what} {UNLIKELY[finding.outcome]}.", REVIEW, measured)]


def _judge_repeated(samples: Sequence[HeardSample]) -> list[Reason]:
    """A stretch that comes twice in one sample."""
    return [
        Reason(
            REPEATED_TAKE,
            "deny",
            f"A stretch of sample {sample.position} is a copy of an earlier one.",
            "Send what was really spoken, each of it once.",
            {"sample": sample.position, **sign.measured},
        )
        for sample in samples
        for sign in (sample.living.signs if sample.living is not None else ())
        if sign.kind == REPEATED_TAKE
    ]


def _judge_copies(samples: Sequence[HeardSample]) -> list[Reason]:
    """A stretch that comes in two samples."""
    known = [sample for sample in samples if sample.take is not None]
    return [
        Reason(
            "copied-take",
            "deny",
            f"Samples {known[first].position} and {known[second].position} hold the same take.",
            "Send each recording once.",
            {"sample": known[first].position, "copy": known[second].position},
        )
        for first, second in copies([sample.take for sample in known if sample.take is not None])
    ]
