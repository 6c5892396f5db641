"""What can go wrong when sound is marked."""


class MarkError(Exception):
    """Sound that could not be marked, or whose mark could not be read back."""
