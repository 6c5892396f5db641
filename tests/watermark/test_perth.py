from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from synth_adapter.errors import WeightsError
from synth_adapter.waveform import Waveform
from synth_adapter.weights import locate
from tests.watermark.watermarker_contract import MARK, OTHER, TrainedWatermarkerContract
from watermark.backends.perth import Perth
from watermark.ports import Watermarker


@pytest.mark.slow
class TestPerth(TrainedWatermarkerContract):
    @pytest.fixture
    def marker(self, perth: Perth) -> Watermarker:
        return perth

    def test_its_identity_is_that_of_the_published_weights(self, perth: Perth) -> None:
        assert (perth.identity.sha256, perth.capacity_bits) == (locate("perth").sha256, 0)

    def test_it_says_that_something_is_marked_and_not_what(self, perth: Perth, speech: Waveform) -> None:
        marked = perth.embed(speech, mark=MARK)
        assert perth.verify(marked, mark=OTHER) == perth.detect(marked)
        assert perth.detect(marked).outcome == "marked"

    def test_it_does_not_start_without_weights(self, settings: Settings, tmp_path: Path) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        with pytest.raises(WeightsError, match="missing"):
            Perth()

    def test_nothing_changes_above_the_band_of_the_mark(self, perth: Perth, speech: Waveform) -> None:
        change = perth.embed(speech, mark=MARK).samples - speech.samples
        power = np.abs(np.fft.rfft(change)) ** 2
        frequencies = np.fft.rfftfreq(len(change), 1 / speech.rate)
        assert power[frequencies > 2_500].sum() < 1e-3 * power.sum()
