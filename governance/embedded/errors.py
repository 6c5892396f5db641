"""The one exception of the embedded services."""


class EmbeddedError(Exception):
    """An embedded service cannot do what was asked; the message says what to do about it."""
