"""What can go wrong when sound is marked."""


class MarkError(Exception):
    """Sound that could not be marked, or whose mark could not be read back."""


class AlreadyMarkedError(MarkError):
    """Sound that bears a mark before it gets one, where that is refused."""


class DisclosureError(Exception):
    """An audible disclosure that is asked for and cannot be made."""
