"""Markers and recordings for the tests of `watermark`: each model is loaded once."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from synth_adapter.waveform import Waveform
from synth_adapter.weights import LocatedWeights, file_sha256
from watermark.backends.audioseal import AudioSeal
from watermark.backends.perth import Perth

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


class UnsafeSyntheticAudioSeal(AudioSeal):
    """The real loader and the real networks on weights that were never trained."""

    folder: Path

    def locate_weights(self, name: str) -> LocatedWeights:
        path = self.folder / f"{name}.pth"
        return LocatedWeights(name, path, file_sha256(path))


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
    """Two untrained files in the format of the published ones: a state dict and the card it was built from."""
    folder = tmp_path_factory.mktemp("audioseal")
    os.environ["NO_TORCH_COMPILE"] = "1"
    from audioseal import builder, loader  # noqa: PLC0415 (reads the variable while it is imported)

    torch.manual_seed(11)
    for name, card, kind, create in (
        ("audioseal-generator", "audioseal_wm_16bits", builder.AudioSealWMConfig, builder.create_generator),
        ("audioseal-detector", "audioseal_detector_16bits", builder.AudioSealDetectorConfig, builder.create_detector),
    ):
        card_values = dict(loader.load_local_model_config(card))
        card_values.pop("checkpoint")
        network = create(loader.AudioSeal.parse_config(card_values, config_type=kind, nbits=16))
        state = {key.replace(".inner_conv", ""): value for key, value in network.state_dict().items()}
        torch.save({"model": state, "xp.cfg": card_values}, folder / f"{name}.pth")
    return folder


@pytest.fixture(scope="session")
def synthetic_audioseal(synthetic_weights: Path) -> AudioSeal:
    UnsafeSyntheticAudioSeal.folder = synthetic_weights
    return UnsafeSyntheticAudioSeal()
