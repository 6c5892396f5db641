from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from audit.errors import WitnessError
from audit.witness import durable
from audit.witness.keys import create_keys, read_keys
from audit.witness.logs import read_logs
from audit.witness.state import WitnessState
from tests.witnesses import SmallLog


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def test_what_was_remembered_is_there_after_a_restart(tmp_path: Path) -> None:
    log = SmallLog("log.example/one").grow("a", "b")
    first = WitnessState(tmp_path)
    first.remember(log.origin, log.note())
    first.close()
    second = WitnessState(tmp_path)
    remembered = second.latest(log.origin)
    second.close()
    assert remembered is not None
    assert (remembered.size, remembered.root) == (2, log.root())


def test_one_folder_serves_one_process(tmp_path: Path) -> None:
    first = WitnessState(tmp_path)
    with pytest.raises(WitnessError, match="Another process"):
        WitnessState(tmp_path)
    first.close()
    WitnessState(tmp_path).close()


def test_a_damaged_memory_is_an_error_and_no_new_beginning(tmp_path: Path) -> None:
    log, other = SmallLog("log.example/one").grow("a"), SmallLog("log.example/two").grow("b")
    state = WitnessState(tmp_path)
    for known in (log, other):
        state.remember(known.origin, known.note())
    one, two = state._path(log.origin), state._path(other.origin)
    kept = one.read_bytes()
    for damaged in (b"", kept[:40], kept.replace(b"\n1\n", b"\n01\n"), two.read_bytes()):
        one.write_bytes(damaged)
        with pytest.raises(WitnessError, match="retire this witness"):
            state.latest(log.origin)
    state.close()


def test_an_answer_waits_for_the_disk_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that a crash cannot break: data synced, then the name, then the folder synced."""
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "data")
        sync(descriptor)

    def named(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", named)
    durable.write_durably(tmp_path / "file", b"data")
    assert steps == ["data", "name", "folder"]
    assert [(path.name, path.read_bytes()) for path in files(tmp_path)] == [("file", b"data")]


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable.write_durably(tmp_path / "file", b"old")

    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        durable.write_durably(tmp_path / "file", b"new")
    assert [(path.name, path.read_bytes()) for path in files(tmp_path)] == [("file", b"old")]


def test_keys_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "w", name="witness.example/w1")
    path = tmp_path / "w" / "key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(tmp_path / "w") == made
    assert [signer.key.name for signer in made.signers()] == ["witness.example/w1"] * 2
    with pytest.raises(WitnessError, match="holds a witness already"):
        create_keys(tmp_path / "w", name="witness.example/w1")
    path.chmod(0o640)
    with pytest.raises(WitnessError, match="chmod 600"):
        read_keys(tmp_path / "w")


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "name": "w", "ed25519": "AAAA"}', '{"format": 2}'])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(WitnessError):
        read_keys(tmp_path)


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_witness_needs_a_name_that_a_note_can_carry(tmp_path: Path, name: str) -> None:
    with pytest.raises(WitnessError, match="name"):
        create_keys(tmp_path, name=name)
    assert files(tmp_path) == []


def test_the_logs_to_serve_are_read_from_a_policy_as_it_is(tmp_path: Path) -> None:
    one, two = SmallLog("log.example/one"), SmallLog("log.example/two")
    lines = [f"log {key} https://x.example" for log in (one, two) for key in log.keys]
    (tmp_path / "policy").write_text("\n".join(["# whom we watch", *lines, "quorum none", ""]))
    assert read_logs(tmp_path / "policy") == {one.origin: one.keys, two.origin: two.keys}


@pytest.mark.parametrize("content", ["", "quorum none\n", "log\n", "log nonsense\n"])
def test_a_list_without_a_readable_log_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "policy").write_text(content)
    with pytest.raises(WitnessError):
        read_logs(tmp_path / "policy")
