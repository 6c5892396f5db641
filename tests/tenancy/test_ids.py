from __future__ import annotations

import time

from tenancy.ids import new_id


def test_an_identifier_is_a_version_7_uuid_of_the_rfc_variant() -> None:
    for _ in range(1000):
        identifier = new_id()
        assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_its_first_48_bits_are_the_milliseconds_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    stamp = new_id().int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000


def test_no_two_are_alike() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
