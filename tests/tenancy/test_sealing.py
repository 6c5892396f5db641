from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy.errors import TamperedError
from tenancy.sealing import SALT_BYTES, TAG_BYTES, open_under, seal_under

KEY = secrets.token_bytes(32)
CONTEXT = b"vivavoce|test"


@given(plaintext=st.binary(max_size=500), context=st.binary(max_size=100))
def test_what_was_sealed_can_be_opened(plaintext: bytes, context: bytes) -> None:
    assert open_under(KEY, seal_under(KEY, plaintext, context=context), context=context) == plaintext


def test_every_single_flipped_bit_is_noticed() -> None:
    sealed = seal_under(KEY, b"a small voice", context=CONTEXT)
    for position in range(len(sealed) * 8):
        forged = bytearray(sealed)
        forged[position // 8] ^= 1 << position % 8
        with pytest.raises(TamperedError):
            open_under(KEY, bytes(forged), context=CONTEXT)


def test_every_shortening_and_any_lengthening_is_noticed() -> None:
    sealed = seal_under(KEY, b"a small voice", context=CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(TamperedError):
            open_under(KEY, sealed[:length], context=CONTEXT)
    with pytest.raises(TamperedError):
        open_under(KEY, sealed + b"\x00", context=CONTEXT)


def test_another_context_or_another_key_opens_nothing() -> None:
    sealed = seal_under(KEY, b"a small voice", context=CONTEXT)
    with pytest.raises(TamperedError):
        open_under(KEY, sealed, context=CONTEXT + b"|other")
    with pytest.raises(TamperedError):
        open_under(secrets.token_bytes(32), sealed, context=CONTEXT)


def test_sealing_twice_gives_nothing_in_common() -> None:
    first, second = (seal_under(KEY, bytes(64), context=CONTEXT) for _ in range(2))
    assert first[1:33] != second[1:33]
    assert first[33:] != second[33:]


def test_the_overhead_is_one_version_byte_a_salt_and_a_tag() -> None:
    assert len(seal_under(KEY, b"", context=CONTEXT)) == 1 + SALT_BYTES + TAG_BYTES == 49
