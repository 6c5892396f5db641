"""What can go wrong when ears listen: speech that cannot be used, and comparisons that mean nothing."""


class SpeechError(Exception):
    """Speech that cannot be used; `code` is a stable slug such as `speech-too-short`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ComparisonError(ValueError):
    """Two embeddings that may not be compared, or a model for which no operating point is known."""


class ProtectionError(ValueError):
    """A person who cannot be put on a list of protected voices as asked."""
