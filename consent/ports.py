"""The port through which rooms above let what they keep pass from a superseded consent to its heir."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID


class Succession(Protocol):
    """Moves what stands on one consent to another of the same speaker, in the caller's transaction."""

    def __call__(self, *, of: UUID, to: UUID) -> None:
        """Both consents are locked; whatever it raises undoes the succession."""
