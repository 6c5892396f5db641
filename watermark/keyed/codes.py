"""Derives pilots and cell layouts from the platform's secret, clip codes from an organisation's, by HMAC and SHAKE."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from watermark.keyed import short_id
from watermark.keyed.grid import BANDS, CELLS, CHIPS, CODE_CELLS, FRAMES, HOPS, PERIOD

PURPOSE = b"vivavoce keyed mark 2"
LEAST_SECRET = 16
CONTENT_BYTES = 32
OWN_CELLS = CODE_CELLS - short_id.SYMBOLS
"""Signs of a clip code that follow the coded short id and are the clip's own."""
OWN_BYTES = OWN_CELLS // 8
HEAD = 4
"""Bytes drawn before them: one for the hop, three for the chip it starts at."""

Signs = NDArray[np.int8]
Places = NDArray[np.int64]
Packed = NDArray[np.uint8]


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


class PilotKeys:
    """What the platform's secret of an epoch leads to: where a mark lies, and nothing about whose it is."""

    def __init__(self, secret: bytes) -> None:
        """Raises `ValueError` for a secret of less than 16 bytes."""
        self._secret = _long_enough(secret)

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
        return short_id.ShortCode(_stream(self._secret, b"short code", length=short_id.TAP_BYTES))

    def spread(self, code: ClipCode) -> Signs:
        """The signs of a clip's cells from the beginning of the period on, shape (PERIOD, BANDS)."""
        layout = self.layouts[code.hop]
        frames = np.tile(layout.pilot.reshape(-1), (FRAMES, 1))
        frames[:, layout.code_cells] = code.signs[layout.symbols] * layout.masks
        return frames.reshape(PERIOD, BANDS)

    def _layout(self, hop: int) -> Layout:
        index = bytes([hop])
        order = _order(_stream(self._secret, b"cells", index, length=8 * CELLS))
        code_cells = np.sort(order[:CODE_CELLS])
        pilot = _signs(_stream(self._secret, b"pilot", index, length=CELLS // 8))
        pilot[code_cells] = 0
        drawn = _stream(self._secret, b"symbols", index, length=FRAMES * CODE_CELLS * 8)
        symbols = np.stack([_order(drawn[k * CODE_CELLS * 8 : (k + 1) * CODE_CELLS * 8]) for k in range(FRAMES)])
        masks = _signs(_stream(self._secret, b"masks", index, length=FRAMES * CODE_CELLS // 8))
        return Layout(pilot.reshape(CHIPS, BANDS), code_cells, symbols, masks.reshape(FRAMES, CODE_CELLS))


class ClipKeys:
    """What an organisation's secret of an epoch leads to: the codes of its clips, under the platform's layout."""

    def __init__(self, secret: bytes, *, pilots: PilotKeys) -> None:
        """Raises `ValueError` for a secret of less than 16 bytes."""
        self._secret = _long_enough(secret)
        self.pilots = pilots

    def short_id(self, clip: bytes) -> int:
        """The short id of a clip: 24 bits, not unique, whatever its content."""
        return int.from_bytes(hmac.digest(self._secret, _message(b"short id", clip), "sha256")[:3], "big")

    def clip_code(self, clip: bytes, *, content: bytes) -> ClipCode:
        """The code of a clip: first its coded short id, then signs of its own, which its content enters.

        Args:
            clip: The clip's identifier.
            content: The digest of its fingerprint, 32 bytes; raises `ValueError` for another length.
        """
        codes, hops, starts = self.clip_codes([(clip, content)])
        return ClipCode(int(hops[0]), int(starts[0]), unpacked(codes[0]))

    def clip_codes(self, clips: Sequence[tuple[bytes, bytes]]) -> tuple[Packed, Packed, Places]:
        """The codes of many clips (identifier, content digest) at once.

        Returns:
            Packed signs, a bit set for -1, shape (clips, CODE_CELLS / 8); hops and starts, shape (clips,) each.
        """
        ids = np.fromiter((self.short_id(clip) for clip, _ in clips), np.int64, len(clips))
        drawn = np.frombuffer(b"".join(self._own(clip, content) for clip, content in clips), np.uint8)
        drawn = drawn.reshape(len(clips), HEAD + OWN_BYTES)
        starts = drawn[:, 1:HEAD].astype(np.int64) @ (1 << np.arange(8 * (HEAD - 2), -1, -8)) % PERIOD
        codes = np.concatenate((self.pilots.short_code.packed(ids), drawn[:, HEAD:]), axis=1)
        return codes, (drawn[:, 0] % HOPS).astype(np.uint8), starts

    def pattern(self, clip: bytes, *, content: bytes) -> Signs:
        """The signs of a clip's cells from its first chip on, shape (PERIOD, BANDS); repeats after that."""
        code = self.clip_code(clip, content=content)
        return np.roll(self.pilots.spread(code), -code.start, axis=0)

    def _own(self, clip: bytes, content: bytes) -> bytes:
        if len(content) != CONTENT_BYTES:
            raise ValueError(f"A content digest has {CONTENT_BYTES} bytes, got {len(content)}.")
        return _stream(self._secret, b"clip", clip, content, length=HEAD + OWN_BYTES)


def unpacked(codes: Packed) -> Signs:
    """Signs from packed ones, the last axis eight times as long."""
    return (1 - 2 * np.unpackbits(codes, axis=-1).astype(np.int8)).astype(np.int8)


def _long_enough(secret: bytes) -> bytes:
    if len(secret) < LEAST_SECRET:
        raise ValueError(f"A secret has at least {LEAST_SECRET} bytes, got {len(secret)}.")
    return secret


def _message(*parts: bytes) -> bytes:
    """Parts prefixed by their length, so that no two lists of parts collide."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in (PURPOSE, *parts)])


def _stream(secret: bytes, *parts: bytes, length: int) -> bytes:
    return hashlib.shake_256(hmac.digest(secret, _message(*parts), "sha256")).digest(length)


def _signs(drawn: bytes) -> Signs:
    return unpacked(np.frombuffer(drawn, np.uint8))


def _order(drawn: bytes) -> Places:
    return np.argsort(np.frombuffer(drawn, ">u8"), kind="stable").astype(np.int64)
