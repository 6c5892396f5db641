"""Codes follow from the secret and the clip alone, and say nothing about one another."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.codes import EpochKeys
from watermark.keyed.grid import BANDS, CHIPS, CODE_CELLS, FRAMES, HOPS, PERIOD, PILOT_CELLS

SECRET = b"a secret of some epoch"
CLIPS = [b"clip %d" % number for number in range(200)]


@pytest.fixture(scope="module")
def keys() -> EpochKeys:
    return EpochKeys(SECRET)


def test_the_same_secret_and_clip_give_the_same_pattern(keys: EpochKeys) -> None:
    assert np.array_equal(keys.pattern(CLIPS[0]), EpochKeys(SECRET).pattern(CLIPS[0]))


def test_another_secret_gives_another_pattern(keys: EpochKeys) -> None:
    other = EpochKeys(b"a secret of next epoch").pattern(CLIPS[0])
    likeness = np.mean(keys.pattern(CLIPS[0]).astype(float) * other)
    assert abs(likeness) < 5 / np.sqrt(other.size)


def test_every_cell_of_a_pattern_is_raised_or_lowered(keys: EpochKeys) -> None:
    pattern = keys.pattern(CLIPS[0])
    assert pattern.shape == (PERIOD, BANDS)
    assert set(np.unique(pattern)) == {-1, 1}


def test_a_pattern_holds_its_pilot_from_its_own_beginning(keys: EpochKeys) -> None:
    code = keys.clip_code(CLIPS[0])
    frames = np.roll(keys.pattern(CLIPS[0]), code.start, axis=0).reshape(FRAMES, CHIPS, BANDS)
    pilot = keys.pilots[code.hop]
    assert np.count_nonzero(pilot) == PILOT_CELLS
    assert np.array_equal(frames[:, pilot != 0], np.tile(pilot[pilot != 0], (FRAMES, 1)))


def test_the_clip_code_is_scrambled_anew_in_every_frame(keys: EpochKeys) -> None:
    code = keys.clip_code(CLIPS[0])
    frames = np.roll(keys.pattern(CLIPS[0]), code.start, axis=0).reshape(FRAMES, -1)
    cells = frames[:, keys.layouts[code.hop].code_cells].astype(float)
    likenesses = (cells @ cells.T / CODE_CELLS)[np.triu_indices(FRAMES, 1)]
    assert np.abs(likenesses).max() < 5 / np.sqrt(CODE_CELLS)


def test_codes_of_clips_are_unlike_and_use_every_hop(keys: EpochKeys) -> None:
    codes = [keys.clip_code(clip) for clip in CLIPS]
    signs = np.array([code.signs for code in codes], dtype=float)
    likenesses = (signs @ signs.T / np.sqrt(CODE_CELLS))[np.triu_indices(len(CLIPS), 1)]
    assert {code.hop for code in codes} == set(range(HOPS))
    assert abs(likenesses.std() - 1.0) < 0.05
    assert np.abs(likenesses).max() < 6.5


def test_patterns_of_clips_laid_side_by_side_average_away(keys: EpochKeys) -> None:
    mean = np.mean([keys.pattern(clip)[:CHIPS].astype(float) for clip in CLIPS], axis=0)
    assert abs(mean.std() * np.sqrt(len(CLIPS)) - 1.0) < 0.1


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        EpochKeys(b"short")
