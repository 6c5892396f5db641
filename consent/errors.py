"""What can go wrong with consents and speakers' links; each error says what to do."""


class ConsentError(Exception):
    """An act on a consent that is not possible; `code` is a stable slug such as `challenge-expired`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class LinkError(Exception):
    """A speaker's link that opens nothing; `code` is `link-unknown` or `link-expired`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
