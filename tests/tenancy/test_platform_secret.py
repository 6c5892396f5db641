from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from tenancy.errors import KeyringError
from tenancy.keyring_file import add_encryption_key
from tenancy.platform_secret import platform_mark_secret


def test_a_secret_stays_the_same_and_serves_one_purpose(settings: Settings, tmp_path: Path) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    first = platform_mark_secret("mark-pilot-1")
    add_encryption_key(settings.KEYRING_FILE)
    assert platform_mark_secret("mark-pilot-1") == first
    assert len({first, platform_mark_secret("mark-pilot-2"), platform_mark_secret("mark-pilot-11")}) == 3
    assert len(first) == 32


def test_another_platform_has_another_secret(settings: Settings, tmp_path: Path) -> None:
    secrets = set()
    for name in ("one", "two"):
        settings.KEYRING_FILE = tmp_path / f"{name}.json"
        secrets.add(platform_mark_secret("mark-pilot-1"))
    assert len(secrets) == 2


@pytest.mark.parametrize("purpose", ["", "Mark", "mark pilot", "1", "mark\n"])
def test_a_purpose_is_a_plain_word(purpose: str) -> None:
    with pytest.raises(KeyringError, match="no purpose"):
        platform_mark_secret(purpose)
