from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pytest_django import Settings

from tenancy import signing
from tenancy.errors import KeyringError


@pytest.fixture(autouse=True)
def own_keyring(settings: Settings, tmp_path: Path) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"


def test_our_signature_verifies() -> None:
    key_id, signature = signing.sign(b"a receipt")
    assert signing.verify(b"a receipt", signature=signature, key_id=key_id)


def test_anyone_can_verify_with_the_public_key_alone() -> None:
    key_id, signature = signing.sign(b"a receipt")
    raw = base64.urlsafe_b64decode(signature + "==")
    Ed25519PublicKey.from_public_bytes(signing.public_key(key_id)).verify(raw, b"a receipt")


@pytest.mark.parametrize("forged", ["", "not base64!", "AAAA", "A" * 86, "ä" * 86])
def test_another_signature_does_not(forged: str) -> None:
    key_id, _ = signing.sign(b"a receipt")
    assert not signing.verify(b"a receipt", signature=forged, key_id=key_id)


def test_other_words_under_the_same_signature_do_not() -> None:
    key_id, signature = signing.sign(b"a receipt")
    assert not signing.verify(b"a receipt!", signature=signature, key_id=key_id)


def test_a_key_that_is_not_ours_verifies_nothing_and_has_no_public_key() -> None:
    _, signature = signing.sign(b"a receipt")
    assert not signing.verify(b"a receipt", signature=signature, key_id="ed25519:unknown")
    with pytest.raises(KeyringError, match="unknown"):
        signing.public_key("ed25519:unknown")


def test_the_log_has_two_lasting_seeds_of_its_own() -> None:
    keys = signing.log_keys()
    assert keys == signing.log_keys()
    assert (len(keys.ed25519_seed), len(keys.ml_dsa_44_seed)) == (32, 32)
    assert keys.ed25519_seed != keys.ml_dsa_44_seed
    assert repr(keys.ed25519_seed) not in repr(keys)
