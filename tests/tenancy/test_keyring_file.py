from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tenancy.errors import KeyringError
from tenancy.keyring_file import add_encryption_key, drop_former_encryption_keys, read_or_create


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
    assert {ring.encryption[0].secret for ring in rings} == {rings[0].encryption[0].secret}
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
    path.write_text('{"format": 4}')
    with pytest.raises(KeyringError, match="format 4"):
        read_or_create(path)


def test_keys_do_not_show_in_messages(tmp_path: Path) -> None:
    ring = read_or_create(tmp_path / "keyring.json")
    for key in (*ring.encryption, *ring.signing, ring.log_ed25519, ring.log_ml_dsa_44, ring.mark_root):
        assert repr(key.secret) not in repr(ring) + repr(key)


FORMER = {
    "format": 1,
    "encryption": {
        "key_id": "local:0192f000-0000-7000-8000-000000000001",
        "secret": base64.b64encode(b"e" * 32).decode(),
    },
    "signing": [
        {"key_id": "ed25519:0192f000-0000-7000-8000-000000000002", "secret": base64.b64encode(b"s" * 32).decode()}
    ],
}


def test_a_file_of_the_former_format_keeps_its_keys_and_gets_the_logs(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(FORMER))
    with ThreadPoolExecutor(16) as pool:
        rings = list(pool.map(lambda _: read_or_create(path), range(32)))
    assert rings == [rings[0]] * 32
    assert [key.secret for key in (*rings[0].encryption, *rings[0].signing)] == [b"e" * 32, b"s" * 32]
    made = {key.secret for key in (rings[0].log_ed25519, rings[0].log_ml_dsa_44, rings[0].mark_root)}
    assert len({*made, b"e" * 32, b"s" * 32}) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_the_second_format_keeps_every_key_and_gets_the_root_of_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    read_or_create(path)
    kept = {name: value for name, value in json.loads(path.read_text()).items() if name != "mark_root"} | {"format": 2}
    path.write_text(json.dumps(kept))
    with ThreadPoolExecutor(16) as pool:
        rings = list(pool.map(lambda _: read_or_create(path), range(32)))
    assert rings == [rings[0]] * 32
    now = json.loads(path.read_text())
    assert {name: value for name, value in now.items() if name not in {"mark_root", "format"}} == {
        name: value for name, value in kept.items() if name != "format"
    }
    assert now["format"] == 3


def test_keys_added_at_once_are_all_there_and_the_last_one_stays_when_former_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    first = read_or_create(path)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_encryption_key(path), range(8)))
    ring = read_or_create(path)
    assert {key.key_id for key in ring.encryption} == {first.encryption[0].key_id, *added}
    assert drop_former_encryption_keys(path) == 8
    assert read_or_create(path).encryption == ring.encryption[-1:]
    assert read_or_create(path).signing == first.signing
