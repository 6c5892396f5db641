"""Which second is another's: pure arithmetic on made-up voices, each a direction of its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from governance.examination.windows import (
    LONGEST_PIECE_SECONDS,
    RUN_WINDOWS,
    Stretch,
    foreign_runs,
    odd_seconds,
    pieces,
    spoken,
    windows,
)
from safety.speech import Segment

SPEAKER, OTHER, THIRD = np.eye(3, 8, dtype=np.float32)
SPANS = [(0.5 * index, 0.5 * index + 1.0) for index in range(12)]


def heard(*others: int, like: float = 0.0) -> NDArray[np.float32]:
    """The speaker in all windows but `others`, where somebody is as much `like` the speaker as that."""
    stranger = like * SPEAKER + np.sqrt(1 - like**2) * OTHER
    return np.stack([stranger if index in others else SPEAKER for index in range(len(SPANS))]).astype(np.float32)


def test_only_seconds_with_enough_speech_are_judged() -> None:
    segments = [Segment(0.0, 1.2), Segment(3.0, 3.4)]
    assert windows(segments, seconds=5.0) == [(0.0, 1.0), (0.5, 1.5)]
    assert windows([Segment(0.0, 0.8)], seconds=0.8) == [(0.0, 0.8)]
    assert spoken(segments, 1.0, 3.2) == pytest.approx(0.4)


def test_one_speaker_throughout_is_odd_nowhere() -> None:
    assert odd_seconds(SPANS, heard(), SPEAKER) == []
    assert foreign_runs(SPANS, heard(), SPEAKER) == []


def test_a_clearly_foreign_second_is_found_alone() -> None:
    (found,) = odd_seconds(SPANS, heard(0), SPEAKER)
    assert (found.start, found.end) == (0.0, 1.0)


def test_a_doubtful_second_needs_a_neighbour() -> None:
    def imitated(*others: int) -> NDArray[np.float32]:
        """A thin imitation, no two seconds quite alike; a stranger is a little less alike than that in `others`."""
        own = np.eye(len(SPANS), 8 + len(SPANS), 8, dtype=np.float32)
        wide = [np.pad(voice, (0, len(SPANS))) for voice in (SPEAKER, OTHER, THIRD)]
        thin = 0.35 * wide[0] + 0.45 * wide[2] + np.sqrt(1 - 0.35**2 - 0.45**2) * own
        stranger = 0.282 * wide[0] + np.sqrt(1 - 0.282**2) * wide[1]
        return np.stack([stranger if index in others else thin[index] for index in range(len(SPANS))], dtype=np.float32)

    speaker = np.pad(SPEAKER, (0, len(SPANS)))
    assert odd_seconds(SPANS, imitated(5), speaker) == []
    assert {stretch.start for stretch in odd_seconds(SPANS, imitated(5, 6), speaker)} == {2.5, 3.0}
    assert odd_seconds(SPANS, imitated(2, 9), speaker) == []


def test_a_second_that_is_suddenly_half_as_alike_is_found_though_it_is_not_unlike() -> None:
    """Synthetic voices are more alike than people are: another's may be above what any reader's falls to."""
    kin = heard(6, like=0.28)
    assert [stretch.start for stretch in odd_seconds(SPANS, kin, SPEAKER)] == [3.0]
    thin = np.asarray(0.45 * SPEAKER + np.sqrt(1 - 0.45**2) * THIRD, dtype=np.float32)
    assert odd_seconds(SPANS, np.stack([thin] * len(SPANS)), SPEAKER) == []


def test_stretches_that_touch_are_one_piece_and_long_ones_are_cut_evenly() -> None:
    def stretch(start: float, end: float) -> Stretch:
        return Stretch(start, end, 0.0)

    assert pieces([]) == []
    assert pieces([stretch(4.0, 5.0), stretch(0.0, 1.0), stretch(0.5, 1.5)]) == [(0.0, 1.5), (4.0, 5.0)]
    assert pieces([stretch(0.0, 6.0), stretch(2.0, 3.0)]) == [(0.0, 3.0), (3.0, 6.0)]
    assert pieces([stretch(0.0, LONGEST_PIECE_SECONDS)]) == [(0.0, LONGEST_PIECE_SECONDS)]


def test_an_imitation_unlike_the_speaker_but_like_itself_is_not_odd() -> None:
    imitation = np.asarray(0.35 * SPEAKER + np.sqrt(1 - 0.35**2) * THIRD, dtype=np.float32)
    vectors = np.stack([imitation] * len(SPANS))
    assert odd_seconds(SPANS, vectors, SPEAKER) == []
    assert foreign_runs(SPANS, vectors, SPEAKER) == []


def test_a_stranger_who_has_half_of_the_output_is_found_though_half_of_it_is_like_them() -> None:
    vectors = heard(*range(6))
    assert foreign_runs(SPANS, vectors, SPEAKER)[0].start == 0.0
    assert foreign_runs(SPANS[: RUN_WINDOWS - 1], vectors[: RUN_WINDOWS - 1], SPEAKER) == []
