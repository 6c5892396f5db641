from __future__ import annotations

import hashlib

from tenancy.tokens import hash_token, new_token


def test_a_token_is_its_prefix_and_43_random_characters() -> None:
    tokens = {new_token("vv_") for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {3 + 43}
    assert {token[:3] for token in tokens} == {"vv_"}


def test_a_token_is_kept_as_its_sha_256() -> None:
    assert hash_token("vv_x") == hashlib.sha256(b"vv_x").hexdigest()
