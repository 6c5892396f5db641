from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from safety.errors import ProtectionError
from safety.importing import hear, read_table
from safety.ports import ModelIdentity
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform


class UnsafeEar:
    """Hears how loud a recording is, and nothing else."""

    model, dimension = ModelIdentity("unsafe-ear", "0" * 64), 2

    def embed(self, waveform: Waveform) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        level = float(np.abs(waveform.samples).max())
        return np.array([level, np.sqrt(1 - level**2)], np.float32)


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Writes a table; two recordings lie beside it."""
    tone = np.sin(np.arange(32_000) / 20).astype(np.float32)
    for name, level in (("a.wav", 0.25), ("b.wav", 0.5)):
        (tmp_path / name).write_bytes(encode_wav(Waveform(level * tone, 16_000)))

    def write(*lines: str, columns: str = "name,reason,recording,aliases,action,expires") -> Path:
        path = tmp_path / "people.csv"
        path.write_text("\n".join([columns, *lines]), encoding="utf-8")
        return path

    return write


def test_lines_with_one_name_are_one_person(table: Callable[..., Path], tmp_path: Path) -> None:
    path = table(
        "Vera Lind,asked,a.wav,The Nightingale;V. L.,hold,2030-12-31", "Vera Lind,asked,b.wav,Vee,,", "Nils,x,b.wav,,,"
    )
    vera, nils = read_table(path, folder=tmp_path)
    assert (vera.person.name, vera.person.aliases, vera.person.action) == (
        "Vera Lind",
        ("The Nightingale", "V. L.", "Vee"),
        "hold",
    )
    assert vera.person.expires_at is not None
    assert vera.person.expires_at.date() == datetime(2030, 12, 31, tzinfo=UTC).date()
    assert [len(vera.recordings), len(nils.recordings), nils.person.action] == [2, 1, None]


def test_every_fault_is_named_with_its_line_and_nothing_is_read(table: Callable[..., Path], tmp_path: Path) -> None:
    path = table("Vera Lind,asked,a.wav,,permit,", ",asked,../a.wav,,,soon")
    with pytest.raises(ProtectionError) as raised:
        read_table(path, folder=tmp_path)
    message = str(raised.value)
    assert "line 2: action is deny or hold, not permit" in message
    for fault in ("name is empty", "there is no recording ../a.wav", "expires is a date"):
        assert f"line 3: {fault}" in message


def test_a_table_without_its_columns_is_refused(table: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ProtectionError, match="no column reason, recording"):
        read_table(table("Vera", columns="name"), folder=tmp_path)


def test_recordings_of_one_person_make_one_reference(table: Callable[..., Path], tmp_path: Path) -> None:
    path = table("Vera Lind,asked,a.wav,,,", "Vera Lind,asked,b.wav,,,")
    (vera,) = read_table(path, folder=tmp_path)
    voice = hear(vera, encoders=[UnsafeEar()])
    assert 0.25 < float(voice.parts[0].vector[0]) < 0.5


def test_what_is_no_recording_is_named(table: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    (vera,) = read_table(table("Vera Lind,asked,a.wav,,,"), folder=tmp_path)
    with pytest.raises(ProtectionError, match="line 2, Vera Lind"):
        hear(vera, encoders=[UnsafeEar()])
