"""Everything that a sound is compared with: the pilots of every epoch, and the codes of all registered clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.matching import CodeBook


@dataclass(frozen=True, eq=False)
class Shelf:
    """Clips of one organisation and epoch.

    An organisation may have several shelves of an epoch: what is registered later is put on a new one.

    Attributes:
        organisation_id: Whose clips.
        epoch: Of the secrets.
        clips: Their identifiers, in the places of the book.
        book: Their codes.
        keys: What the codes were derived with.
    """

    organisation_id: UUID
    epoch: int
    clips: tuple[UUID, ...]
    book: CodeBook
    keys: ClipKeys

    def __post_init__(self) -> None:
        if len(self.clips) != self.book.size:
            raise ValueError(f"{len(self.clips)} clips cannot have {self.book.size} codes.")


@dataclass(frozen=True, eq=False)
class Library:
    """What is known of all marks.

    Attributes:
        pilots: By epoch.
        shelves: The codes of all registered clips.
        fingerprint: Gives the fingerprint of a clip (organisation, clip), None where it was erased.
        whole: Whether these are all clips that were ever registered; without that, no sound is unmarked.
    """

    pilots: Mapping[int, PilotKeys]
    shelves: tuple[Shelf, ...]
    fingerprint: Callable[[UUID, UUID], bytes | None]
    whole: bool = True

    def __post_init__(self) -> None:
        unknown = {shelf.epoch for shelf in self.shelves} - set(self.pilots)
        if unknown:
            raise ValueError(f"There are clips of the epochs {sorted(unknown)}, whose pilots are missing.")

    @property
    def size(self) -> int:
        """How many clips are registered."""
        return sum(shelf.book.size for shelf in self.shelves)
