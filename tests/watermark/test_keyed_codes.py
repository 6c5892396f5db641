"""Codes follow from the secret and the clip alone, and say nothing about one another."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.codes import ClipKeys, PilotKeys, unpacked
from watermark.keyed.grid import BANDS, CHIPS, CODE_CELLS, FRAMES, HOPS, PERIOD, PILOT_CELLS
from watermark.keyed.short_id import SYMBOLS

PILOTS, SECRET = b"of the platform's epoch", b"of an organisation"
CONTENT = bytes(32)
CLIPS = [b"clip %d" % number for number in range(200)]


@pytest.fixture(scope="module")
def keys() -> ClipKeys:
    return ClipKeys(SECRET, pilots=PilotKeys(PILOTS))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean(one.astype(float) * other))


def test_the_same_secret_and_clip_give_the_same_pattern(keys: ClipKeys) -> None:
    assert np.array_equal(
        keys.pattern(CLIPS[0], content=CONTENT),
        ClipKeys(SECRET, pilots=PilotKeys(PILOTS)).pattern(CLIPS[0], content=CONTENT),
    )


def test_another_secret_gives_another_pattern(keys: ClipKeys) -> None:
    another = ClipKeys(b"of another organisation", pilots=PilotKeys(PILOTS))
    other = another.pattern(CLIPS[0], content=CONTENT)
    assert abs(likeness(keys.pattern(CLIPS[0], content=CONTENT), other)) < 0.25


def test_another_content_gives_another_code_and_the_same_short_id(keys: ClipKeys) -> None:
    code, other = (keys.clip_code(CLIPS[0], content=bytes([number]) * 32).signs for number in range(2))
    assert np.array_equal(code[:SYMBOLS], other[:SYMBOLS])
    assert abs(likeness(code[SYMBOLS:], other[SYMBOLS:])) < 5 / np.sqrt(CODE_CELLS - SYMBOLS)


def test_organisations_of_an_epoch_share_pilots_and_nothing_else(keys: ClipKeys) -> None:
    other = ClipKeys(b"of another organisation", pilots=keys.pilots).clip_code(CLIPS[0], content=CONTENT)
    assert abs(likeness(other.signs, keys.clip_code(CLIPS[0], content=CONTENT).signs)) < 5 / np.sqrt(CODE_CELLS)


def test_every_cell_of_a_pattern_is_raised_or_lowered(keys: ClipKeys) -> None:
    pattern = keys.pattern(CLIPS[0], content=CONTENT)
    assert pattern.shape == (PERIOD, BANDS)
    assert set(np.unique(pattern)) == {-1, 1}


def test_a_pattern_holds_its_pilot_from_its_own_beginning(keys: ClipKeys) -> None:
    code = keys.clip_code(CLIPS[0], content=CONTENT)
    frames = np.roll(keys.pattern(CLIPS[0], content=CONTENT), code.start, axis=0).reshape(FRAMES, CHIPS, BANDS)
    pilot = keys.pilots.pilots[code.hop]
    assert np.count_nonzero(pilot) == PILOT_CELLS
    assert np.array_equal(frames[:, pilot != 0], np.tile(pilot[pilot != 0], (FRAMES, 1)))


def test_the_clip_code_is_scrambled_anew_in_every_frame(keys: ClipKeys) -> None:
    code = keys.clip_code(CLIPS[0], content=CONTENT)
    frames = np.roll(keys.pattern(CLIPS[0], content=CONTENT), code.start, axis=0).reshape(FRAMES, -1)
    cells = frames[:, keys.pilots.layouts[code.hop].code_cells].astype(float)
    likenesses = (cells @ cells.T / CODE_CELLS)[np.triu_indices(FRAMES, 1)]
    assert np.abs(likenesses).max() < 5 / np.sqrt(CODE_CELLS)


def test_codes_of_clips_are_unlike_and_use_every_hop(keys: ClipKeys) -> None:
    codes = [keys.clip_code(clip, content=CONTENT) for clip in CLIPS]
    signs = np.array([code.signs for code in codes], dtype=float)
    likenesses = (signs @ signs.T / np.sqrt(CODE_CELLS))[np.triu_indices(len(CLIPS), 1)]
    assert {code.hop for code in codes} == set(range(HOPS))
    assert abs(likenesses.std() - 1.0) < 0.05
    assert np.abs(likenesses).max() < 6.5


def test_patterns_of_clips_laid_side_by_side_average_away(keys: ClipKeys) -> None:
    mean = np.mean([keys.pattern(clip, content=CONTENT)[:CHIPS].astype(float) for clip in CLIPS], axis=0)
    assert abs(mean.std() * np.sqrt(len(CLIPS)) - 1.0) < 0.1


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        PilotKeys(b"short")
    with pytest.raises(ValueError, match="at least 16 bytes, got 5"):
        ClipKeys(b"short", pilots=PilotKeys(PILOTS))


def test_a_content_digest_of_another_length_is_refused(keys: ClipKeys) -> None:
    with pytest.raises(ValueError, match="32 bytes, got 3"):
        keys.clip_code(CLIPS[0], content=b"abc")


def test_many_codes_at_once_are_those_of_each_clip(keys: ClipKeys) -> None:
    packed, hops, starts = keys.clip_codes([(clip, CONTENT) for clip in CLIPS])
    for place in (0, 7, 199):
        code = keys.clip_code(CLIPS[place], content=CONTENT)
        assert (code.hop, code.start) == (hops[place], starts[place])
        assert np.array_equal(code.signs, unpacked(packed[place]))
