from __future__ import annotations

import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance.evidence.standalone.verify import canonical

SAFE = 2**53 - 1
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_the_verifiers_canonical_json_is_that_of_rfc_8785(value: object) -> None:
    written = rfc8785.dumps(value)
    assert canonical(value).encode() == written
    assert canonical(json.loads(written)).encode() == written


def test_numbers_are_written_as_in_the_appendix_of_rfc_8785() -> None:
    numbers = [
        333333333.33333329,
        1e30,
        4.50,
        2e-3,
        0.000000000000000000000000001,
        -0.0,
        1e21,
        1e-7,
        9007199254740993.0,
    ]
    assert canonical(numbers) == "[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,1e-7,9007199254740992]"
