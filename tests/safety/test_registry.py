from typing import Any

import pytest

from safety import registry
from safety.backends.campplus import CamPlusPlus
from safety.backends.whisper import FasterWhisper
from safety.errors import ComparisonError


@pytest.mark.slow
def test_the_ears_of_the_settings_are_made_once_and_known_by_their_weights() -> None:
    encoder, transcriber = registry.speaker_encoder(), registry.transcriber()
    assert isinstance(encoder, CamPlusPlus)
    assert isinstance(transcriber, FasterWhisper)
    assert registry.speaker_encoder() is encoder
    assert registry.transcriber() is transcriber
    assert registry.speaker_encoders()[0] is encoder
    assert registry.speaker_models() == registry.calibration().models
    assert registry.identities() == {
        **{model.name: model.sha256 for model in registry.speaker_models()},
        "whisper-base": transcriber.model.sha256,
    }
    assert set(registry.identities()) == {"campplus", "ge2e", "whisper-base"}


def test_no_encoder_at_all_is_no_choice(settings: Any) -> None:
    settings.SPEAKER_ENCODERS = []
    with pytest.raises(ComparisonError, match="name at least one"):
        registry.speaker_encoders.__wrapped__()
