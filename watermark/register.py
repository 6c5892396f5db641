"""The register of marked clips: entered as each clip is stored, and read as one library over all organisations."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.events import Event
from audit.log import append
from tenancy import blobs
from tenancy.destroyed import Destroyed
from tenancy.errors import KeyringError, ShreddedError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import current_organisation, organisation_scope
from watermark.errors import MarkError
from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.library import Library, Shelf
from watermark.keyed.matching import CodeBook
from watermark.models import MarkedClip
from watermark.ports import ClipMark
from watermark.secrets import clip_secret, epoch_of, pilot_secret

logger = logging.getLogger(__name__)
FINGERPRINT = "clip-fingerprint"
LATE = timedelta(hours=1)
"""An entry may become visible this long after the time it bears: its transaction ends later than it begins."""

_Entry = tuple[UUID, bytes]


def enter(mark: ClipMark, *, seconds: float, fingerprint: bytes, subject_id: UUID) -> MarkedClip:
    """Put a clip's mark on the register of the organisation in scope, in the transaction that stores the clip.

    Args:
        mark: What the clip was marked with.
        seconds: Its length.
        fingerprint: Of what is said, sealed under the subject's key and shredded with it.
        subject_id: The speaker whose voice it is.
    """
    entry_id = new_id()
    entry = MarkedClip.objects.create(
        id=entry_id,
        organisation_id=current_organisation(),
        clip_id=mark.clip_id,
        subject_id=subject_id,
        epoch=mark.epoch,
        content=mark.content,
        seconds=seconds,
        fingerprint_blob=blobs.put(fingerprint, subject_id=subject_id, kind=FINGERPRINT, object_id=entry_id),
    )
    refs = {"clip": mark.clip_id, "speaker": subject_id}
    append(Event.CLIP_MARK_REGISTERED, refs=refs, data={"epoch": mark.epoch, "content": mark.content.hex()})
    return entry


def forget_fingerprints(clip_ids: Iterable[UUID]) -> list[Destroyed]:
    """Erase the fingerprints of clips of the organisation in scope; their codes stay, so that copies can be named."""
    found = list(MarkedClip.objects.filter(clip_id__in=list(clip_ids)).exclude(fingerprint_blob="").order_by("id"))
    for entry in found:
        transaction.on_commit(partial(blobs.delete, entry.fingerprint_blob), robust=True)
    MarkedClip.objects.filter(id__in=[entry.id for entry in found]).update(fingerprint_blob="")
    return [Destroyed(FINGERPRINT, entry.id) for entry in found]


def fingerprint_of(organisation_id: UUID, clip_id: UUID) -> bytes | None:
    """The fingerprint of a registered clip, None where it was erased or cannot be opened (which is logged)."""
    with organisation_scope(organisation_id, actor="system"):
        entry = MarkedClip.objects.filter(clip_id=clip_id).exclude(fingerprint_blob="").first()
        if entry is None:
            return None
        try:
            return blobs.get(entry.fingerprint_blob, subject_id=entry.subject_id, kind=FINGERPRINT, object_id=entry.id)
        except ShreddedError:
            return None
        except KeyringError as error:
            logger.warning("the fingerprint of clip %s cannot be opened", clip_id, exc_info=error)
            return None


def library() -> Library:
    """Every registered clip of every organisation, with what is new since this process last asked.

    Raises:
        MarkError: the codes of an organisation cannot be derived: nobody could say that a sound bears none of them.
    """
    try:
        return _READER.library()
    except KeyringError as error:
        raise MarkError(f"The register of marked clips cannot be read: {error}") from error


def pilots_alone() -> dict[int, PilotKeys]:
    """The pilots of every epoch so far, from the keyring and without the register: enough to read short ids.

    Empty where this machine has no keyring, so that none is made here.

    Raises:
        MarkError: the keyring cannot be read.
    """
    if not settings.KEYRING_FILE.is_file():
        return {}
    try:
        return {epoch: PilotKeys(pilot_secret(epoch)) for epoch in range(epoch_of(timezone.now().date()) + 1)}
    except KeyringError as error:
        raise MarkError(f"The pilots of the marks cannot be derived: {error}") from error


def forget_library() -> None:
    """Let this process read the whole register anew when it is next asked for; for tests and after a restore."""
    _READER.forget()


@dataclass
class _Taken:
    """What this process has read of one organisation: until when, and which entries of the last hour."""

    until: datetime | None = None
    late: dict[UUID, datetime] = field(default_factory=dict)


class _Reader:
    """Keeps the codes that were derived; shelves are only added, and small ones joined, so that there are few."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        with self._lock:
            self._taken: defaultdict[UUID, _Taken] = defaultdict(_Taken)
            self._pilots: dict[int, PilotKeys] = {}
            self._keys: dict[tuple[UUID, int], ClipKeys] = {}
            self._shelves: dict[tuple[UUID, int], list[tuple[Shelf, list[_Entry]]]] = {}

    def library(self) -> Library:
        with self._lock:
            for organisation_id in Organisation.objects.order_by("id").values_list("id", flat=True):
                self._take_in(organisation_id)
            shelves = tuple(shelf for several in self._shelves.values() for shelf, _ in several)
            return Library(pilots=dict(self._pilots), shelves=shelves, fingerprint=fingerprint_of)

    def _take_in(self, organisation_id: UUID) -> None:
        taken = self._taken[organisation_id]
        with organisation_scope(organisation_id, actor="system"):
            found = MarkedClip.objects.order_by("marked_at", "id")
            if taken.until is not None:
                found = found.filter(marked_at__gte=taken.until - LATE)
            rows = found.values_list("clip_id", "epoch", "content", "marked_at")
            new = [row for row in rows.iterator(chunk_size=10_000) if row[0] not in taken.late]
            if not new:
                return
            by_epoch: defaultdict[int, list[_Entry]] = defaultdict(list)
            for clip_id, epoch, content, _ in new:
                by_epoch[epoch].append((clip_id, bytes(content)))
            for epoch, entries in by_epoch.items():
                self._shelve(organisation_id, epoch, entries)
        taken.until = max(new[-1][3], taken.until or new[-1][3])
        seen = taken.late | {clip_id: marked_at for clip_id, _, _, marked_at in new}
        taken.late = {clip_id: at for clip_id, at in seen.items() if at >= taken.until - LATE}

    def _shelve(self, organisation_id: UUID, epoch: int, entries: list[_Entry]) -> None:
        """Add a shelf, joined with those before it that are not twice as long."""
        shelves = self._shelves.setdefault((organisation_id, epoch), [])
        while shelves and len(shelves[-1][1]) < 2 * len(entries):
            entries = shelves.pop()[1] + entries
        keys = self._keys_of(organisation_id, epoch)
        book = CodeBook.of(keys, [(clip_id.bytes, content) for clip_id, content in entries])
        clips = tuple(clip_id for clip_id, _ in entries)
        shelf = Shelf(organisation_id=organisation_id, epoch=epoch, clips=clips, book=book, keys=keys)
        shelves.append((shelf, entries))

    def _keys_of(self, organisation_id: UUID, epoch: int) -> ClipKeys:
        """Called in the scope of the organisation."""
        if epoch not in self._pilots:
            self._pilots[epoch] = PilotKeys(pilot_secret(epoch))
        if (organisation_id, epoch) not in self._keys:
            self._keys[organisation_id, epoch] = ClipKeys(clip_secret(epoch), pilots=self._pilots[epoch])
        return self._keys[organisation_id, epoch]


_READER = _Reader()
