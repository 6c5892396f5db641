"""What can go wrong with voices; each error says what to do."""


class VoiceError(Exception):
    """An act on a voice that is not possible; `code` is a stable slug such as `samples-missing`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
