"""What can go wrong when something is to be put on record."""


class AuditError(ValueError):
    """An entry that may not be written: unknown references, or data that is not plain JSON."""
