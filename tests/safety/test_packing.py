from __future__ import annotations

import pytest

from safety.errors import ComparisonError
from safety.packing import pack_voice, unpack_voice
from safety.rotation import rotate_voice
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.embeddings import MODELS, random_voice


def test_a_packed_voice_comes_back_rotated_with_all_that_is_known_of_it(in_northwind: Organisation) -> None:
    voice = random_voice(3, seconds=12.5)
    packed = pack_voice(voice)
    back, expected = unpack_voice(packed), rotate_voice(voice)
    assert (back.models, back.seconds, back.bandwidth_hz) == (MODELS, 12.5, 8_000.0)
    for one, other in zip(back.parts, expected.parts, strict=True):
        assert one.space == other.space != ""
        assert float(one.vector @ other.vector) == pytest.approx(1.0, abs=1e-6)
    assert all(part.vector.tobytes()[:16] not in packed for part in voice.parts)
    assert pack_voice(back) == packed


def test_what_another_organisation_packed_or_something_else_is_refused(
    in_northwind: Organisation, rival: Organisation
) -> None:
    packed = pack_voice(random_voice(3))
    with organisation_scope(rival.id, actor="system"), pytest.raises(ComparisonError, match="another secret"):
        unpack_voice(packed)
    with pytest.raises(ComparisonError, match="no packed voice"):
        unpack_voice(b"something else")
