import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

Manifest = Callable[[str], None]

CONTENT = b"the weights of a small model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: Settings, given_manifest: Manifest) -> None:
    """A manifest of one model, whose weights lie in a local folder."""
    given_manifest(
        '[[model]]\nname = "ear"\nabout = "hears"\nlicence = "MIT"\n'
        f'file = {{ name = "ear.bin", sha256 = "{SHA256}" }}\n'
    )
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "ear.bin").write_bytes(CONTENT)
    settings.WEIGHTS_ROOT = tmp_path / "weights"
    settings.LOCAL_WEIGHTS = tmp_path / "local"
    settings.WEIGHT_DERIVATIONS = {}


def test_it_fetches_verifies_and_prints_the_hashes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fetch_weights")
    assert f"{SHA256}  ear" in capsys.readouterr().out
    assert (tmp_path / "weights" / "ear" / "ear.bin").read_bytes() == CONTENT


def test_the_list_says_what_is_here_and_fetches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("fetch_weights", "--list")
    assert "no" in capsys.readouterr().out.split()
    assert not (tmp_path / "weights").exists()
    call_command("fetch_weights")
    call_command("fetch_weights", "--list")
    assert "verified" in capsys.readouterr().out
    (tmp_path / "weights" / "ear" / "ear.bin").write_bytes(b"other")
    call_command("fetch_weights", "--list")
    assert "damaged" in capsys.readouterr().out


def test_verifying_fails_where_weights_are_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="missing"):
        call_command("fetch_weights", "--verify")
    assert not (tmp_path / "weights").exists()


def test_a_name_that_is_not_in_the_manifest_is_an_error() -> None:
    with pytest.raises(CommandError, match="no weights called 'nose'"):
        call_command("fetch_weights", "--only", "nose")
