from uuid import UUID

import pytest

from watermark.payload import from_bits, payload_for, to_bits

CLIP = UUID("0198c0de-0000-7000-8000-000000000001")
NEXT_CLIP = UUID("0198c0de-0000-7000-8000-000000000002")


def test_a_clip_always_has_the_same_payload_and_its_neighbour_another() -> None:
    assert payload_for(CLIP, bits=16) == payload_for(CLIP, bits=16)
    assert payload_for(CLIP, bits=16) != payload_for(NEXT_CLIP, bits=16)


@pytest.mark.parametrize(("bits", "size"), [(0, 0), (16, 2), (256, 32)])
def test_a_payload_has_as_many_bytes_as_asked_for(bits: int, size: int) -> None:
    assert len(payload_for(CLIP, bits=bits)) == size


@pytest.mark.parametrize("bits", [-8, 12, 264])
def test_a_payload_of_impossible_size_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="whole bytes"):
        payload_for(CLIP, bits=bits)


def test_bits_run_from_the_most_significant() -> None:
    assert to_bits(b"\x81\x02") == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    assert from_bits(to_bits(b"\x00\x7f\xff")) == b"\x00\x7f\xff"
    with pytest.raises(ValueError, match="eights"):
        from_bits([1, 0, 1])
