"""The default spoof detector: statistics of speech into small networks of our own, with hard signs beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from safety.ports import ModelIdentity, SpoofFinding
from safety.spoofing.features import features
from safety.spoofing.network import load
from safety.spoofing.signs import signs
from safety.spoofing.windows import windows
from synth_adapter.waveform import Waveform

LEAST_SECONDS = 1.0


class SpeechStatistics:
    """Scores every window of four seconds and calibrates their mean.

    The figures on the card say which systems were measured and which of them it misses; docs/spoof-detection.md too.
    """

    def __init__(self) -> None:
        self._network, self._card = load()
        self.model = ModelIdentity(name="vivavoce-spoof", sha256=self._card.weights_sha256)

    def listen(self, waveform: Waveform) -> SpoofFinding:
        """What is to be thought of one recording; under a second of sound is inconclusive."""
        heard = [window for window in windows(waveform) if window.seconds >= LEAST_SECONDS and window.samples.any()]
        if not heard:
            return self._finding(0.0, windows=0, among=[SpoofFinding(0.0, "inconclusive", 0, signs(waveform), "")])
        scores = self._network.score(np.stack([features(window) for window in heard]))
        llr = self._card.llr(float(scores.mean()))
        return SpoofFinding(llr, self._card.outcome(llr), len(heard), signs(waveform), self._card.id)

    def pooled(self, findings: Sequence[SpoofFinding]) -> SpoofFinding:
        """The mean of the recordings' ratios, each counted by its windows, with every sign that was found."""
        total = sum(finding.windows for finding in findings)
        llr = math.fsum(finding.llr * finding.windows for finding in findings) / max(1, total)
        return self._finding(llr, windows=total, among=findings)

    def _finding(self, llr: float, *, windows: int, among: Sequence[SpoofFinding]) -> SpoofFinding:
        outcome = self._card.outcome(llr) if windows else "inconclusive"
        found = tuple(sign for finding in among for sign in finding.signs)
        return SpoofFinding(llr, outcome, windows, found, self._card.id)
