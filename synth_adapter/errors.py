"""What can go wrong with sound, engines and weights; each error says what to do."""


class WaveformError(ValueError):
    """Samples that are not a mono float waveform with a positive rate."""


class AudioError(Exception):
    """Audio that cannot be used; `code` is a stable slug such as `audio-undecodable`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class WeightsError(Exception):
    """Model weights that are missing, truncated or not the pinned ones."""


class EngineError(Exception):
    """A speech engine that could not do its work; `permanent` says that trying again will not help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
