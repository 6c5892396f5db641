"""What can go wrong when something is to be put on record, or the record is to be shown."""


class AuditError(ValueError):
    """An entry that may not be written: unknown references, or data that is not plain JSON."""


class LogError(Exception):
    """The log cannot be carried on as it stands; the message says what disagrees and what to do."""


class MissingObjectError(LogError, FileNotFoundError):
    """A tile, an entry bundle or the checkpoint is not in the log's storage."""


class OutboundError(Exception):
    """A party outside could not be asked: an unsafe address, no answer in time, or too long a one."""


class WitnessError(Exception):
    """A witness gave no cosignature, or its state or keys cannot be used; the message says why."""


class WitnessConflictError(WitnessError):
    """A witness saw a history of our log that ours does not continue: a fork, or a database that was rolled back."""


class WitnessAheadError(WitnessConflictError):
    """A witness saw a log of `size` leaves, more than it was asked about: a later one, or ours was rolled back."""

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size


class TimestampError(Exception):
    """A time-stamp that proves nothing: refused, over other bytes, or not from an authority that we trust."""


class TransparencyError(ValueError):
    """Something about the transparency log that does not hold: the base of all that its pure modules raise."""


class ProofError(TransparencyError):
    """A proof of inclusion or consistency that is malformed, or does not lead to the root that it should."""


class TileError(TransparencyError):
    """A tile, a bundle of entries or a place in the tree that is not what the tree's size says it must be."""


class NoteError(TransparencyError):
    """A signed note, checkpoint or key that cannot be read, or a signature that does not verify."""


class PolicyError(TransparencyError):
    """A policy file that cannot be read, or a checkpoint that the policy does not accept."""


class EntryError(LookupError):
    """An entry that cannot be shown or proved as asked; `code` is the problem that the HTTP interface reports."""

    code = "entry-unknown"


class UnknownEntryError(EntryError):
    """No such entry in this organisation; another organisation's is indistinguishable from none."""


class NotProvableYetError(EntryError):
    """On record, but not yet under a published checkpoint: ask again after `wait` seconds."""

    code = "proof-not-ready"
    wait = 1
