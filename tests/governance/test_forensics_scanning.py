"""Scanning at the command line: files and folders, several processes, and a register that may be away."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

from bench.mark.attacks import attacked
from deploy.demo.cast import IVO, PASSAGES, say
from governance.forensics import scanning
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from tenancy.models import Organisation
from tests.governance.forensic_files import make_clip, robbed
from tests.marks import FOUND_IN_NOTHING
from watermark import register
from watermark.testifying import KEYED


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    scanning.register_is_here.cache_clear()
    register.forget_library()
    yield
    scanning.register_is_here.cache_clear()
    register.forget_library()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    take_away(monkeypatch)


def take_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does not answer from now on."""

    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(scanning.connection, "ensure_connection", refuse)


def scanned(*paths: Path, status: int = 0, **options: Any) -> tuple[str, str]:
    """What the command says to whoever reads its output, and to whoever watches."""
    out, error = StringIO(), StringIO()
    refused = pytest.raises(CommandError) if status else nullcontext()
    with refused as ended:
        call_command("detect", *map(str, paths), jobs=1, stdout=out, stderr=error, **options)
    assert ended is None or ended.value.returncode == status
    return out.getvalue(), error.getvalue()


def test_a_folder_gives_its_sound_files_and_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("b.wav", "deep/a.MP3", "notes.txt", "deep/er/c.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.wav").mkdir()
    found = scanning.files_in([tmp_path, tmp_path / "notes.txt", tmp_path / "b.wav"])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["b.wav", "deep/a.MP3", "deep/er/c.flac", "notes.txt"]


def test_an_empty_folder_and_no_processes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no sound file"):
        call_command("detect", str(tmp_path))
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(CommandError, match="At least one process"):
        call_command("detect", str(tmp_path), jobs=-1)


@pytest.mark.django_db
def test_what_cannot_be_read_says_why_and_the_others_are_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    missing = tmp_path / "gone.wav"
    out, _ = scanned(tmp_path, missing, json=True, status=1)
    first, second = json.loads(out)["files"]
    assert (first["file"], first["status"]) == (str(tmp_path / "a.wav"), "failed")
    assert "none of them" in first["explanation"]
    assert second["explanation"] == "The file cannot be read: No such file or directory."


def test_claims_that_cannot_be_looked_for_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(CommandError, match="--screen names no clip"):
        call_command("detect", str(tmp_path), claim=[uuid4()], screen=True)
    with pytest.raises(CommandError, match="At most 64 clips"):
        call_command("detect", str(tmp_path), claim=[uuid4() for _ in range(65)])


@pytest.mark.slow
@pytest.mark.django_db
def test_a_clip_that_was_robbed_of_its_pilot_and_sped_up_is_named_where_it_is_claimed(
    northwind: Organisation, tmp_path: Path
) -> None:
    made = make_clip(northwind, decode(say(IVO, PASSAGES[0])).waveform)
    (tmp_path / "a.wav").write_bytes(encode_wav(attacked(robbed(northwind, made), "speed 1.1")))
    unclaimed, _ = scanned(tmp_path, json=True)
    assert json.loads(unclaimed)["files"][0]["verdict"] != "marked"
    out, _ = scanned(tmp_path, json=True, claim=[made.clip.id])
    (found,) = json.loads(out)["files"]
    assert [one["clip_id"] for one in found["candidates"]] == [str(made.clip.id)]


@pytest.mark.slow
@pytest.mark.django_db
def test_a_marked_clip_is_named_and_other_speech_is_not(northwind: Organisation, tmp_path: Path) -> None:
    made = make_clip(northwind, decode(say(IVO, PASSAGES[0])).waveform)
    (tmp_path / "a.wav").write_bytes(made.wav)
    (tmp_path / "b.wav").write_bytes(say(IVO, PASSAGES[1]))
    out, error = scanned(tmp_path, json=True)
    document = json.loads(out)
    marked, other = document["files"]
    assert (document["register"], error) == ("here", "")
    assert "does not show that a recording is genuine" in document["note"]
    assert marked["verdict"] == "marked"
    assert other["verdict"] in FOUND_IN_NOTHING
    assert [candidate["clip_id"] for candidate in marked["candidates"]] == [str(made.clip.id)]
    words, _ = scanned(tmp_path / "a.wav")
    assert words.startswith(f"{tmp_path / 'a.wav'}: marked\n    clip {made.clip.id} (by chance 1 in 10^")
    lines, _ = scanned(tmp_path / "a.wav", lines=True, screen=True)
    (line,) = lines.splitlines()
    assert (json.loads(line)["verdict"], "candidates" in json.loads(line)) == ("marked", False)


@pytest.mark.slow
def test_without_the_register_nothing_is_called_unmarked_and_that_is_said(tmp_path: Path, away: None) -> None:
    (tmp_path / "a.wav").write_bytes(say(IVO, PASSAGES[0]))
    for options in ({}, {"screen": True}):
        out, error = scanned(tmp_path, json=True, **options)
        (found,) = json.loads(out)["files"]
        assert (found["register"], found["verdict"]) == ("away", "inconclusive")
        assert scanning.AWAY in error
        assert scanning.AWAY in json.loads(out)["note"]


@pytest.mark.slow
@pytest.mark.django_db
def test_without_the_register_the_short_id_of_a_clip_is_read(
    northwind: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_clip(northwind, decode(say(IVO, PASSAGES[0])).waveform)
    (shelf,) = register.library().shelves
    short_id = f"{shelf.keys.short_id(made.clip.id.bytes):06x}"
    (tmp_path / "a.wav").write_bytes(made.wav)
    take_away(monkeypatch)
    out, _ = scanned(tmp_path, json=True)
    (found,) = json.loads(out)["files"]
    (own,) = [layer for layer in found["layers"] if layer["marker"] == KEYED]
    assert (found["verdict"], own["outcome"], own["payload"]) == ("inconclusive", "inconclusive", short_id)
    words, _ = scanned(tmp_path)
    assert f"short id {short_id} was read: a hint" in words
    monkeypatch.setattr(settings, "KEYRING_FILE", tmp_path / "no-keyring.json")
    out, _ = scanned(tmp_path, json=True)
    assert json.loads(out)["files"][0]["verdict"] == "inconclusive"
    assert not (tmp_path / "no-keyring.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_program_scans_a_folder_in_several_processes_from_anywhere(tmp_path: Path) -> None:
    """As a program of its own, beside a database that is not there."""
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(say(IVO, PASSAGES[0]))
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    ran = subprocess.run(
        [settings.ROOT / "vivavoce", "detect", ".", "--lines", "--screen", "--jobs", "2"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, scanning.AWAY in ran.stderr) == (0, True), ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert sorted(line["file"] for line in found) == ["a.wav", "b.wav"]
    assert {line["verdict"] for line in found} == {"inconclusive"}
