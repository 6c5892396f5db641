from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenancy.errors import KeyringError
from tenancy.keyring_file import read_or_create


def test_the_first_use_makes_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keyring.json"
    read_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keyring.json"]


def test_later_uses_find_the_same_keys(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    assert read_or_create(path) == read_or_create(path)


def test_many_who_come_first_at_once_agree_on_one_keyring(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    with ThreadPoolExecutor(16) as pool:
        rings = list(pool.map(lambda _: read_or_create(path), range(64)))
    assert {ring.encryption.secret for ring in rings} == {rings[0].encryption.secret}
    assert [file.name for file in tmp_path.iterdir()] == ["keyring.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keyring.json"
    read_or_create(path)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        read_or_create(path)


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"format": 1}', '{"format": 1, "encryption": {"key_id": "k", "secret": "AAAA"}, "signing": []}'],
)
def test_a_damaged_file_is_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keyring.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(KeyringError, match="damaged"):
        read_or_create(path)
    assert path.read_text() == content


def test_a_later_format_is_named_rather_than_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.touch(mode=0o600)
    path.write_text('{"format": 2}')
    with pytest.raises(KeyringError, match="format 2"):
        read_or_create(path)


def test_keys_do_not_show_in_messages(tmp_path: Path) -> None:
    ring = read_or_create(tmp_path / "keyring.json")
    assert repr(ring.encryption.secret) not in repr(ring) + repr(ring.encryption)
