from pathlib import Path

import pytest
from pytest_django import Settings

from safety.backends.whisper import FasterWhisper
from safety.ports import Transcriber
from synth_adapter.errors import WeightsError
from tests.safety.transcriber_contract import TranscriberContract


@pytest.mark.slow
class TestFasterWhisper(TranscriberContract):
    @pytest.fixture
    def transcriber(self, whisper: FasterWhisper) -> Transcriber:
        return whisper

    def test_it_does_not_start_without_weights(self, settings: Settings, tmp_path: Path) -> None:
        settings.WEIGHTS_ROOT = tmp_path
        with pytest.raises(WeightsError, match="missing"):
            FasterWhisper()
