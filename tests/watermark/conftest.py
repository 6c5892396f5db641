"""Markers and recordings for the tests of `watermark`: each model is loaded once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import call_command

from synth_adapter.waveform import Waveform
from tests.watermark.audioseal_files import pinned, publish
from watermark.backends.audioseal import AudioSeal
from watermark.backends.perth import Perth

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.fixture(scope="session")
def recordings() -> Callable[[str], Waveform]:
    """Opens a recording of the corpus by its path."""

    def read(path: str) -> Waveform:
        if not (CORPUS / path).is_file():
            pytest.skip(f"the speech corpus is not here: {CORPUS / path}")
        samples, rate = soundfile.read(CORPUS / path, dtype="float32", always_2d=True)
        return Waveform(np.ascontiguousarray(samples.mean(axis=1, dtype=np.float32)), rate)

    return read


@pytest.fixture(scope="session")
def speech(recordings: Callable[[str], Waveform]) -> Waveform:
    """Five seconds of a person speaking, at 44.1 kHz."""
    return recordings("whisper_jfk/jfk.flac").cut(0.0, 5.0)


@pytest.fixture(scope="session")
def perth() -> Perth:
    return Perth()


@pytest.fixture(scope="session")
def synthetic_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with AudioSeal's two files as they are published, but never trained."""
    folder = tmp_path_factory.mktemp("audioseal")
    publish(folder)
    return folder


@pytest.fixture(scope="session")
def synthetic_audioseal(synthetic_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> AudioSeal:
    """The marker on those files, fetched and converted by the command that does it for the real ones."""
    with pinned(synthetic_weights, tmp_path_factory.mktemp("weights")):
        call_command("fetch_weights")
        return AudioSeal()
