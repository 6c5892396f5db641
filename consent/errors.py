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


class ConsentTokenError(ConsentError):
    """A consent token that opens nothing: `consent-token-invalid`, `-expired` or `-mismatch`.

    `token_id` is known where the signature is ours. The refusal's audit entry stays (`keeps_work`).
    """

    keeps_work = True

    def __init__(self, code: str, message: str, *, token_id: str | None = None) -> None:
        super().__init__(code, message)
        self.token_id = token_id


class ReceiptError(Exception):
    """Something offered as a receipt that is not one of ours, or not as we signed it.

    `code` is `receipt-incomplete` where it was not even whole, and `receipt-not-genuine` otherwise.
    """

    def __init__(self, message: str, *, code: str = "receipt-not-genuine") -> None:
        super().__init__(message)
        self.code = code


class SecondFactorError(ConsentError):
    """The way into a ceremony stays shut; what was counted is kept. `wait` is in seconds, where waiting helps."""

    keeps_work = True

    def __init__(self, code: str, message: str, *, wait: float | None = None) -> None:
        super().__init__(code, message)
        self.wait = wait
