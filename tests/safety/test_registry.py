import pytest

from safety import registry
from safety.backends.campplus import CamPlusPlus
from safety.backends.whisper import FasterWhisper


@pytest.mark.slow
def test_the_ears_of_the_settings_are_made_once_and_known_by_their_weights() -> None:
    encoder, transcriber = registry.speaker_encoder(), registry.transcriber()
    assert isinstance(encoder, CamPlusPlus)
    assert isinstance(transcriber, FasterWhisper)
    assert registry.speaker_encoder() is encoder
    assert registry.transcriber() is transcriber
    assert registry.identities() == {"campplus": encoder.model.sha256, "whisper-base": transcriber.model.sha256}
