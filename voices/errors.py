"""What can go wrong with voices; each error says what to do."""

from __future__ import annotations

from collections.abc import Sequence

from consent.reasons import Reason


class VoiceError(Exception):
    """An act on a voice that is not possible; `code` is a stable slug such as `samples-missing`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnusableSamplesError(VoiceError):
    """Samples that are too poor to learn a voice from; `reasons` lists all that is wrong with each."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__(reasons[0].rule, " ".join(reason.explanation for reason in reasons))
        self.reasons = [reason.as_json() for reason in reasons]
