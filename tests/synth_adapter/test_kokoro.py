from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from safety.registry import transcriber
from safety.transcripts import word_error_rate
from synth_adapter.adaptation import analysis, selection
from synth_adapter.backends.kokoro import RATE, Kokoro, dialect
from synth_adapter.errors import EngineError
from synth_adapter.weights import locate

TEXT = "Why did her bird go away? The judge's church, near the little bottle, was quiet today."


@pytest.fixture(scope="module")
def kokoro() -> Iterator[Kokoro]:
    kokoro = Kokoro(
        model=locate("kokoro").path,
        voices=locate("kokoro-voices").path,
        config=locate("kokoro-config").path,
        threads=1,
    )
    yield kokoro
    kokoro.close()


def test_a_stock_voices_name_tells_its_english() -> None:
    assert [dialect(name) for name in ("af_heart", "bm_george", "jf_alpha")] == ["en-us", "en-gb", None]


@pytest.mark.slow
class TestKokoro:
    @pytest.mark.parametrize("stock_voice", ["am_michael", "bf_emma"])
    def test_every_word_can_be_understood(self, kokoro: Kokoro, stock_voice: str) -> None:
        language = dialect(stock_voice)
        assert language is not None
        spoken = kokoro.speak(TEXT, stock_voice=stock_voice, language=language)
        assert spoken.rate == RATE
        heard = transcriber().transcribe(spoken, language="en").text
        assert word_error_rate(TEXT, heard, language="en").rate == 0.0

    def test_saying_it_again_gives_the_same_samples(self, kokoro: Kokoro) -> None:
        first, second = (kokoro.speak("Good day.", stock_voice="af_heart", language="en") for _ in range(2))
        assert np.array_equal(first.samples, second.samples)

    def test_a_slower_pace_takes_longer(self, kokoro: Kokoro) -> None:
        usual, slow = (
            kokoro.speak("Good day to you.", stock_voice="af_heart", language="en", pace=p) for p in (1, 0.8)
        )
        assert slow.seconds > 1.1 * usual.seconds

    def test_a_text_longer_than_the_model_reads_is_said_in_pieces(self, kokoro: Kokoro) -> None:
        text = "and so on, " * 60
        assert kokoro.speak(text, stock_voice="af_heart", language="en", pace=4.0).seconds > 6

    def test_it_measures_as_it_did_when_the_profiles_were_made(self, kokoro: Kokoro) -> None:
        spoken = kokoro.speak(selection.PROBE, stock_voice="am_adam", language="en-us")
        measured, kept = selection.profile([analysis.analyse(spoken)]), selection.stock_profiles()["am_adam"]
        assert measured.pitch == pytest.approx(kept.pitch, abs=0.05)
        assert measured.shape == pytest.approx(kept.shape, abs=0.1)

    @pytest.mark.parametrize("text", ["", "   ", "..."])
    def test_nothing_to_say_is_an_error(self, kokoro: Kokoro, text: str) -> None:
        with pytest.raises(EngineError, match="nothing to say") as refused:
            kokoro.speak(text, stock_voice="af_heart", language="en")
        assert refused.value.permanent

    def test_an_unknown_stock_voice_is_an_error(self, kokoro: Kokoro) -> None:
        with pytest.raises(EngineError, match="no stock voice 'nobody'"):
            kokoro.speak("Good day.", stock_voice="nobody", language="en")

    def test_a_folder_without_voices_is_refused_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match="no stock voices"):
            Kokoro(model=locate("kokoro").path, voices=tmp_path, config=locate("kokoro-config").path, threads=1)

    def test_a_voice_of_another_size_is_refused_at_the_start(self, tmp_path: Path) -> None:
        (tmp_path / "af_short.bin").write_bytes(b"\0" * 1024)
        with pytest.raises(EngineError, match=r"af_short.bin is not a Kokoro voice"):
            Kokoro(model=locate("kokoro").path, voices=tmp_path, config=locate("kokoro-config").path, threads=1)
