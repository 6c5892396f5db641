"""A listening test of our own claim: A is unmarked, B is marked, X is one of them, and chance is said exactly."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import comb
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from django.conf import settings

from synth_adapter.decoding import decode
from synth_adapter.waveform import Waveform
from watermark.keyed import fingerprint
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.embedding import LEAST_RATE, MOST_RATE, embed

Which = Literal["a", "b", "x"]
TRIALS = 16
STRENGTHS = {"shipped": 1.0, "strong": 4.0}
"""Times the strength that releases carry; the strong one is for learning what there would be to hear."""
OWN = "own"
SHORTEST_OWN_SECONDS, LONGEST_OWN_SECONDS = 1.0, 15.0
CONVINCING = 0.05
"""Below this chance a result is no longer put down to guessing; at most one listener in twenty gets there by luck."""
SENTENCES = {
    "bridge": "The engineers measured the bridge twice before they let the lorries cross.",
    "garden": "She had been away for years, and the garden looked the same.",
    "baker": "Every Thursday the baker opened early, and people waited along the wall.",
    "valley": "A cold wind blew down from the mountains all through the night.",
}
CLIP_BYTES = 16
STEP = 1 / 32_768
"""One step of 16 bits: every sound is dithered by it anew, so that X has the bytes of neither A nor B."""


def sound_file(name: str) -> Path:
    """Where the sentence of this name lies as FLAC, 24 kHz mono."""
    return Path(settings.ROOT) / "static" / "audio" / "abx" / f"{name}.flac"


@dataclass(frozen=True)
class Test:
    """One run of trials, as it is kept in a session: whose answers they are is not in it.

    Attributes:
        secret: Hex; the marks and the draws of X follow from it, and it is thrown away with the test.
        sound: A sentence's name, "all" for one after another, or "own" for the listener's.
        strength: A name in `STRENGTHS`.
        answers: What was said of X so far, "a" or "b", trial by trial.
        trials: How many there are.
    """

    __test__ = False  # nothing for pytest to collect

    secret: str
    sound: str
    strength: str
    answers: tuple[str, ...] = ()
    trials: int = TRIALS

    @classmethod
    def begin(cls, *, sound: str, strength: str) -> Self:
        """A new run with a secret of its own; raises `ValueError` for a sound or strength there is not."""
        if sound not in {*SENTENCES, "all", OWN} or strength not in STRENGTHS:
            raise ValueError(f"There is no sound '{sound}' at strength '{strength}'.")
        return cls(secret=secrets.token_hex(32), sound=sound, strength=strength)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The inverse of `as_json`."""
        return cls(**{**stored, "answers": tuple(stored["answers"])})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "answers": list(self.answers)}

    @property
    def trial(self) -> int:
        """Number of the trial that waits for an answer, from 0."""
        return len(self.answers)

    @property
    def done(self) -> bool:
        return self.trial >= self.trials

    @property
    def right(self) -> int:
        """How many answers were right."""
        return sum(said == self.truth(number) for number, said in enumerate(self.answers))

    def sentence(self, trial: int) -> str:
        """Name of the sentence of a trial."""
        return list(SENTENCES)[trial % len(SENTENCES)] if self.sound == "all" else self.sound

    def truth(self, trial: int) -> Literal["a", "b"]:
        """Which sound X is in a trial; follows from the secret, so that no answer can change it."""
        return "b" if self._drawn(f"trial {trial}")[0] % 2 else "a"

    def answered(self, said: Literal["a", "b"]) -> Self:
        """The test with one answer more; raises `ValueError` once it is done."""
        if self.done:
            raise ValueError("Every trial has been answered.")
        return replace(self, answers=(*self.answers, said))

    def heard(self, which: Which, *, trial: int, own: Waveform | None = None) -> Waveform:
        """The sound of a button in a trial; `own` is the listener's, for a test on it."""
        plain = own if own is not None else _sentence(self.sentence(trial))
        played = self.truth(trial) if which == "x" else which
        chosen = self._marked(plain, trial) if played == "b" else plain
        noise = np.random.default_rng().uniform(-STEP, STEP, len(chosen.samples))
        return Waveform(np.clip(chosen.samples + noise, -1.0, 1.0).astype(np.float32), chosen.rate)

    def _marked(self, plain: Waveform, trial: int) -> Waveform:
        keys = ClipKeys(self._drawn("clip secret"), pilots=PilotKeys(self._drawn("pilot secret")))
        content = fingerprint.digest(fingerprint.of(plain))
        pattern = keys.pattern(self._drawn(f"clip {trial}")[:CLIP_BYTES], content=content)
        return embed(plain, pattern, strength=STRENGTHS[self.strength])

    def _drawn(self, purpose: str) -> bytes:
        """32 bytes that follow from the secret."""
        return hmac.digest(bytes.fromhex(self.secret), purpose.encode(), hashlib.sha256)


def by_guessing(right: int, *, of: int) -> float:
    """Chance that coin tosses are right at least this often: the exact one-sided binomial p-value."""
    return float(sum(comb(of, count) for count in range(right, of + 1)) / 2**of)


def chances(*, of: int = TRIALS) -> list[float]:
    """Chance that coin tosses are right exactly so often, from 0 to all of them."""
    return [comb(of, count) / 2**of for count in range(of + 1)]


def convincing(*, of: int = TRIALS) -> int:
    """How many right answers are needed before a result is no longer put down to guessing."""
    return next(right for right in range(of + 1) if by_guessing(right, of=of) < CONVINCING)


def chance_in_words(chance: float) -> str:
    """A probability as people say it: "in 4 of 10 cases", "in 1 of 26 cases", "in every case"."""
    if chance > 1 - 1e-9:
        return "in every case"
    if chance >= 0.1:  # noqa: PLR2004 -- tenths say enough
        return f"in about {round(chance * 10)} of 10 cases" if chance < 0.95 else "in nearly every case"  # noqa: PLR2004
    return f"in 1 of {round(1 / chance):,} cases"


def bearable(waveform: Waveform) -> Waveform:
    """The sound at a rate that the mark can be put into, 8 to 48 kHz."""
    return waveform.resampled(min(max(waveform.rate, LEAST_RATE), MOST_RATE))


@cache
def _sentence(name: str) -> Waveform:
    return decode(sound_file(name).read_bytes()).waveform
