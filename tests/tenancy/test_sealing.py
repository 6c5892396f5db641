from __future__ import annotations

import io
import secrets
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy import chunked
from tenancy.errors import TamperedError
from tenancy.ids import new_id
from tenancy.sealing import (
    HEADER_BYTES,
    SealingKey,
    key_of,
    open_range,
    open_stream,
    open_under,
    seal_stream,
    seal_under,
)

KEY = SealingKey(new_id(), 1, secrets.token_bytes(32))
CONTEXT = b"vivavoce|test"
VOICE = b"a small voice"
# Written by the former version of this module, under the key 00 01 … 1f.
FORMER_KEY = SealingKey(new_id(), 1, bytes(range(32)))
FORMER = bytes.fromhex(
    "010b793a0a35f92373db610e3eac999580ef9a9004a0933169874f2c7f1e0eec08bb8236e41bba3108ea69df9ecf3312ed451377d07a27bd328139d78e8c"
)


def in_one_piece(key: SealingKey, sealed: bytes, context: bytes) -> bytes:
    return open_under(key, sealed, context=context)


def streamed(key: SealingKey, sealed: bytes, context: bytes) -> bytes:
    return b"".join(open_stream(key, io.BytesIO(sealed), context=context))


def by_range(key: SealingKey, sealed: bytes, context: bytes) -> bytes:
    return open_range(key, io.BytesIO(sealed), context=context, size=len(sealed), start=0, length=len(sealed))


WAYS = [in_one_piece, streamed, by_range]
Read = Callable[[SealingKey, bytes, bytes], bytes]


@given(plaintext=st.binary(max_size=500), context=st.binary(max_size=100))
def test_what_was_sealed_can_be_opened(plaintext: bytes, context: bytes) -> None:
    assert open_under(KEY, seal_under(KEY, plaintext, context=context), context=context) == plaintext


@pytest.mark.parametrize("read", WAYS)
def test_it_does_not_matter_how_it_was_written_and_is_read(read: Read) -> None:
    long = secrets.token_bytes(40_000)
    for sealed in (
        seal_under(KEY, long, context=CONTEXT),
        b"".join(seal_stream(KEY, io.BytesIO(long), context=CONTEXT)),
    ):
        assert read(KEY, sealed, CONTEXT) == long


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize(("key", "sealed"), [(KEY, seal_under(KEY, VOICE, context=CONTEXT)), (FORMER_KEY, FORMER)])
def test_every_single_flipped_bit_is_noticed(read: Read, key: SealingKey, sealed: bytes) -> None:
    for position in range(len(sealed) * 8):
        forged = bytearray(sealed)
        forged[position // 8] ^= 1 << position % 8
        with pytest.raises(TamperedError):
            read(key, bytes(forged), CONTEXT)


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize(("key", "sealed"), [(KEY, seal_under(KEY, VOICE, context=CONTEXT)), (FORMER_KEY, FORMER)])
def test_every_shortening_and_any_lengthening_is_noticed(read: Read, key: SealingKey, sealed: bytes) -> None:
    for length in range(len(sealed)):
        with pytest.raises(TamperedError):
            read(key, sealed[:length], CONTEXT)
    with pytest.raises(TamperedError):
        read(key, sealed + b"\x00", CONTEXT)


@pytest.mark.parametrize("read", WAYS)
def test_another_context_or_another_key_opens_nothing(read: Read) -> None:
    sealed = seal_under(KEY, VOICE, context=CONTEXT)
    same_name = SealingKey(KEY.id, KEY.version, secrets.token_bytes(32))
    other_name = SealingKey(new_id(), KEY.version, KEY.secret)
    other_version = SealingKey(KEY.id, 2, KEY.secret)
    for key, context in (
        (KEY, CONTEXT + b"|other"),
        (same_name, CONTEXT),
        (other_name, CONTEXT),
        (other_version, CONTEXT),
    ):
        with pytest.raises(TamperedError):
            read(key, sealed, context)


def test_the_header_cannot_be_exchanged_for_another_keys() -> None:
    """Were it not bound, whoever can write could make one key's work look like another's."""
    other = SealingKey(new_id(), 1, KEY.secret)
    sealed = seal_under(KEY, VOICE, context=CONTEXT)
    with pytest.raises(TamperedError):
        open_under(other, other.header + sealed[HEADER_BYTES:], context=CONTEXT)


@pytest.mark.parametrize("read", WAYS)
def test_what_the_former_version_sealed_is_still_read(read: Read) -> None:
    assert read(FORMER_KEY, FORMER, CONTEXT) == VOICE


def test_a_part_of_what_the_former_version_sealed_is_what_a_slice_would_be() -> None:
    file = io.BytesIO(FORMER)
    assert open_range(FORMER_KEY, file, context=CONTEXT, size=len(FORMER), start=2, length=5) == VOICE[2:7]


def test_the_header_names_the_key_and_the_former_suite_names_none() -> None:
    assert key_of(seal_under(KEY, VOICE, context=CONTEXT)) == (KEY.id, 1)
    assert key_of(FORMER) is None
    for foreign in (b"", b"VVS", b"VVS\x03" + bytes(60), bytes(100)):
        with pytest.raises(TamperedError, match="not sealed by any suite"):
            key_of(foreign)


def test_sealing_twice_gives_nothing_in_common() -> None:
    first, second = (seal_under(KEY, bytes(64), context=CONTEXT)[HEADER_BYTES:] for _ in range(2))
    assert first[:24] != second[:24]
    assert first[24:56] != second[24:56]
    assert first[56:] != second[56:]


def test_the_overhead_is_a_header_and_what_the_chunks_need() -> None:
    assert len(seal_under(KEY, b"", context=CONTEXT)) == HEADER_BYTES + 56 + 16 == 96
    assert len(seal_under(KEY, bytes(10**6), context=CONTEXT)) == HEADER_BYTES + chunked.sealed_length(10**6)


def test_a_key_does_not_show_in_messages() -> None:
    assert repr(KEY.secret) not in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY)
