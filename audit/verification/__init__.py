"""Re-derives all that is stored of the log from what it was made of, and names the first thing that is wrong."""

from __future__ import annotations

from datetime import timedelta

from audit.verification.damage import Account, DamageError, Watch
from audit.verification.records import check_records
from audit.verification.stamps import check_stamps
from audit.verification.statements import published
from audit.verification.tree import check_tree

__all__ = ["Account", "DamageError", "verify_log"]

PATIENCE = timedelta(seconds=60)


def _unwatched(_stage: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


def verify_log(*, openings: bool = True, patience: timedelta = PATIENCE, watch: Watch = _unwatched) -> Account:
    """Checks the whole log, while it may go on growing, in memory that hardly grows with it; changes nothing.

    The published checkpoint is read first and the state next, so that whatever they speak of is already there.

    Args:
        openings: also recompute the commitments of everyone who was not erased, for which the keyring is needed.
        patience: how long an entry may wait for its place, and a checkpoint for its publication.
        watch: told the stage, how much of it is done, and how much there is.

    Returns:
        What was looked at.

    Raises:
        DamageError: the first thing that is wrong.
        PolicyError: the policy of the witnesses cannot be read.
    """
    account = Account()
    shown = published(account, patience=patience)
    size = check_tree(account, shown=shown, watch=watch)
    check_records(account, size=size, patience=patience, openings=openings, watch=watch)
    check_stamps(account, watch=watch)
    return account
