"""How a sound is examined, fixed before it is seen: every rate, threshold and length, with a hash for the log."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785

from watermark.keyed import definition


@dataclass(frozen=True)
class Protocol:
    """The constants of an examination.

    Attributes:
        version: Of the procedure; raised whenever its code changes what is found.
        false_name_rate: Family-wise chance up to which a clip is named.
        inconclusive_rate: Family-wise chance up to which it is said that nothing can be said.
        greatest_log10_lr: Where likelihood ratios end, whatever the score: at the inverse of the smallest chance that
            null trials bore out, which came about no more than twice as often as claimed (docs/mark-evaluation.md).
        null_trials: Those trials: random codes on sound that does not hold them.
        sought_greatest_log10_lr: The same for a clip that was found without its pilot.
        sought_null_trials: Of searches without pilots.
        null_keys: Random keys scored on the sound itself.
        null_deviation: How far their moments may be from 0 and 1 before nothing is named.
        window_seconds: Longer sounds are searched in windows of this length.
        overlap_seconds: Of neighbouring windows.
        sought_clips: Where no clip was found by its pilot, so many of those registered last are looked for without one.
        content_same: Share of equal fingerprint bits from which what is heard is what the clip says.
        content_other: Share up to which it is something else.
        content_least_bits: Fingerprint bits that must be compared for either.
    """

    version: str = "3"
    false_name_rate: float = 1e-6
    inconclusive_rate: float = 1e-2
    greatest_log10_lr: float = 4.0
    null_trials: int = 100_000
    sought_greatest_log10_lr: float = 2.0
    sought_null_trials: int = 2_880
    null_keys: int = 2_048
    null_deviation: float = 0.05
    window_seconds: float = 8.0
    overlap_seconds: float = 1.0
    sought_clips: int = 4_096
    content_same: float = 0.66
    content_other: float = 0.60
    content_least_bits: int = 300

    def as_json(self) -> dict[str, Any]:
        """These constants and those that the keyed mark is built with, as plain JSON values."""
        return {"examination": asdict(self), "keyed_mark": definition.of_marks() | definition.of_finding()}

    @property
    def sha256(self) -> str:
        """Hex, of the canonical JSON (RFC 8785)."""
        return hashlib.sha256(rfc8785.dumps(self.as_json())).hexdigest()


PROTOCOL = Protocol()
