from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from pytest_django import Settings

from safety.backends import ge2e_export
from safety.backends.campplus import CamPlusPlus
from safety.backends.campplus_export import export, load_network
from safety.backends.ge2e import Ge2e
from safety.backends.speechbrain_ecapa import SpeechBrainEcapa, build_network
from safety.ports import SpeakerEncoder
from synth_adapter.errors import WeightsError
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate
from tests.safety.encoder_contract import EncoderContract, TrainedEncoderContract


def quieter(waveform: Waveform, factor: float) -> Waveform:
    return Waveform(waveform.samples * np.float32(factor), waveform.rate)


@pytest.mark.slow
class TestCamPlusPlus(TrainedEncoderContract):
    @pytest.fixture
    def encoder(self, campplus: CamPlusPlus) -> SpeakerEncoder:
        return campplus

    def test_its_identity_is_that_of_the_published_weights(self, campplus: CamPlusPlus) -> None:
        assert campplus.model.sha256 == locate("campplus").sha256

    def test_loudness_does_not_matter(self, campplus: CamPlusPlus, president: Waveform) -> None:
        assert campplus.embed(quieter(president, 0.1)) @ campplus.embed(president) > 0.99

    @pytest.mark.parametrize("frames", [48, 100, 101, 333])
    def test_the_onnx_file_computes_what_the_torch_network_computes(self, campplus: CamPlusPlus, frames: int) -> None:
        network = load_network(locate("campplus").path)
        sound = torch.randn(1, frames, 80, generator=torch.Generator().manual_seed(frames))
        with torch.inference_mode():
            expected = network(sound).numpy()
        (served,) = campplus.session.run(["embedding"], {"frames": sound.numpy()})
        assert np.abs(served - expected).max() < 1e-4

    @pytest.mark.filterwarnings("ignore:.*:torch.jit.TracerWarning")
    def test_exporting_again_gives_a_file_that_loads(self, tmp_path: Path) -> None:
        export(locate("campplus").path, tmp_path / "again.onnx")
        session = onnxruntime.InferenceSession(str(tmp_path / "again.onnx"), providers=["CPUExecutionProvider"])
        (embedding,) = session.run(["embedding"], {"frames": np.ones((1, 77, 80), np.float32)})
        assert embedding.shape == (1, 192)


@pytest.mark.slow
class TestGe2e(TrainedEncoderContract):
    @pytest.fixture
    def encoder(self, ge2e: Ge2e) -> SpeakerEncoder:
        return ge2e

    def test_its_identity_is_that_of_the_published_weights(self, ge2e: Ge2e) -> None:
        assert ge2e.model.sha256 == locate("ge2e").sha256

    @pytest.mark.parametrize("partials", [1, 2, 7])
    def test_the_onnx_file_computes_what_the_torch_network_computes(self, ge2e: Ge2e, partials: int) -> None:
        sound = torch.rand(partials, 160, 40, generator=torch.Generator().manual_seed(partials))
        with torch.inference_mode():
            expected = ge2e_export.load_network(locate("ge2e").path)(sound).numpy()
        (served,) = ge2e.session.run(["embeddings"], {"frames": sound.numpy()})
        assert np.abs(served - expected).max() < 1e-5

    def test_below_the_level_of_training_loudness_does_not_matter(self, ge2e: Ge2e, president: Waveform) -> None:
        assert ge2e.embed(quieter(president, 0.02)) @ ge2e.embed(quieter(president, 0.1)) > 0.999


@pytest.mark.slow
class TestSpeechBrainEcapaOnSyntheticWeights(EncoderContract):
    """Plumbing only: nothing is claimed about voices until the real weights are here."""

    @pytest.fixture
    def encoder(self, synthetic_ecapa: SpeechBrainEcapa) -> SpeakerEncoder:
        return synthetic_ecapa

    def test_it_does_not_start_without_weights(self, settings: Settings, tmp_path: Path) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        with pytest.raises(WeightsError, match="missing"):
            SpeechBrainEcapa()

    def test_it_does_not_start_on_weights_that_are_not_the_pinned_ones(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        (tmp_path / "speechbrain-ecapa").mkdir()
        torch.save(build_network().state_dict(), tmp_path / "speechbrain-ecapa" / "embedding_model.ckpt")
        with pytest.raises(WeightsError):
            SpeechBrainEcapa()
