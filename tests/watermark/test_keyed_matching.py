"""The right code is found among many, whichever frame the sound begins at."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.codes import ClipKeys, PilotKeys
from watermark.keyed.grid import BANDS, CHIPS, CODE_CELLS, FRAMES
from watermark.keyed.matching import CodeBook, read

CLIPS = [(b"clip %d" % number, bytes(32)) for number in range(300)]


@pytest.fixture(scope="module")
def keys() -> ClipKeys:
    return ClipKeys(b"of an organisation", pilots=PilotKeys(b"of the platform's epoch"))


@pytest.mark.parametrize("first", [0, 5, FRAMES - 1])
def test_clean_frames_name_the_clip_and_where_it_begins(keys: ClipKeys, first: int) -> None:
    code = keys.clip_code(CLIPS[7][0], content=CLIPS[7][1])
    whole = keys.pilots.spread(code).reshape(FRAMES, CHIPS, BANDS)
    soft = read(np.roll(whole, -first, axis=0)[:3].astype(np.float32), keys.pilots.layouts[code.hop])
    best = CodeBook.of(keys, CLIPS).matched(soft, hop=code.hop)
    assert (best[0].place, best[0].frame) == (7, first)
    assert best[0].z > 30
    assert best[1].z < 6


def test_scores_of_a_book_are_normalised(keys: ClipKeys) -> None:
    draw = np.random.default_rng(4)
    book = CodeBook(draw.integers(0, 256, (20_000, CODE_CELLS // 8), dtype=np.uint8), np.zeros(20_000, np.uint8))
    soft = np.tile(draw.standard_normal(CODE_CELLS) * 7, (FRAMES, 1)).astype(np.float32)
    scores = [match.z for match in book.matched(soft, hop=0, kept=20_000)]
    assert abs(np.mean(scores)) < 0.03
    assert abs(np.std(scores) - 1.0) < 0.02


def test_no_code_of_the_hop_is_no_match(keys: ClipKeys) -> None:
    book = CodeBook(np.zeros((1, CODE_CELLS // 8), np.uint8), np.array([3], np.uint8))
    assert book.matched(np.ones((FRAMES, CODE_CELLS), np.float32), hop=4) == []


def test_codes_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="bytes of codes"):
        CodeBook(np.zeros((1, 3), np.uint8), np.zeros(1, np.uint8))
