"""The time map shows where one clip ends and another, or nothing, begins."""

from __future__ import annotations

import numpy as np
import pytest

from watermark.keyed.timeline import Line, Part, course, liveliest

GAIN = 0.3


def line(marked: slice, *, steps: int = 40, looked: slice = slice(None), seed: int = 0) -> Line:
    """A line of which `marked` is marked, as loud speech gives it: three to four standard deviations a step."""
    draw = np.random.default_rng(seed)
    energy = np.full(steps, 150.0)
    agreement = draw.standard_normal(steps) * np.sqrt(energy)
    agreement[marked] += GAIN * energy[marked]
    heard = np.full((2, steps), np.nan)
    heard[:, looked] = np.stack((agreement, energy))[:, looked]
    return Line(heard[0], heard[1])


def spans(parts: list[Part]) -> list[tuple[int, int, int]]:
    return [(part.start, part.end, part.line) for part in parts]


EVERYWHERE = np.ones(40, bool)


def test_a_splice_of_two_clips_shows_where_it_is() -> None:
    parts = course([line(slice(0, 18)), line(slice(18, 40), seed=1)], searched=EVERYWHERE)
    assert [part.line for part in parts] == [0, 1]
    assert abs(parts[0].end - 18) <= 1
    assert min(part.z for part in parts) > 8


def test_an_insertion_of_a_second_shows_and_says_that_no_mark_is_there() -> None:
    heard = line(slice(0, 40))
    heard.agreement[20:24] = 0.0
    parts = course([heard], searched=EVERYWHERE)
    assert spans(parts) == [(0, 20, 0), (20, 24, -1), (24, 40, 0)]
    assert parts[1].telling


def test_a_silence_that_could_hold_no_mark_says_nothing() -> None:
    heard = line(slice(0, 20))
    heard.energy[24:] = 0.0
    heard.agreement[24:] = 0.0
    parts = course([heard, line(slice(0, 0), looked=slice(0, 20), seed=2)], searched=EVERYWHERE)
    assert [part.line for part in parts] == [0, -1] or spans(parts) == [(0, 40, 0)]
    assert sum(part.end - part.start for part in parts) == 40


def test_nothing_is_one_part() -> None:
    assert spans(course([], searched=EVERYWHERE)) == [(0, 40, -1)]


@pytest.mark.parametrize("searched", [True, False])
def test_where_no_line_was_looked_for_the_search_decides_what_absence_means(searched: bool) -> None:
    heard = line(slice(0, 10), looked=slice(0, 20))
    parts = course([heard], searched=np.full(40, searched))
    assert parts[-1].line == -1
    assert course([line(slice(0, 0), looked=slice(0, 0))], searched=np.full(40, searched))[0].telling == searched


@pytest.mark.parametrize("marked", [(0, 40), (5, 12), (30, 40)])
def test_the_liveliest_run_is_found(marked: tuple[int, int]) -> None:
    heard = line(slice(*marked))
    start, end = liveliest(heard.agreement, heard.energy)
    assert abs(start - marked[0]) <= 1
    assert abs(end - marked[1]) <= 1
