from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from safety.search.index import Index
from safety.search.locked import LockedMemory
from safety.search.passes import FirstPass, FloatPass, IntegerPass, Query, fastest_pass, integer_product
from safety.search.quantised import quantise
from safety.search.rows import Rows

PASSES = pytest.mark.parametrize("first_pass", [FloatPass(), IntegerPass()], ids=lambda way: way.name)
Vectors = NDArray[np.float32]


def unit(vectors: NDArray[np.float64]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    safe = np.where(lengths > 0, vectors / np.where(lengths > 0, lengths, 1), np.eye(1, vectors.shape[1]))
    return safe.astype(np.float32)


def names(count: int) -> list[UUID]:
    return [UUID(int=number + 1) for number in range(count)]


def index_of(vectors: Vectors, first_pass: FirstPass) -> Index:
    index = Index([vectors.shape[1]], first_pass=first_pass)
    index.add(names(len(vectors)), [vectors], conditions=np.zeros((len(vectors), 2)))
    return index


def by_force(vectors: Vectors, probe: Vectors, count: int) -> list[UUID]:
    scores = vectors.astype(np.float64) @ probe.astype(np.float64)
    order = sorted(range(len(vectors)), key=lambda row: (-scores[row], row))
    return [names(len(vectors))[row] for row in order[:count]]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Vectors, Vectors, int]:
    """Vectors of all sorts: ordinary, spiked, alike but for a hair, on the edge of two codes; and one to look for."""
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    rows, width = draw(st.integers(1, 700)), draw(st.sampled_from([1, 2, 7, 64, 192]))
    kind = draw(st.sampled_from(["ordinary", "spiked", "twins", "edges"]))
    vectors = generator.standard_normal((rows, width))
    if kind == "spiked":
        vectors[:, 0] += 50.0 * generator.standard_normal(rows)
    elif kind == "twins":
        vectors = vectors[:1] + 1e-4 * vectors
    elif kind == "edges":
        vectors = (np.rint(127 * vectors / np.abs(vectors).max()) + 0.5) / 127
    probe = vectors[0] + draw(st.sampled_from([0.0, 1e-3, 1.0])) * generator.standard_normal(width)
    return unit(vectors), unit(probe[np.newaxis])[0], draw(st.integers(1, 40))


@PASSES
@settings(max_examples=150, deadline=None)
@given(crowd=crowds())
def test_nobody_among_the_best_is_ever_missed(first_pass: FirstPass, crowd: tuple[Vectors, Vectors, int]) -> None:
    vectors, probe, count = crowd
    hits = index_of(vectors, first_pass).top([probe], count=count)
    assert [hit.id for hit in hits] == by_force(vectors, probe, count)


@PASSES
@settings(max_examples=150, deadline=None)
@given(crowd=crowds())
def test_a_rough_score_is_never_further_off_than_it_says(
    first_pass: FirstPass, crowd: tuple[Vectors, Vectors, int]
) -> None:
    vectors, probe, _ = crowd
    rough, slack = first_pass.score(Rows.plain(vectors), Query.of(probe))
    assert np.abs(rough - vectors.astype(np.float64) @ probe.astype(np.float64)).max() <= slack


def test_the_bound_is_tight_enough_to_be_of_use() -> None:
    vectors = unit(np.random.default_rng(0).standard_normal((2_000, 192)))
    _, slack = IntegerPass().score(Rows.plain(vectors), Query.of(vectors[0]))
    assert slack < 0.03


def test_sums_of_the_largest_codes_are_exact_here() -> None:
    extreme = np.full((3, 192), 127, np.int8)
    assert integer_product(extreme, -extreme[0]).tolist() == [-192 * 127 * 127] * 3


def test_vectors_too_long_to_add_up_exactly_are_refused() -> None:
    with pytest.raises(ValueError, match="1040"):
        quantise(np.ones((1, 1_041), np.float32))


@PASSES
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60), seed=st.integers(0, 1_000))
def test_after_any_additions_and_removals_it_finds_what_is_there(
    first_pass: FirstPass, steps: list[tuple[bool, int]], seed: int
) -> None:
    everyone = unit(np.random.default_rng(seed).standard_normal((41, 16)))
    index, present = Index([16], first_pass=first_pass), set()
    for add, who in steps:
        if add:
            index.add([names(41)[who]], [everyone[who : who + 1]], conditions=np.zeros((1, 2)))
            present.add(who)
        else:
            index.remove([names(41)[who]])
            present.discard(who)
    assert len(index) == len(present)
    expected = [who for who in by_force(everyone, everyone[0], 41) if who.int - 1 in present]
    assert [hit.id for hit in index.top([everyone[0]], count=41)] == expected


@PASSES
def test_a_search_crosses_the_blocks(first_pass: FirstPass) -> None:
    vectors = unit(np.random.default_rng(3).standard_normal((3_000, 32)))
    index = Index([32], first_pass=first_pass)
    for start in range(0, 3_000, 150):
        index.add(names(3_000)[start : start + 150], [vectors[start : start + 150]], conditions=np.zeros((150, 2)))
    assert len(index.blocks) > 3
    assert [hit.id for hit in index.top([vectors[1_234]], count=25)] == by_force(vectors, vectors[1_234], 25)


def test_what_was_removed_is_wiped_from_memory() -> None:
    vectors = unit(np.random.default_rng(1).standard_normal((5, 8)))
    index = index_of(vectors, IntegerPass())
    block = index.blocks[0]
    index.remove(names(5)[2:3])
    assert not block._vectors[4].any()
    assert not block._codes[4].any()
    index.wipe()
    assert not block._vectors.any()
    assert (len(index), index.top([vectors[0]], count=3)) == (0, [])


def test_every_encoders_score_and_the_conditions_come_back_with_a_hit() -> None:
    first, second = unit(np.eye(3)), unit(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    index = Index([3, 2])
    index.add(names(3), [first, second], conditions=np.array([[9.0, 8_000.0], [2.0, 3_400.0], [1.0, 1.0]]))
    (hit,) = index.top([first[1], second[1]], count=1)
    assert (hit.id, hit.scores, hit.seconds, hit.bandwidth_hz) == (names(3)[1], (1.0, 1.0), 2.0, 3_400.0)


def test_memory_is_locked_or_says_why_not() -> None:
    memory = LockedMemory()
    array = memory.empty((1_000, 4), np.float32)
    assert (array.shape, float(array.sum())) == ((1_000, 4), 0.0)
    assert memory.locked + memory.unlocked == array.nbytes
    assert bool(memory.refused) == bool(memory.unlocked)


def test_the_way_that_is_faster_here_is_one_of_the_two() -> None:
    assert fastest_pass().name in {"float32", "int8"}
