from collections.abc import Callable, Iterator

import numpy as np
import pytest

from safety.calibration import OUTPUT
from safety.comparison import compare
from safety.hearing import embed_voice
from safety.registry import calibration, speaker_encoders, transcriber
from safety.transcripts import word_error_rate
from synth_adapter.adaptation.artefact import load
from synth_adapter.adaptation.selection import stock_profiles
from synth_adapter.backends.local import LocalEngine
from synth_adapter.errors import EngineError
from synth_adapter.ports import TranscribedSample
from synth_adapter.waveform import Waveform

READER = "librispeech_testother/3005-163389-{:04d}.flac"
REFERENCE = {
    0: "They swarmed up in front of Sherburn's palings as thick as they could jam together, and you couldn't hear "
    "yourself think for the noise.",
    1: "Some sung out, tear down the fence, tear down the fence.",
    2: "The stillness was awful creepy and uncomfortable.",
    3: "Sherburn run his eye slow along the crowd, and wherever it struck the people tried a little to outgaze him, "
    "but they couldn't. They dropped their eyes and looked sneaky.",
}
TEXT = "Please remember to bring the blue notebook when you visit your sister on Thursday."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    engine.kokoro.close()


@pytest.fixture(scope="module")
def voice(engine: LocalEngine, recordings: Callable[[str], Waveform]) -> bytes:
    """A reader of LibriSpeech, prepared from half a minute."""
    return engine.prepare([TranscribedSample(recordings(READER.format(n)), text) for n, text in REFERENCE.items()])


@pytest.fixture(scope="module")
def spoken(engine: LocalEngine, voice: bytes) -> Waveform:
    return engine.synthesise(TEXT, language="en", voice=voice)


def test_it_says_what_it_is_made_of(engine: LocalEngine) -> None:
    assert set(engine.release.models) == {"kokoro", "kokoro-voices", "kokoro-config"}
    assert (engine.release.watermarks_natively, engine.release.languages) == (False, frozenset({"en"}))


def test_it_sounds_like_the_speaker_where_the_stock_voice_does_not(
    engine: LocalEngine, voice: bytes, spoken: Waveform, recordings: Callable[[str], Waveform]
) -> None:
    encoders = speaker_encoders()
    held_out = embed_voice(recordings(READER.format(4)), encoders=encoders)
    stock_voice = load(voice, engine=engine._identity).stock_voice
    stock = engine.kokoro.speak(TEXT, stock_voice=stock_voice, language="en")
    outcomes = [
        compare(embed_voice(sound, encoders=encoders), held_out, calibration=calibration(), point=OUTPUT).outcome
        for sound in (spoken, stock)
    ]
    assert outcomes[0] == "match"
    assert outcomes[1] != "match"


def test_it_can_be_understood(spoken: Waveform) -> None:
    heard = transcriber().transcribe(spoken, language="en").text
    assert word_error_rate(TEXT, heard, language="en").rate <= 0.15


def test_its_sound_is_as_released(engine: LocalEngine, spoken: Waveform) -> None:
    assert spoken.rate == engine.release.sample_rate
    assert 0.2 < np.abs(spoken.samples).max() <= 0.951


def test_saying_it_again_gives_the_same_samples(engine: LocalEngine, voice: bytes) -> None:
    first, second = (engine.synthesise("Good day.", language="en", voice=voice) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)


def test_a_language_it_does_not_speak_is_refused_for_good(engine: LocalEngine, voice: bytes) -> None:
    with pytest.raises(EngineError, match="does not speak 'de'") as refused:
        engine.synthesise("Guten Tag.", language="de", voice=voice)
    assert refused.value.permanent


def test_a_corrupt_voice_is_refused_for_good(engine: LocalEngine, voice: bytes) -> None:
    with pytest.raises(EngineError, match="corrupt") as refused:
        engine.synthesise(TEXT, language="en", voice=voice[:-100])
    assert refused.value.permanent


@pytest.mark.parametrize("samples", [[], [TranscribedSample(Waveform(np.ones(16_000, np.float32), 16_000), " ")]])
def test_samples_without_words_are_refused_for_good(engine: LocalEngine, samples: list[TranscribedSample]) -> None:
    with pytest.raises(EngineError, match="samples with their words") as refused:
        engine.prepare(samples)
    assert refused.value.permanent


def test_too_little_speech_is_refused_for_good(engine: LocalEngine, recordings: Callable[[str], Waveform]) -> None:
    with pytest.raises(EngineError, match="record at least 10 s") as refused:
        engine.prepare([TranscribedSample(recordings(READER.format(1)), REFERENCE[1])])
    assert refused.value.permanent


def test_digital_silence_is_refused_for_good(engine: LocalEngine) -> None:
    silence = TranscribedSample(Waveform(np.zeros(16_000 * 20, np.float32), 16_000), "Nobody says this.")
    with pytest.raises(EngineError, match="digital silence") as refused:
        engine.prepare([silence])
    assert refused.value.permanent


def test_excluded_stock_voices_are_not_taken(recordings: Callable[[str], Waveform]) -> None:
    engine = LocalEngine(excluded_stock_voices=stock_profiles())
    with pytest.raises(EngineError, match="Every stock voice is excluded"):
        engine.prepare([TranscribedSample(recordings(READER.format(n)), text) for n, text in REFERENCE.items()])
