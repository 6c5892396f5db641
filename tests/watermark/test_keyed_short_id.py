"""Short ids come back from noisy symbols, and noise alone is no id."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.codes import PilotKeys
from watermark.keyed.short_id import ID_BITS, SYMBOLS, ShortCode


@pytest.fixture(scope="module")
def code() -> ShortCode:
    return PilotKeys(b"a secret of some epoch").short_code


@pytest.mark.parametrize("short_id", [0, 1, 0x5A5A5A, (1 << ID_BITS) - 1])
def test_a_clean_word_is_read(code: ShortCode, short_id: int) -> None:
    word = code.decoded(code.encoded(short_id)[np.newaxis].astype(float))
    assert word is not None
    assert (word.short_id, word.likeness, word.row) == (short_id, SYMBOLS, 0)


def test_many_words_are_the_same_as_one_by_one(code: ShortCode) -> None:
    ids = np.random.default_rng(3).integers(0, 1 << ID_BITS, 50)
    signs = 1 - 2 * np.unpackbits(code.packed(ids), axis=1).astype(int)
    words = [code.decoded(row[np.newaxis].astype(float)) for row in signs[:5]]
    assert [word.short_id for word in words if word] == ids[:5].tolist()
    assert np.array_equal(signs, [code.encoded(int(short_id)) for short_id in ids])


def test_words_are_read_through_noise_in_the_right_row(code: ShortCode) -> None:
    draw = np.random.default_rng(1)
    read = 0
    for short_id in draw.integers(0, 1 << ID_BITS, 10):
        soft = draw.standard_normal((4, SYMBOLS))
        soft[2] += 0.4 * code.encoded(int(short_id))
        word = code.decoded(soft)
        read += word is not None and (word.short_id, word.row) == (short_id, 2)
    assert read >= 9


def test_noise_has_a_likeness_that_chance_explains(code: ShortCode) -> None:
    soft = np.random.default_rng(2).standard_normal((16, SYMBOLS))
    word = code.decoded(soft)
    assert word is None or word.likeness < 8.0 * np.sqrt(SYMBOLS)


def test_too_large_an_id_is_refused(code: ShortCode) -> None:
    with pytest.raises(ValueError, match="24 bits"):
        code.encoded(1 << ID_BITS)
