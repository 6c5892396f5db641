"""Derives pilots, cell layouts and clip codes from the secret of an organisation's epoch, by HMAC and SHAKE."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from watermark.keyed import short_id
from watermark.keyed.grid import BANDS, CELLS, CHIPS, CODE_CELLS, FRAMES, HOPS, PERIOD

PURPOSE = b"vivavoce keyed mark 1"
LEAST_SECRET = 16

Signs = NDArray[np.int8]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Layout:
    """How one hop uses a frame.

    Attributes:
        pilot: +1 and -1 in pilot cells, 0 in code cells, shape (CHIPS, BANDS).
        code_cells: flat places of the code cells, shape (CODE_CELLS,).
        symbols: which symbol of the clip code each code cell of each frame carries, shape (FRAMES, CODE_CELLS).
        masks: the sign that each such symbol is multiplied by, same shape.
    """

    pilot: Signs
    code_cells: Places
    symbols: Places
    masks: Signs


@dataclass(frozen=True, eq=False)
class ClipCode:
    """What is peculiar to a clip: its hop, the chip of the period it starts at, its signs of shape (CODE_CELLS,)."""

    hop: int
    start: int
    signs: Signs


class EpochKeys:
    """Everything that follows from one secret; the secret belongs to one organisation and one epoch."""

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` for a secret of less than 16 bytes."""
        if len(secret) < LEAST_SECRET:
            raise ValueError(f"A secret has at least {LEAST_SECRET} bytes, got {len(secret)}.")
        self._secret = secret

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """One for every hop."""
        return tuple(self._layout(hop) for hop in range(HOPS))

    @cached_property
    def pilots(self) -> Signs:
        """Shape (HOPS, CHIPS, BANDS)."""
        return np.stack([layout.pilot for layout in self.layouts])

    @cached_property
    def short_code(self) -> short_id.ShortCode:
        """The error-correcting code of the short ids."""
        return short_id.ShortCode(self._stream(b"short code", length=short_id.TAP_BYTES))

    def short_id(self, clip: bytes) -> int:
        """The short id of a clip: 24 bits, not unique."""
        return int.from_bytes(self._stream(b"short id", clip, length=4), "big") % (1 << short_id.ID_BITS)

    def clip_code(self, clip: bytes) -> ClipCode:
        """The code of the clip with this identifier: first the coded short id, then signs of its own."""
        drawn = self._stream(b"clip", clip, length=4 + CODE_CELLS // 8)
        own = _signs(drawn[4:])[: CODE_CELLS - short_id.SYMBOLS]
        signs = np.concatenate((self.short_code.encoded(self.short_id(clip)), own))
        return ClipCode(drawn[0] % HOPS, int.from_bytes(drawn[1:4], "big") % PERIOD, signs)

    def pattern(self, clip: bytes) -> Signs:
        """The signs of a clip's cells from its first chip on, shape (PERIOD, BANDS); repeats after that."""
        code = self.clip_code(clip)
        layout = self.layouts[code.hop]
        frames = np.tile(layout.pilot.reshape(-1), (FRAMES, 1))
        frames[:, layout.code_cells] = code.signs[layout.symbols] * layout.masks
        return np.roll(frames.reshape(PERIOD, BANDS), -code.start, axis=0)

    def _layout(self, hop: int) -> Layout:
        index = bytes([hop])
        order = _order(self._stream(b"cells", index, length=8 * CELLS))
        code_cells = np.sort(order[:CODE_CELLS])
        pilot = _signs(self._stream(b"pilot", index, length=CELLS // 8))
        pilot[code_cells] = 0
        drawn = self._stream(b"symbols", index, length=FRAMES * CODE_CELLS * 8)
        symbols = np.stack([_order(drawn[k * CODE_CELLS * 8 : (k + 1) * CODE_CELLS * 8]) for k in range(FRAMES)])
        masks = _signs(self._stream(b"masks", index, length=FRAMES * CODE_CELLS // 8)).reshape(FRAMES, CODE_CELLS)
        return Layout(pilot.reshape(CHIPS, BANDS), code_cells, symbols, masks)

    def _stream(self, *parts: bytes, length: int) -> bytes:
        """Bytes for a purpose; parts are prefixed by their length, so that no two lists of parts collide."""
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (PURPOSE, *parts))
        return hashlib.shake_256(hmac.digest(self._secret, message, "sha256")).digest(length)


def _signs(drawn: bytes) -> Signs:
    return (1 - 2 * np.unpackbits(np.frombuffer(drawn, np.uint8)).astype(np.int8)).astype(np.int8)


def _order(drawn: bytes) -> Places:
    return np.argsort(np.frombuffer(drawn, ">u8"), kind="stable").astype(np.int64)
