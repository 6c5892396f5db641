import shutil
from pathlib import Path

import pytest
from pytest_django import Settings

from synth_adapter.errors import WeightsError
from synth_adapter.waveform import Waveform
from tests.watermark.watermarker_contract import WatermarkerContract
from watermark.backends.audioseal import AudioSeal
from watermark.ports import Watermarker


@pytest.mark.slow
class TestAudioSealOnSyntheticWeights(WatermarkerContract):
    """Plumbing only: nothing is claimed about detection until the real weights are here."""

    @pytest.fixture
    def marker(self, synthetic_audioseal: AudioSeal) -> Watermarker:
        return synthetic_audioseal

    def test_the_payload_changes_the_mark(self, synthetic_audioseal: AudioSeal, speech: Waveform) -> None:
        marked = [synthetic_audioseal.embed(speech, payload=payload) for payload in (b"\x00\x00", b"\xff\xff")]
        assert abs(marked[0].samples - marked[1].samples).max() > 0

    def test_it_does_not_start_without_weights(self, settings: Settings, tmp_path: Path) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        with pytest.raises(WeightsError, match="missing"):
            AudioSeal()

    def test_files_that_are_not_the_pinned_ones_are_never_unpickled(
        self, settings: Settings, tmp_path: Path, synthetic_weights: Path
    ) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        for name, file in (("audioseal-generator", "generator_base"), ("audioseal-detector", "detector_base")):
            (tmp_path / name).mkdir()
            shutil.copy(synthetic_weights / f"{name}.pth", tmp_path / name / f"{file}.pth")
        with pytest.raises(WeightsError, match="instead of the pinned"):
            AudioSeal()
