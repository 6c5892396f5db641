"""What can go wrong when ears listen: speech of no use, comparisons that mean nothing, lists that are shut."""


class SpeechError(Exception):
    """Speech that cannot be used; `code` is a stable slug such as `speech-too-short`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ComparisonError(ValueError):
    """Two embeddings that may not be compared, or a model for which no operating point is known."""


class ProtectionError(ValueError):
    """A list of protected voices that cannot be changed as asked; `code` is a stable slug."""

    def __init__(self, message: str, *, code: str = "protection-invalid") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SearchUnavailableError(Exception):
    """Nobody can say now whether a voice is protected, so nothing that depends on it may go on."""

    code = "search-unavailable"
