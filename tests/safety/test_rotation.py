"""The secret rotation: scores stay, and two organisations' references say nothing about each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from safety.comparison import Embedding, VoiceEmbedding, compare
from safety.errors import ComparisonError
from safety.rotation import alike, orthogonal, pack, rotate, rotate_all, rotate_voice, unpack
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.embeddings import CALIBRATION, MODELS, embedding_at, random_voice

CAMPPLUS, GE2E = MODELS


def voice(number: int) -> Embedding:
    vector = np.random.default_rng(number).normal(size=192).astype(np.float32)
    return Embedding(CAMPPLUS, vector / np.float32(np.linalg.norm(vector)))


def likeness(one: Embedding, other: Embedding) -> float:
    return compare(one_voice(one), one_voice(other), calibration=CALIBRATION).score


def one_voice(heard: Embedding) -> VoiceEmbedding:
    return VoiceEmbedding((heard, embedding_at(1.0, model=GE2E)), 10.0, 8_000.0)


def blend(one: Embedding, other: Embedding, share: float) -> Embedding:
    vector = share * one.vector + (1 - share) * other.vector
    return Embedding(CAMPPLUS, np.asarray(vector / np.linalg.norm(vector), dtype=np.float32))


@pytest.mark.parametrize("dimensions", [2, 192, 513])
def test_the_matrix_is_orthogonal_and_the_same_for_one_seed(dimensions: int) -> None:
    seed = b"\x07" * 32
    matrix = orthogonal(seed, dimensions=dimensions)
    assert np.allclose(matrix @ matrix.T, np.eye(dimensions), atol=1e-12)
    assert np.array_equal(matrix, orthogonal(seed, dimensions=dimensions))
    assert not np.allclose(matrix, orthogonal(b"\x08" * 32, dimensions=dimensions))


def test_matrices_are_uniform_over_all_of_them() -> None:
    """Each entry of a uniform matrix has mean 0 and mean square 1/n, and both determinants occur (4,000 of 3 by 3)."""
    drawn = np.array([orthogonal(number.to_bytes(32, "big"), dimensions=3) for number in range(4_000)])
    assert np.abs(drawn.mean(axis=0)).max() < 0.05
    assert np.allclose((drawn**2).mean(axis=0), 1 / 3, atol=0.03)
    assert 0.45 < (np.linalg.det(drawn) > 0).mean() < 0.55


@pytest.mark.usefixtures("in_northwind")
class TestWithinAnOrganisation:
    def test_scores_stay_as_they_were(self) -> None:
        voices = [voice(number) for number in range(8)] + [blend(voice(0), voice(1), 0.7)]
        rotated = [rotate(one) for one in voices]
        plain = [likeness(one, other) for one in voices for other in voices]
        assert [likeness(one, other) for one in rotated for other in rotated] == pytest.approx(plain, abs=1e-6)

    def test_what_is_packed_comes_back_rotated_and_shows_nothing_of_the_plain_one(self) -> None:
        packed = pack(voice(1))
        assert voice(1).vector.tobytes()[:16] not in packed
        assert likeness(unpack(packed, model=CAMPPLUS), rotate(voice(1))) == pytest.approx(1, abs=1e-6)
        assert pack(rotate(voice(1))) == packed

    def test_a_rotated_reference_is_never_compared_with_a_plain_probe(self) -> None:
        with pytest.raises(ComparisonError, match="not rotated alike"):
            likeness(voice(1), rotate(voice(1)))
        whole = random_voice(1)
        comparison = compare(alike(whole, to=rotate_voice(whole)), rotate_voice(whole), calibration=CALIBRATION)
        assert comparison.scores == pytest.approx({"campplus": 1, "ge2e": 1}, abs=1e-6)
        assert {part.space for part in alike(whole, to=random_voice(2)).parts} == {""}

    def test_another_model_is_rotated_otherwise(self) -> None:
        other = Embedding(replace(CAMPPLUS, sha256="0" * 64), voice(1).vector)
        assert abs(float(rotate(other).vector @ rotate(voice(1)).vector)) < 0.5


def test_one_voice_in_two_organisations_looks_like_two(in_northwind: Organisation, rival: Organisation) -> None:
    mine = [rotate(voice(number)) for number in range(20)]
    with organisation_scope(rival.id, actor="system"):
        theirs = [rotate(voice(number)) for number in range(20)]
        with pytest.raises(ComparisonError, match="another secret"):
            unpack(pack_of(mine[0]), model=CAMPPLUS)
    with pytest.raises(ComparisonError, match="not rotated alike"):
        likeness(mine[0], theirs[0])
    scores = [float(one.vector @ other.vector) for one, other in zip(mine, theirs, strict=True)]
    assert max(map(abs, scores)) < 0.35  # 192 dimensions: standard deviation 0.07


def pack_of(rotated: Embedding) -> bytes:
    return b"VVROT\x01" + bytes.fromhex(rotated.space) + rotated.vector.astype("<f4").tobytes()


def test_many_rotated_together_are_as_each_rotated_alone(in_northwind: Organisation) -> None:
    several = [voice(seed) for seed in range(3)]
    for together, alone in zip(rotate_all(several), map(rotate, several), strict=True):
        assert together.space == alone.space
        assert np.allclose(together.vector, alone.vector, atol=1e-6)
    with pytest.raises(ComparisonError, match="not rotated before"):
        rotate_all([rotate(several[0])])
