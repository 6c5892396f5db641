"""The contract of every key management backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tenancy.backends.local import LocalKeyring
from tenancy.errors import KeyringError, TamperedError
from tenancy.ports import KeyManagement

CONTEXT = b"vivavoce|contract"


@pytest.fixture(params=[LocalKeyring])
def management(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> KeyManagement:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    backend: KeyManagement = request.param()
    return backend


def test_a_wrapped_key_can_be_unwrapped_in_its_context_only(management: KeyManagement) -> None:
    wrapped = management.wrap(b"k" * 32, context=CONTEXT)
    assert management.unwrap(wrapped, context=CONTEXT) == b"k" * 32
    with pytest.raises(TamperedError):
        management.unwrap(wrapped, context=CONTEXT + b"!")


def test_an_altered_wrapping_is_refused(management: KeyManagement) -> None:
    wrapped = management.wrap(b"k" * 32, context=CONTEXT)
    with pytest.raises(TamperedError):
        management.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), context=CONTEXT)


def test_the_wrapping_does_not_contain_the_key(management: KeyManagement) -> None:
    assert b"k" * 8 not in management.wrap(b"k" * 32, context=CONTEXT)


def test_the_key_that_wraps_has_a_lasting_name(management: KeyManagement) -> None:
    assert management.key_id == type(management)().key_id != ""


def test_up_to_4096_bytes_can_be_wrapped(management: KeyManagement) -> None:
    assert management.unwrap(management.wrap(bytes(4096), context=CONTEXT), context=CONTEXT) == bytes(4096)


def test_the_local_keyring_refuses_a_file_that_others_may_read(tmp_path: Path, settings: Settings) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    LocalKeyring()
    settings.KEYRING_FILE.chmod(0o644)
    with pytest.raises(KeyringError, match="chmod 600"):
        LocalKeyring()
