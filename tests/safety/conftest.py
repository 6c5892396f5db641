"""Ears and recordings for the tests of `safety`: each model is loaded once, each recording is a person's."""

import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from safety.backends.campplus import CamPlusPlus
from safety.backends.ge2e import Ge2e
from safety.backends.speechbrain_ecapa import SpeechBrainEcapa, build_network
from safety.backends.whisper import FasterWhisper
from synth_adapter.waveform import Waveform
from synth_adapter.weights import LocatedWeights, file_sha256

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


class UnsafeSyntheticEcapa(SpeechBrainEcapa):
    """The real loader and the real network on weights that were never trained."""

    path: Path

    def locate_weights(self) -> LocatedWeights:
        return LocatedWeights("speechbrain-ecapa", self.path, file_sha256(self.path))


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
def speakers(recordings: Callable[[str], Waveform]) -> dict[str, list[Waveform]]:
    """Six LibriSpeech readers with four utterances each, all at 16 kHz and at least three seconds long."""
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip(f"the speech corpus is not here: {CORPUS}")
    paths: defaultdict[str, list[str]] = defaultdict(list)
    with (CORPUS / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["source"] == "librispeech_testother" and float(row["seconds"]) >= 3:
                paths[row["speaker"]].append(row["path"])
    return {speaker: [recordings(path) for path in chosen[:4]] for speaker, chosen in sorted(paths.items())}


@pytest.fixture(scope="session")
def president(recordings: Callable[[str], Waveform]) -> Waveform:
    """Eleven seconds of a well-known public-domain speech."""
    return recordings("whisper_jfk/jfk.flac")


@pytest.fixture(scope="session")
def campplus() -> CamPlusPlus:
    return CamPlusPlus()


@pytest.fixture(scope="session")
def ge2e() -> Ge2e:
    return Ge2e()


@pytest.fixture(scope="session")
def synthetic_ecapa(tmp_path_factory: pytest.TempPathFactory) -> SpeechBrainEcapa:
    torch.manual_seed(7)
    UnsafeSyntheticEcapa.path = tmp_path_factory.mktemp("ecapa") / "embedding_model.ckpt"
    torch.save(build_network().state_dict(), UnsafeSyntheticEcapa.path)
    return UnsafeSyntheticEcapa()


@pytest.fixture(scope="session")
def whisper() -> FasterWhisper:
    return FasterWhisper()
