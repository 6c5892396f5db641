"""A clip's short id, 24 bits with a checksum under a tail-biting convolutional code, for reading without a registry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ID_BITS, CHECK_BITS = 24, 12
STEPS = ID_BITS + CHECK_BITS
PER_STEP = 24
SYMBOLS = STEPS * PER_STEP
MEMORY = 12
STATES = 1 << MEMORY
TAP_BYTES = 2 * SYMBOLS
CHECK_POLYNOMIAL = 0x80F
"""CRC-12 of 3GPP TS 25.212 section 4.2.1, x^12 + x^11 + x^3 + x^2 + x + 1."""
ROUNDS = 3
"""Times the decoder goes round the circle: the first settles where to begin, the last where to end."""


@dataclass(frozen=True)
class Word:
    """A decoded word: its short id, its likeness to what was read (sum of sign times soft value), which row it was."""

    short_id: int
    likeness: float
    row: int


class ShortCode:
    """The code, with its own random taps at every step."""

    def __init__(self, drawn: bytes) -> None:
        """`drawn` holds TAP_BYTES random bytes; raises `ValueError` for another number."""
        if len(drawn) != TAP_BYTES:
            raise ValueError(f"The taps take {TAP_BYTES} bytes, got {len(drawn)}.")
        taps = np.frombuffer(drawn, ">u2").astype(np.int64).reshape(STEPS, PER_STEP) & (2 * STATES - 1)
        windows = np.arange(2 * STATES)
        odd = np.bitwise_count(taps[:, :, None] & windows) & 1
        self._signs = (1 - 2 * odd.astype(np.int8)).astype(np.int8)
        self._packed = np.ascontiguousarray(np.packbits(odd.transpose(0, 2, 1), axis=2))

    def encoded(self, short_id: int) -> NDArray[np.int8]:
        """The signs of a short id, shape (SYMBOLS,); raises `ValueError` outside 0..2^24 - 1."""
        bits = np.unpackbits(self.packed(np.array([short_id], np.int64))[0])
        return (1 - 2 * bits.astype(np.int8)).astype(np.int8)

    def packed(self, short_ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The signs of many short ids, a bit set for -1, shape (ids, SYMBOLS / 8).

        Raises `ValueError` where one is outside 0..2^24 - 1.
        """
        if len(short_ids) and not 0 <= short_ids.min() <= short_ids.max() < 1 << ID_BITS:
            raise ValueError(f"A short id has {ID_BITS} bits, got {short_ids.min()} to {short_ids.max()}.")
        words = short_ids << CHECK_BITS | _checksums(short_ids)
        out = np.empty((len(words), STEPS, PER_STEP // 8), np.uint8)
        for step in range(STEPS):
            back = STEPS - 1 - step
            out[:, step] = self._packed[step][(words >> back | words << (STEPS - back)) & (2 * STATES - 1)]
        return out.reshape(len(words), SYMBOLS // 8)

    def decoded(self, soft: NDArray[np.float64]) -> Word | None:
        """The best word among rows of soft values, shape (rows, SYMBOLS), whose checksum holds; None where none does.

        Wrap-around Viterbi decoding (R. Y. Shao, S. Lin, M. P. C. Fossorier, IEEE Trans. Commun. 51, 2003).
        """
        heard = soft.reshape(len(soft), STEPS, PER_STEP).astype(np.float32)
        gains = [heard[:, step] @ self._signs[step].astype(np.float32) for step in range(STEPS)]
        metric = np.zeros((len(soft), STATES), np.float32)
        choices = []
        for step in range(ROUNDS * STEPS):
            paths = gains[step % STEPS].reshape(-1, 2, STATES) + np.repeat(
                metric.reshape(-1, 2, STATES // 2), 2, axis=2
            )
            choices.append(paths[:, 1] > paths[:, 0])
            metric = paths.max(axis=1)
            metric -= metric.max(axis=1, keepdims=True)
        words = []
        for row in range(len(soft)):
            bits = _traced([choice[row] for choice in choices], int(metric[row].argmax()))
            short_id = _checked(bits)
            if short_id is not None:
                words.append(Word(short_id, float(self.encoded(short_id) @ soft[row]), row))
        return max(words, key=lambda word: word.likeness, default=None)


def _traced(choices: list[NDArray[np.bool_]], state: int) -> list[int]:
    """The bits of the middle round on the best path that ends in `state`."""
    bits = []
    for choice in reversed(choices):
        bits.append(state & 1)
        state = (state >> 1) | (int(choice[state]) << (MEMORY - 1))
    return bits[::-1][STEPS : 2 * STEPS]


def _checked(bits: list[int]) -> int | None:
    """The short id in these bits if their checksum holds."""
    whole = int("".join(map(str, bits)), 2)
    short_id, check = whole >> CHECK_BITS, whole & ((1 << CHECK_BITS) - 1)
    return short_id if check == _checksum(short_id) else None


def _checksum(short_id: int) -> int:
    return int(_checksums(np.array([short_id], np.int64))[0])


def _checksums(short_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    registers = (short_ids << CHECK_BITS) ^ 0xFFF << ID_BITS
    for shift in range(STEPS - 1, CHECK_BITS - 1, -1):
        polynomial = (1 << CHECK_BITS | CHECK_POLYNOMIAL) << (shift - CHECK_BITS)
        registers = registers ^ (registers >> shift & 1) * polynomial
    return registers & ((1 << CHECK_BITS) - 1)
