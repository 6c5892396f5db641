"""The published files against the leaves of the database: full tiles, partial ones, and bundles of entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from audit import storage
from audit.errors import MissingObjectError
from audit.models import LogState
from audit.tiles import WIDTH, bundle_path, encode_bundle, tile_path, tile_root, width_of
from audit.verification.damage import Account, DamageError, difference

_PARTIAL = re.compile(r"[1-9][0-9]{0,2}")  # what else lies there, nobody reads
_CHANGED = "the published file was changed or the disk lost a bit, or the database was rewritten after publishing"


class Files:
    """Takes the leaves bundle by bundle, and holds each file against them as soon as it must be complete.

    What the published checkpoint of `shown` entries needs must be there; what was written beyond it, for a checkpoint
    to come or for one gone by, may be there, and must be right as well.
    """

    def __init__(self, account: Account, *, shown: int) -> None:
        self._account, self._shown = account, shown
        self._size = 0
        self._unfinished: list[tuple[int, list[bytes]]] = []  # of each level: the open tile's index and hashes
        self._open_bundle: tuple[int, list[bytes]] = (0, [])

    def check_bundle(self, leaves: Sequence[bytes], hashes: Sequence[bytes]) -> None:
        """The next 256 leaves and their hashes; fewer only at the end of the log."""
        index = self._size // WIDTH
        self._size += len(leaves)
        self._open_bundle = (index, list(leaves))
        if len(leaves) == WIDTH:
            self._check_leaves()
        self._put(0, list(hashes))

    def finish(self) -> None:
        """There are no more leaves: now the partial files."""
        if self._open_bundle[1]:
            self._check_leaves()
        for level, (index, hashes) in enumerate(self._unfinished):
            if hashes:
                self._check_hashes(level, index, hashes)

    def _put(self, level: int, hashes: list[bytes]) -> None:
        if level == len(self._unfinished):
            self._unfinished.append((0, []))
        index, begun = self._unfinished[level]
        begun += hashes
        if len(begun) == WIDTH:
            self._check_hashes(level, index, begun)
            self._unfinished[level] = (index + 1, [])
            self._put(level + 1, [tile_root(begun)])

    def _check_leaves(self) -> None:
        index, leaves = self._open_bundle
        self._open_bundle = (index, [])
        self._check(bundle_path(index), 0, index, len(leaves), lambda width: encode_bundle(leaves[:width]))

    def _check_hashes(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        self._check(tile_path(level, index), level, index, len(hashes), lambda width: b"".join(hashes[:width]))

    def _check(self, path: str, level: int, index: int, have: int, content: Callable[[int], bytes]) -> None:
        """The full file at `path` and every partial one beside it, against the first `have` leaves or hashes."""
        needed = width_of(level, index, size=self._shown)
        stored = self._stored(path)
        if needed and needed not in stored and WIDTH not in stored:
            stored = self._stored(path)  # a partial one may just have made way for the full one
        for width, raw in stored.items():
            place = path if width == WIDTH else f"{path}.p/{width}"
            if width > have and not self._has_grown():
                raise DamageError(
                    f"The file {place}",
                    expected=f"no more than the {have} items that the database holds there",
                    found=f"{width} items",
                    meaning="it was put there by someone else, or the database was set back",
                )
            expected = content(min(width, have))
            if raw[: len(expected)] != expected or (len(raw) != len(expected) and width <= have):
                wanted, found = difference(expected, raw)
                raise DamageError(f"The file {place}", expected=wanted, found=found, meaning=_CHANGED)
            self._account.files += 1
        if needed and needed not in stored and WIDTH not in stored:
            place = path if needed == WIDTH else f"{path}.p/{needed}"
            raise DamageError(
                f"The file {place}",
                expected=f"a file: the published checkpoint of {self._shown} entries needs it",
                found="none",
                meaning="it was deleted; `manage.py sequence_audit_log --rebuild` writes it anew from the database",
            )

    def _stored(self, path: str) -> dict[int, bytes]:
        """What lies there, by width."""
        names = [name for name in storage.names(f"{path}.p") if _PARTIAL.fullmatch(name) and int(name) < WIDTH]
        widths = {int(name): f"{path}.p/{name}" for name in names}
        found = {}
        for width, place in {**widths, WIDTH: path}.items():
            try:
                found[width] = storage.read(place)
            except MissingObjectError:
                continue  # discarded since its folder was listed, or not yet full
        return found

    def _has_grown(self) -> bool:
        """Whether the log went on while we read."""
        return LogState.objects.filter(size__gt=self._size).exists()
